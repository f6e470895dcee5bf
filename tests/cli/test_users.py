"""Operators list, create, change and deactivate people on the command line."""

from typing import Any

import pytest

from lambda_function.cli.command import Exit
from lambda_function.db.models import (
    Doctor,
    DoctorTreatment,
    Guardian,
    PersonEvent,
    WaitlistEntry,
)
from lambda_function.domain.waitlist import WaitlistStatus
from tests.api.desk import Desk, at
from tests.api_client import ApiClient
from tests.cli.terminal import FailingOnce, Pool, Terminal

DOCTOR = ("--type", "doctor", "--name", "Ana Díaz", "--clinic", "Lima Centro", "--treatment", "cleaning")


@pytest.fixture
def desk(client: ApiClient, terminal: Terminal) -> Desk:
    return Desk(client, terminal.practice)


def names(document: Any) -> list[str]:
    return [item["user_name"] for item in document["items"]]


def test_everybody_is_listed_with_their_clinics(terminal: Terminal) -> None:
    document = terminal.done("users", "list")
    assert names(document) == ["drjay", "drwu", "drsol", "rita", "rosa", "pat", "kim"]
    assert document["items"][0] == {
        "user_id": terminal.practice.ids["drjay"],
        "user_name": "drjay",
        "user_type": "DOCTOR",
        "full_name": "Jay Quispe",
        "email": None,
        "phone": None,
        "active": True,
        "linked": True,
        "clinics": ["Lima Centro"],
    }
    assert document["items"][-1]["clinics"] == ["Lima Centro", "Santiago Norte"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--type", "receptionist"], ["rita", "rosa"]),
        (["--clinic", "Santiago Norte"], ["drsol", "rosa", "pat", "kim"]),
        (["--clinic", "Lima Centro", "--type", "doctor"], ["drjay", "drwu"]),
        (["--inactive"], ["drwu"]),
        (["--active", "--type", "doctor"], ["drjay", "drsol"]),
        (["-q", "JAY"], ["drjay"]),
        (["-q", "kim@"], ["kim"]),
        (["-q", "%"], []),
    ],
)
def test_a_list_is_narrowed_down(terminal: Terminal, options: list[str], expected: list[str]) -> None:
    terminal.done("users", "deactivate", "drwu")
    assert names(terminal.done("users", "list", *options)) == expected


def test_a_list_is_paged(terminal: Terminal) -> None:
    first = terminal.done("users", "list", "--limit", "4")
    rest = terminal.done("users", "list", "--limit", "3", "--after", str(first["next_after"]))
    assert names(first) + names(rest) == ["drjay", "drwu", "drsol", "rita", "rosa", "pat", "kim"]
    assert rest["next_after"] is None


def test_a_person_reads_a_table(terminal: Terminal) -> None:
    result = terminal.run("users", "list", "--type", "receptionist", "--limit", "1")
    heading, rita, more = result.stdout.splitlines()
    assert heading.split() == ["ID", "USER", "NAME", "TYPE", "NAME", "CLINICS", "STATE"]
    assert rita.split() == [
        str(terminal.practice.ids["rita"]),
        *["rita", "receptionist", "Rita", "Flores", "Lima", "Centro", "active"],
    ]
    assert more == f"More: --after {terminal.practice.ids['rita']}"


def test_an_empty_list_is_a_heading(terminal: Terminal) -> None:
    assert terminal.run("users", "list", "-q", "nobody").stdout.startswith("ID  USER NAME")


def test_an_unknown_clinic_is_named_as_the_fault(terminal: Terminal) -> None:
    error = terminal.refused("users", "list", "--clinic", "Lima")
    names_there = "There is no such clinic. There are: Lima Centro, Santiago Norte."
    assert (error["field"], error["detail"]) == ("clinics", names_there)


@pytest.mark.parametrize("limit", ["0", "1001"])
def test_a_limit_that_makes_no_sense_is_a_matter_of_usage(terminal: Terminal, limit: str) -> None:
    result = terminal.run("users", "list", "--limit", limit)
    assert (result.exit_code, "limit:" in result.stderr) == (Exit.USAGE, True)


def test_a_new_doctor_can_be_booked(terminal: Terminal, desk: Desk) -> None:
    created = terminal.done("users", "create", "drana", *DOCTOR, "--treatment", "checkup", "--phone", "+51 999 111")
    assert (created["created"], created["account"], created["clinics"]) == (True, "none", ["Lima Centro"])
    assert (created["full_name"], created["phone"], created["email"]) == ("Ana Díaz", "+51 999 111", None)
    desk.practice.add_hours(created["user_id"], {2: [(0, 1440)]})

    assert desk.booked("rita", at("15:00"), doctor="drana", treatment=2)["doctor"]["full_name"] == "Ana Díaz"
    (doctor,) = [row for row in desk.practice.rows(Doctor) if row.user_id == created["user_id"]]
    assert (doctor.clinic_id, doctor.default_treatment_id) == (1, 2)


def test_a_new_receptionist_works_in_several_clinics(terminal: Terminal) -> None:
    clinics = ["--clinic", "Lima Centro", "--clinic", "Santiago Norte"]
    created = terminal.done("users", "create", "ruth", "--type", "receptionist", "--name", "Ruth", *clinics)
    assert terminal.practice.actor("ruth").clinic_ids == (1, 2)
    assert created["clinics"] == ["Lima Centro", "Santiago Norte"]


def test_a_new_patient_needs_no_clinic(terminal: Terminal) -> None:
    created = terminal.done(
        "users", "create", "pia", "--type", "patient", "--name", "Pia", "--email", "pia@example.org"
    )
    assert (created["user_type"], created["clinics"], created["active"]) == ("PATIENT", [], True)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["drana", "--type", "doctor", "--name", "Ana"], "clinics"),
        (["drana", *DOCTOR, "--clinic", "Santiago Norte"], "clinics"),
        (["ruth", "--type", "receptionist", "--name", "Ruth"], "clinics"),
        (["ruth", "--type", "receptionist", "--name", "Ruth", "--clinic", "Lima"], "clinics"),
        (["drana", *DOCTOR, "--treatment", "magic"], "treatments"),
        (["pia", "--type", "patient", "--name", "Pia", "--treatment", "checkup"], "treatments"),
    ],
)
def test_whoever_cannot_be_created_leaves_nothing(terminal: Terminal, arguments: list[str], field: str) -> None:
    before = dict(terminal.practice.ids)
    error = terminal.refused("users", "create", *arguments)
    assert (error["code"], error["field"]) == ("validation_error", field)
    assert dict(terminal.practice.ids) == before


def test_a_user_name_that_is_taken_is_refused(terminal: Terminal) -> None:
    before = dict(terminal.practice.ids)
    error = terminal.refused("users", "create", "RITA", *DOCTOR)
    assert (error["code"], error["field"]) == ("name_taken", "user_name")
    assert dict(terminal.practice.ids) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["bad name", *DOCTOR],
        ["drana", *DOCTOR, "--email", "nobody"],
        ["drana", *DOCTOR, "--phone", "call me"],
        ["drana", *DOCTOR, "--name", "\U0001f9b7"],
        ["drana", *DOCTOR, "--name", "\u202eAna"],
        ["drana", *DOCTOR, "--name", "Ana\udcff"],
        ["drana", *DOCTOR, "--clinic", "Lima\udcff"],
        ["drana\udcff", *DOCTOR],
        ["drana", "--type", "dentist", "--name", "Ana"],
        ["drana", "--type", "doctor"],
    ],
)
def test_what_no_request_may_hold_no_command_may(terminal: Terminal, arguments: list[str]) -> None:
    assert terminal.run("users", "create", *arguments).exit_code == Exit.USAGE


@pytest.mark.parametrize("command", ["deactivate", "activate", "set-type"])
def test_what_is_no_unicode_names_nobody(terminal: Terminal, command: str) -> None:
    more = ["doctor"] if command == "set-type" else []
    assert terminal.run("users", command, "pat\udcff", *more).exit_code == Exit.USAGE
    for arguments in (["export-person"], ["erase-person", "--yes"]):
        assert terminal.run(*arguments, "pat\udcff").exit_code == Exit.USAGE


def test_names_are_read_as_they_are_stored(terminal: Terminal) -> None:
    terminal.practice.add_clinic("Miraflores Me\u0301dica", "America/Lima")
    arguments = ("--type", "receptionist", "--name", "\ufeffJose\u0301 Nu\u0301n\u0303ez", "--phone", "555 1234 x89")
    for clinic in ("Miraflores Médica", "Miraflores Me\u0301dica", " Miraflores Me\u0301dica\u200b"):
        created = terminal.done("users", "create", "jose", *arguments, "--clinic", clinic)
        assert (created["full_name"], created["phone"]) == ("José Núñez", "555 1234 x89")
        assert names(terminal.done("users", "list", "--clinic", clinic)) == ["jose"]


def test_creating_the_same_person_again_changes_nothing(terminal: Terminal) -> None:
    first = terminal.done("users", "create", "drana", *DOCTOR)
    again = terminal.done("users", "create", "drana", *DOCTOR)
    assert again == {**first, "created": False}
    assert len(terminal.practice.rows(DoctorTreatment)) == 3 * 3 + 1


def test_a_new_person_gets_an_account_and_is_linked_to_it(with_pool: Terminal, pool: Pool) -> None:
    created = with_pool.done("users", "create", "drana", *DOCTOR, "--email", "ana@example.org")
    assert (created["account"], created["linked"]) == ("linked", True)
    attributes = pool.attributes("drana")
    assert (attributes["email"], attributes["email_verified"]) == ("ana@example.org", "true")
    assert with_pool.practice.user("drana").cognito_sub == attributes["sub"]


def test_creating_again_after_the_first_log_in_is_no_error(with_pool: Terminal, pool: Pool) -> None:
    arguments = ("users", "create", "drana", *DOCTOR, "--email", "ana@example.org")
    with_pool.done(*arguments)
    pool.client.admin_set_user_password(
        UserPoolId=pool.pool_id, Username="drana", Password="Own-Passw0rd!", Permanent=True
    )
    assert with_pool.done(*arguments)["created"] is False


def test_staff_without_an_email_are_not_created_where_there_is_a_pool(with_pool: Terminal) -> None:
    assert with_pool.refused("users", "create", "drana", *DOCTOR)["field"] == "email"


def test_a_patient_without_an_email_has_no_account(with_pool: Terminal, pool: Pool) -> None:
    created = with_pool.done("users", "create", "pia", "--type", "patient", "--name", "Pia")
    assert (created["account"], pool.user_names) == ("none", set())


def test_an_account_that_somebody_made_under_the_name_is_not_linked(with_pool: Terminal, pool: Pool) -> None:
    """Otherwise anybody who signs up as `drana` early enough would become a doctor."""
    pool.add("drana", "ana@example.org")
    error = with_pool.refused("users", "create", "drana", *DOCTOR, "--email", "ana@example.org")
    assert (error["code"], error["field"]) == ("name_taken", "user_name")
    assert "drana" not in with_pool.practice.ids


def test_an_account_that_could_not_be_made_is_made_by_the_same_command(terminal: Terminal, pool: Pool) -> None:
    terminal.accounts = FailingOnce(pool, "create")
    arguments = ("users", "create", "drana", *DOCTOR, "--email", "ana@example.org")

    error = terminal.refused(*arguments)
    assert (error["code"], "run the same again" in error["detail"]) == ("unavailable", True)
    assert terminal.practice.user("drana").cognito_sub is None

    again = terminal.done(*arguments)
    assert (again["created"], again["account"]) == (False, "linked")
    assert terminal.practice.user("drana").cognito_sub == pool.attributes("drana")["sub"]


def test_an_account_that_was_made_but_not_linked_is_linked_by_the_same_command(with_pool: Terminal, pool: Pool) -> None:
    sub = pool.accounts.create("drana", "ana@example.org")
    with_pool.done("users", "create", "drana", *DOCTOR, "--email", "ana@example.org")
    assert with_pool.practice.user("drana").cognito_sub == sub
    assert pool.user_names == {"drana"}


def test_types_may_be_written_as_the_answers_write_them(terminal: Terminal) -> None:
    terminal.done("users", "set-type", "pat", "RECEPTIONIST", "--clinic", "Lima Centro")
    found = terminal.done("users", "list", "--type", "Receptionist")["items"]
    assert [person["user_name"] for person in found] == ["rita", "rosa", "pat"]


def test_a_patient_becomes_a_receptionist_from_the_next_request_on(terminal: Terminal, desk: Desk) -> None:
    desk.client.post("pat", "/waitlist", {"treatment_id": 1, "from": at("13:00"), "to": at("18:00")})
    shown = terminal.done("users", "set-type", "pat", "receptionist", "--clinic", "Lima Centro")
    assert (shown["user_type"], shown["clinics"]) == ("RECEPTIONIST", ["Lima Centro"])
    assert desk.client.get("pat", "/me").json["user_type"] == "RECEPTIONIST"
    assert desk.booked("pat", at("15:00"), patient="kim")["receptionist"]["full_name"] == "Pat Rojas"
    assert [row.status for row in desk.practice.rows(WaitlistEntry)] == [WaitlistStatus.WITHDRAWN]


@pytest.mark.parametrize(("guardian", "patient"), [("pat", "kim"), ("kim", "pat")])
def test_a_patient_who_becomes_staff_is_nobodys_guardian_and_has_none(
    terminal: Terminal, desk: Desk, guardian: str, patient: str
) -> None:
    practice = terminal.practice
    practice.add_guardian(guardian, patient)
    practice.add_guardian("kim" if guardian == "pat" else "pat", practice.add_patient("other").user_name)
    terminal.done("users", "set-type", "pat", "receptionist", "--clinic", "Lima Centro")

    assert {practice.ids["pat"]}.isdisjoint(
        user_id for row in practice.rows(Guardian) for user_id in (row.guardian_id, row.patient_id)
    )
    events = [(row.user_id, row.action) for row in practice.rows(PersonEvent)]
    assert (practice.ids[patient], "REMOVE_GUARDIAN") in events
    assert (practice.ids[guardian], "REMOVE_DEPENDANT") in events
    terminal.done("users", "set-type", "pat", "patient")
    assert desk.client.get(guardian, "/me").json["dependants"] in (
        [],
        [{"user_id": practice.ids["other"], "full_name": "Other"}],
    )
    assert desk.client.get("pat", "/me").json["dependants"] == []


def test_a_doctor_who_comes_back_is_what_they_were(terminal: Terminal) -> None:
    terminal.done("users", "set-type", "drjay", "receptionist", "--clinic", "Santiago Norte")
    assert terminal.practice.actor("drjay").clinic_ids == (2,)
    back = terminal.done("users", "set-type", "drjay", "doctor")
    assert (back["user_type"], back["clinics"]) == ("DOCTOR", ["Lima Centro"])


def test_a_doctor_who_comes_back_elsewhere_works_there(terminal: Terminal) -> None:
    terminal.done("users", "set-type", "drjay", "patient")
    terminal.done("users", "set-type", "drjay", "doctor", "--clinic", "Santiago Norte", "--treatment", "cleaning")
    (doctor,) = [row for row in terminal.practice.rows(Doctor) if row.user_id == terminal.practice.ids["drjay"]]
    assert (doctor.clinic_id, doctor.default_treatment_id) == (2, 2)


@pytest.mark.parametrize(("user_name", "becomes"), [("drjay", "patient"), ("pat", "doctor")])
def test_nobody_changes_with_visits_ahead(terminal: Terminal, desk: Desk, user_name: str, becomes: str) -> None:
    visit = desk.booked("rita", at("15:00"))["appointment_id"]
    error = terminal.refused("users", "set-type", user_name, becomes, *(["--clinic", "Lima Centro"]))
    assert (error["code"], error["appointment_ids"]) == ("has_bookings", [visit])
    desk.cancelled("rita", visit)
    terminal.done("users", "set-type", user_name, becomes, "--clinic", "Lima Centro")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["pat", "patient"], "validation_error"),
        (["pat", "doctor"], "validation_error"),
        (["pat", "receptionist"], "validation_error"),
        (["nobody", "patient"], "not_found"),
        (["pat ", "patient"], "not_found"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(terminal: Terminal, arguments: list[str], code: str) -> None:
    assert terminal.refused("users", "set-type", *arguments)["code"] == code
    assert terminal.practice.user("pat").user_type == "PATIENT"
