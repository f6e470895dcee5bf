"""One patient with two rows, for the tests of merging."""

from datetime import date
from typing import Any

from lambda_function.db.models import (
    User,
)
from tests.api.desk import at
from tests.cli.terminal import Terminal
from tests.db.agreement import assert_agreement

ZOE = {"full_name": "Zoe Quinones", "email": "zoe.q@example.org", "phone": "+51 987 654 321"}
TRACES = ("zoe.quinn", *ZOE.values())


def add_zoe_twice(terminal: Terminal) -> None:
    """Adds `zoe.quinn`, who has an account, and `zoe2`, whom a reception entered and who has none."""
    terminal.practice.add_patient("zoe.quinn", clinics=(1, 2), birth_date=date(1990, 5, 4), **ZOE)
    terminal.practice.add_patient("zoe2", clinics=(1,), cognito_sub=None, full_name="Zoe Q.", language="es")


def person(terminal: Terminal, user_id: int) -> User:
    terminal.practice.session.rollback()
    return terminal.practice.session.get_one(User, user_id, populate_existing=True)


def agrees(terminal: Terminal) -> None:
    assert_agreement(terminal.practice.session)
    assert terminal.done("check") == {"ok": True, "findings": []}


def wish(day: str = "2030-02-05", **more: Any) -> dict[str, Any]:
    return {"treatment_id": 1, "from": at("13:00", day), "to": at("18:00", day), **more}
