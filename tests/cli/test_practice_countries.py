"""The countries of a practice file: those that have a register, and the countries of clinics."""

import json
from typing import Any

import pytest

from lambda_function.cli.command import Exit
from lambda_function.db.models import Clinic, Country
from lambda_function.domain.appointment import Status
from tests.api.desk import Desk
from tests.cli.terminal import Terminal, demo_document
from tests.clock import NOW
from tests.factories import Practice

LIMA, SANTIAGO = "Lima Centro", "Santiago Norte"


def named(*codes: str) -> Any:
    return {**demo_document(), "countries": list(codes)}


def moved(clinic: str, country: str) -> Any:
    document = demo_document()
    document["clinics"][clinic]["country"] = country
    return document


def codes(practice: Practice) -> list[str]:
    return sorted(row.code for row in practice.rows(Country))


def country_of(practice: Practice, clinic: str) -> str:
    countries: dict[str, str] = {row.name: row.country for row in practice.rows(Clinic)}
    return countries[clinic]


@pytest.fixture
def registers(practice: Practice) -> Practice:
    """The demo practice, in whose two countries there are registers."""
    practice.add(Country(code="CL"), Country(code="PE"))
    return practice


def test_a_person_reads_what_a_new_country_means(terminal: Terminal, practice: Practice) -> None:
    planned = terminal.practice_file("plan", named("PE"))

    waiting = "visits that are there already wait until `countries check PE --repair`"
    assert planned.exit_code == Exit.DIFFERENT
    assert planned.stdout.splitlines() == [
        "+ country PE",
        f"* visits in PE are registered from now on; {waiting}",
        "Plan: 1 to create, 0 to change, 0 to deactivate.",
    ]
    assert codes(practice) == []


def test_a_person_reads_what_it_means_to_take_a_country_out(terminal: Terminal, registers: Practice) -> None:
    applied = terminal.practice_file("apply", named("PE"))

    assert applied.stdout.splitlines() == [
        "- country CL",
        "    active: true → false",
        "* visits in CL no longer show whether they are registered; the register keeps what it has",
        "Done: 0 created, 0 changed, 1 deactivated.",
    ]
    assert codes(registers) == ["PE"]


def test_a_program_reads_the_countries_among_the_changes(terminal: Terminal, practice: Practice) -> None:
    practice.add(Country(code="CL"))
    assert terminal.plan(named("PE"))["changes"] == [
        {"action": "create", "kind": "country", "name": "PE", "fields": {}},
        {"action": "deactivate", "kind": "country", "name": "CL", "fields": {"active": {"old": True, "new": False}}},
    ]


def test_a_file_that_is_applied_again_finds_nothing_to_change(terminal: Terminal, practice: Practice) -> None:
    for _ in range(2):
        assert terminal.practice_file("apply", named("PE", "CL")).exit_code == Exit.DONE
    assert terminal.practice_file("plan", named("CL", "PE")).stdout == "No difference.\n"
    assert codes(practice) == ["CL", "PE"]


def test_a_file_without_countries_leaves_them_as_they_are(terminal: Terminal, registers: Practice) -> None:
    planned = terminal.plan(demo_document())
    assert (planned["changes"], planned["not_in_file"]) == ([], {"countries": ["CL", "PE"]})


def test_an_empty_list_takes_all_of_them_out(terminal: Terminal, registers: Practice) -> None:
    assert terminal.practice_file("apply", named()).exit_code == Exit.DONE
    assert codes(registers) == []


def test_a_country_needs_no_clinics(terminal: Terminal, practice: Practice) -> None:
    assert terminal.practice_file("apply", {"countries": ["NO"]}).exit_code == Exit.DONE
    assert codes(practice) == ["NO"]


def test_the_countries_are_exported_in_order(terminal: Terminal, practice: Practice) -> None:
    practice.add(Country(code="PE"), Country(code="NO"), Country(code="CL"))
    assert terminal.run("practice", "export").stdout.startswith("countries: [CL, 'NO', PE]\n\ntreatments:\n")


def test_the_visits_of_a_new_country_wait_to_be_registered(terminal: Terminal, desk: Desk) -> None:
    visit = desk.practice.add_appointment(NOW.replace(day=8, hour=15)).appointment_id
    assert desk.client.get("rita", f"/appointments/{visit}").json["registration"] is None

    terminal.practice_file("apply", named("PE"))

    assert desk.client.get("rita", f"/appointments/{visit}").json["registration"]["status"] == "PENDING"


@pytest.mark.parametrize("action", ["plan", "apply"])
@pytest.mark.parametrize(("day", "status"), [(8, Status.BOOKED), (6, Status.COMPLETED), (8, Status.CANCELLED)])
def test_a_clinic_that_has_visits_does_not_change_its_country(
    terminal: Terminal, practice: Practice, action: str, day: int, status: Status
) -> None:
    """Its visits are in the register of its country, whatever has become of them."""
    practice.add_appointment(NOW.replace(day=day, hour=15), status=status)

    result = terminal.practice_file(action, moved(LIMA, "CL"), "--json")

    assert result.exit_code == Exit.REFUSED
    [problem] = json.loads(result.stdout)["error"]["problems"]
    assert (problem["path"], problem["message"]) == (
        f"clinics.{LIMA}.country",
        "the clinic has visits, so it stays in PE; write PE, and declare a clinic of another name in CL",
    )
    assert country_of(practice, LIMA) == "PE"


def test_a_clinic_without_visits_changes_its_country(terminal: Terminal, practice: Practice) -> None:
    practice.add_appointment(NOW.replace(day=8, hour=15))  # at the other clinic

    assert terminal.practice_file("apply", moved(SANTIAGO, "PE")).exit_code == Exit.DONE
    assert country_of(practice, SANTIAGO) == "PE"


def test_anything_else_of_a_clinic_that_has_visits_may_change(terminal: Terminal, practice: Practice) -> None:
    practice.add_appointment(NOW.replace(day=8, hour=15))
    document = moved(LIMA, "PE")
    document["clinics"][LIMA]["lead_minutes"] = 90
    assert terminal.practice_file("apply", document).exit_code == Exit.DONE
