"""Merging much in batches, closing an account, and finishing a merge after any interruption."""

import json
from datetime import timedelta
from typing import Any

import pytest

from lambda_function.cli.command import Exit
from lambda_function.db.models import (
    Appointment,
    WaitlistEntry,
)
from lambda_function.domain.appointment import Status
from lambda_function.domain.waitlist import WaitlistStatus
from lambda_function.services.operators import merging
from tests.api.desk import Desk, at
from tests.api_client import ApiClient
from tests.cli.terminal import FailingOnce, Pool, Terminal
from tests.cli.test_erasing import DyingDatabase
from tests.cli.zoe_twice import add_zoe_twice, agrees, person
from tests.clock import NOW
from tests.traces import everywhere


@pytest.fixture
def desk(client: ApiClient, terminal: Terminal) -> Desk:
    add_zoe_twice(terminal)
    return Desk(client, terminal.practice)


def both_with_accounts(terminal: Terminal, pool: Pool) -> None:
    for name in ("zoe.quinn", "zoe2"):
        terminal.practice.user(name).cognito_sub = pool.add(name, f"{name}@example.org")
        terminal.practice.session.commit()
    terminal.accounts = pool.accounts


def test_of_two_accounts_one_is_closed_when_told(terminal: Terminal, desk: Desk, pool: Pool) -> None:
    both_with_accounts(terminal, pool)
    kept = terminal.practice.user("zoe2").cognito_sub
    error = terminal.refused("users", "merge", "zoe.quinn", "zoe2", "--yes")
    assert (error["code"], pool.user_names) == ("link_refused", {"zoe.quinn", "zoe2"})
    document = terminal.done("users", "merge", "zoe.quinn", "zoe2", "--close-account", "--yes")
    assert (document["account"], pool.user_names) == ("closed", {"zoe2"})
    assert terminal.practice.user("zoe2").cognito_sub == kept
    agrees(terminal)


def test_an_account_that_could_not_be_closed_is_closed_by_the_same_command(
    terminal: Terminal, desk: Desk, pool: Pool
) -> None:
    both_with_accounts(terminal, pool)
    source = desk.id_of("zoe.quinn")
    visit = desk.booked("rita", at("15:00"), patient="zoe.quinn")["appointment_id"]
    terminal.accounts = FailingOnce(pool, "delete")
    command = ("users", "merge", "zoe.quinn", "zoe2", "--close-account", "--yes")
    assert terminal.refused(*command)["code"] == "unavailable"
    assert desk.client.get("rita", f"/appointments/{visit}").json["patient"]["full_name"] == "Zoe Q."
    assert [finding["user_id"] for finding in _findings(terminal)] == [source]
    document = terminal.done(*command)
    assert (document["merged"], document["account"], pool.user_names) == (False, "closed", {"zoe2"})
    assert person(terminal, source).cognito_sub is None
    agrees(terminal)


def _findings(terminal: Terminal) -> list[Any]:
    return list(json.loads(terminal.run("check", "--json").stdout)["findings"])


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "VISITS", 2)
    monkeypatch.setattr(merging, "ROWS", 2)
    monkeypatch.setattr(merging, "AT_ONCE", 2)


def years(terminal: Terminal, name: str, *, day: int) -> None:
    """Gives the patient five visits of earlier years, one ahead, and five wishes that have ended."""
    user_id = terminal.practice.ids[name]
    for number in range(5):
        terminal.practice.add_appointment(
            NOW - timedelta(days=400 + day * 10 + number), patient_id=user_id, status=Status.NO_SHOW
        )
        terminal.practice.add(
            WaitlistEntry(
                patient_id=user_id,
                treatment_id=1,
                status=WaitlistStatus.EXPIRED,
                wished_from=NOW - timedelta(days=9),
                wished_to=NOW - timedelta(days=8),
                created_at=NOW,
                updated_at=NOW,
            )
        )


def test_after_whatever_transaction_it_dies_the_same_command_finishes(
    terminal: Terminal, desk: Desk, small_batches: None
) -> None:
    alive, target = terminal.database, terminal.practice.ids["zoe2"]
    names = []
    for transactions in range(60):
        name = f"zoe.{transactions}.old"
        names.append(name)
        terminal.practice.add_patient(name, clinics=(1,), cognito_sub=None)
        years(terminal, name, day=transactions)
        desk.booked(
            "rita",
            at("15:00", f"2030-0{2 + transactions // 28}-{1 + transactions % 28:02}"),
            patient=name,
            override_reason="Long known",
        )
        terminal.database = DyingDatabase(alive, transactions)
        first = terminal.run("users", "merge", name, "zoe2", "--yes")
        terminal.database = alive
        visits = [row for row in terminal.practice.rows(Appointment) if row.starts_at > NOW]
        assert {row.patient_id for row in visits} <= {target, terminal.practice.ids.get(name)}
        if first.exit_code == Exit.DONE:
            break
        terminal.done("users", "merge", name, "zoe2", "--yes")
    assert 10 < len(names) < 60
    assert {row.patient_id for row in terminal.practice.rows(Appointment)} == {target}
    assert {row.patient_id for row in terminal.practice.rows(WaitlistEntry)} == {target}
    assert everywhere(terminal.practice.url, tuple(names)) == set()
    assert terminal.done("check")["ok"]
