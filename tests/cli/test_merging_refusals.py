"""Who can be merged, how people are named, and what a plan shows."""

from datetime import date

import pytest

from lambda_function.cli.command import Exit
from lambda_function.db.models import (
    Appointment,
    Guardian,
    PatientIdentifier,
    User,
)
from lambda_function.domain.identifiers import IdentifierSystem
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


def test_visits_at_the_same_time_are_named_in_pairs(terminal: Terminal, desk: Desk) -> None:
    pairs = []
    for hour in ("15:00", "16:00"):
        one = desk.booked("zoe.quinn", at(hour), patient="zoe.quinn")["appointment_id"]
        other = desk.booked("rita", at(hour), patient="zoe2", doctor="drwu")["appointment_id"]
        pairs.append(f"{one} with {other}")
    detail = terminal.refused("users", "merge", "zoe.quinn", "zoe2", "--yes")["detail"]
    assert f": {', '.join(pairs)}. For each pair, have a reception move or cancel one of the two visits." in detail


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


def test_a_plan_names_both_people(terminal: Terminal, desk: Desk) -> None:
    source, target = desk.id_of("zoe.quinn"), desk.id_of("zoe2")
    desk.booked("zoe.quinn", at("15:00"), patient="zoe.quinn")
    lines = terminal.run("users", "merge", "zoe.quinn", "zoe2", "--plan").stdout.splitlines()
    assert lines[:4] == [
        f"FROM: user {source}, zoe.quinn, {ZOE['full_name']}",
        f"INTO: user {target}, zoe2, Zoe Q.",
        "FROM would be merged into INTO.",
        "Visits: 1, of which 1 is ahead.",
    ]
    assert "FROM's account becomes INTO's." in lines
    assert "FROM has no account." in terminal.run("users", "merge", "zoe2", "zoe.quinn", "--plan").stdout


def test_a_plan_warns_of_birth_dates_and_identifiers_that_differ(terminal: Terminal, desk: Desk) -> None:
    assert "make sure" not in terminal.run("users", "merge", "zoe.quinn", "zoe2", "--plan").stdout
    for name, value in (("zoe.quinn", "12345678"), ("zoe2", "12345679")):
        number = {"system": IdentifierSystem.NATIONAL_ID, "scope": "PE", "value": value}
        terminal.practice.add(PatientIdentifier(**number, user_id=desk.id_of(name)))
    terminal.practice.user("zoe2").birth_date = date(1991, 5, 4)
    terminal.practice.session.commit()
    shown = terminal.run("users", "merge", "zoe.quinn", "zoe2", "--plan").stdout
    assert "\nThe birth dates differ: make sure that they are one person.\n" in shown
    assert "\nBoth have an identifier of the same kind, and the two differ: make sure" in shown
    assert "12345678" not in shown


def test_a_merge_that_is_repeated_by_the_name_that_is_gone_says_how_to_see_that_it_is_done(
    terminal: Terminal, desk: Desk
) -> None:
    source = desk.id_of("zoe.quinn")
    terminal.done("users", "merge", "zoe.quinn", "zoe2", "--yes")
    detail = terminal.refused("users", "merge", "zoe.quinn", "zoe2", "--yes")["detail"]
    assert detail.endswith("If you have merged them before, it is done: `person events` for INTO shows MERGE.")
    for written in ("zoe2", f"merged:{source}"):
        assert "MERGE" in terminal.run("person", "events", written).stdout
    assert terminal.refused("users", "merge", "zoe2", "nobody", "--yes")["detail"] == "There is no such person."


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
