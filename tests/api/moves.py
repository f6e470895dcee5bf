"""Moves a visit of Thursday 10 January 2030, and checks the result."""

from collections.abc import Mapping, Sequence
from typing import Any

from lambda_function.db.models import AppointmentEvent
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at
from tests.api.expect import expect_problem
from tests.api_client import Answer

DAY = "2030-01-10"
OLD, NEW = at("15:00", DAY), at("17:00", DAY)


def move(desk: Desk, user_name: str, visit: Any, *, headers: Mapping[str, str] | None = None, **change: Any) -> Answer:
    path = f"/appointments/{visit['appointment_id']}"
    return desk.client.call(user_name, "PATCH", path, change, headers=headers)


def moved(desk: Desk, user_name: str, visit: Any, **change: Any) -> Any:
    answer = move(desk, user_name, visit, **change)
    assert answer.status == 200, answer.text
    return answer.json


def claimed(desk: Desk, visit: Any) -> dict[int, tuple[int, Sequence[str]]]:
    """Returns the claims of the visit by kind: whose they are, and their times of day."""
    mine = [claim for claim in desk.practice.claims() if claim[3] == visit["appointment_id"]]
    return {
        kind: (owner, [f"{slot:%H:%M}" for claim_kind, _, slot, _ in mine if claim_kind == kind])
        for kind, owner, _, _ in mine
    }


def events(desk: Desk, visit: Any) -> list[AppointmentEvent]:
    return [row for row in desk.practice.rows(AppointmentEvent) if row.appointment_id == visit["appointment_id"]]


def refused(
    desk: Desk,
    fingerprint: Fingerprint,
    user_name: str,
    visit: Any,
    expected: tuple[int, str, str | None],
    **change: Any,
) -> None:
    """The move is refused with this problem, and nothing has changed."""
    before = fingerprint()
    status, code, field = expected
    expect_problem(move(desk, user_name, visit, **change), status, code, *([field] if field else []))
    assert fingerprint() == before
