"""Who can be merged, how people are named, and what a plan shows."""

import pytest

from lambda_function.cli.command import Exit
from lambda_function.db.models import (
    Appointment,
    Guardian,
    User,
)
from tests.api.desk import Desk, at
from tests.api_client import ApiClient
from tests.cli.terminal import Terminal
from tests.cli.zoe_twice import ZOE, add_zoe_twice, agrees
from tests.clock import NOW


@pytest.fixture
def desk(client: ApiClient, terminal: Terminal) -> Desk:
    add_zoe_twice(terminal)
    return Desk(client, terminal.practice)


def test_a_person_and_their_guardian_are_two(terminal: Terminal, desk: Desk) -> None:
    ids = terminal.practice.ids
    guardian = Guardian(
        guardian_id=ids["zoe.quinn"], patient_id=ids["zoe2"], reason="Mother", created_by=ids["rita"], created_at=NOW
    )
    terminal.practice.add(guardian)
    for pair in (("zoe.quinn", "zoe2"), ("zoe2", "zoe.quinn")):
        assert terminal.refused("users", "merge", *pair, "--yes")["field"] == "source"


def test_nobody_comes_to_have_a_guardian_and_be_one(terminal: Terminal, desk: Desk) -> None:
    ids = terminal.practice.ids
    rows = {"reason": "Court", "created_by": ids["rita"], "created_at": NOW}
    terminal.practice.add(
        Guardian(guardian_id=ids["zoe.quinn"], patient_id=ids["kim"], **rows),
        Guardian(guardian_id=ids["pat"], patient_id=ids["zoe2"], **rows),
    )
    assert "nobody may do both" in terminal.refused("users", "merge", "zoe.quinn", "zoe2", "--yes")["detail"]


def test_visits_at_the_same_time_refuse_it_with_their_ids(terminal: Terminal, desk: Desk) -> None:
    one = desk.booked("zoe.quinn", at("15:00"), patient="zoe.quinn")["appointment_id"]
    other = desk.booked("rita", at("15:15"), patient="zoe2", doctor="drwu")["appointment_id"]
    error = terminal.refused("users", "merge", "zoe.quinn", "zoe2", "--yes")
    assert (error["code"], error["appointment_ids"]) == ("has_bookings", [one, other])
    desk.cancelled("rita", one)
    terminal.done("users", "merge", "zoe.quinn", "zoe2", "--yes")
    agrees(terminal)


def test_visits_one_after_the_other_do_not_refuse_it(terminal: Terminal, desk: Desk) -> None:
    """The buffers are the doctor's."""
    desk.booked("zoe.quinn", at("15:00"), patient="zoe.quinn")
    desk.booked("rita", at("15:30"), patient="zoe2", doctor="drwu")
    terminal.done("users", "merge", "zoe.quinn", "zoe2", "--yes")
    agrees(terminal)


@pytest.mark.parametrize(
    ("pair", "code", "field"),
    [
        (("zoe.quinn", "zoe.quinn"), "validation_error", "target"),
        (("nobody", "zoe2"), "not_found", "source"),
        (("zoe2", "id:999999"), "not_found", "target"),
        (("drjay", "zoe2"), "forbidden", "source"),
        (("zoe2", "rita"), "forbidden", "target"),
        (("name:7", "zoe2"), "not_found", "source"),
    ],
)
def test_who_cannot_be_merged(terminal: Terminal, desk: Desk, pair: tuple[str, str], code: str, field: str) -> None:
    error = terminal.refused("users", "merge", *pair, "--yes")
    assert (error["code"], error["field"]) == (code, field)


def test_a_deactivated_person_is_merged_but_none_is_merged_into_them(terminal: Terminal, desk: Desk) -> None:
    terminal.done("users", "deactivate", "zoe2")
    assert "Activate them first" in terminal.refused("users", "merge", "zoe.quinn", "zoe2", "--yes")["detail"]
    terminal.done("users", "merge", "zoe2", "zoe.quinn", "--yes")
    agrees(terminal)


def test_an_erased_person_is_merged_with_nobody(terminal: Terminal, desk: Desk) -> None:
    user_id = terminal.done("erase-person", "zoe2", "--yes")["user_id"]
    for pair in ((f"id:{user_id}", "zoe.quinn"), ("zoe.quinn", f"id:{user_id}")):
        assert "erased" in terminal.refused("users", "merge", *pair, "--yes")["detail"]


def test_digits_are_an_id_or_a_user_name_and_never_both(terminal: Terminal, desk: Desk) -> None:
    source, target = desk.id_of("zoe.quinn"), desk.id_of("zoe2")
    namesake = terminal.practice.add_patient(str(source), clinics=(1,), cognito_sub=None).user_id
    assert "id: or name:" in terminal.refused("users", "merge", str(source), "zoe2", "--plan")["detail"]
    plans = {
        written: terminal.done("users", "merge", written, str(target), "--plan")["source"]["user_id"]
        for written in (f"id:{source}", f"name:{source}", f"id:{namesake}", str(namesake))
    }
    assert plans == {
        f"id:{source}": source,
        f"name:{source}": namesake,
        f"id:{namesake}": namesake,
        str(namesake): namesake,
    }


def test_a_plan_changes_nothing(terminal: Terminal, desk: Desk) -> None:
    desk.booked("zoe.quinn", at("15:00"), patient="zoe.quinn")
    versions = [row.version for row in (*terminal.practice.rows(Appointment), *terminal.practice.rows(User))]
    shown = terminal.run("users", "merge", "zoe.quinn", "zoe2", "--plan")
    assert (shown.exit_code, shown.stderr) == (Exit.DONE, "")
    assert "would be merged" in shown.stdout
    assert ZOE["email"] not in shown.stdout
    assert terminal.done("users", "merge", "zoe.quinn", "zoe2", "--plan")["merged"] is False
    assert versions == [row.version for row in (*terminal.practice.rows(Appointment), *terminal.practice.rows(User))]


def test_it_asks_only_on_a_terminal(terminal: Terminal, desk: Desk) -> None:
    terminal.on_terminal = True
    refused = terminal.run("users", "merge", "zoe.quinn", "zoe2", stdin="n\n")
    assert refused.exit_code == Exit.REFUSED
    assert "would be merged" in refused.stderr
    assert terminal.practice.user("zoe.quinn").active
    agreed = terminal.run("users", "merge", "zoe.quinn", "zoe2", stdin="y\n")
    assert agreed.exit_code == Exit.DONE
    assert "was merged" in agreed.stdout

    terminal.on_terminal = False
    terminal.practice.add_patient("zoe3", clinics=(1,), cognito_sub=None)
    assert terminal.run("users", "merge", "zoe3", "zoe2").exit_code == Exit.DONE
