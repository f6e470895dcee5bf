"""What a practice file gives back, doctors, chairs, treatments and hours, is offered to those who wait for it."""

from typing import Any

import pytest

from lambda_function.db.models import FreedTime
from tests.api.desk import DAY, Desk, at
from tests.api.waiting import Waitlist
from tests.api_client import ApiClient
from tests.cli.terminal import Terminal, demo_document

LIMA = "Lima Centro"
SANTIAGO = "Santiago Norte"


@pytest.fixture
def waitlist(client: ApiClient, terminal: Terminal) -> Waitlist:
    for patient in ("ana", "leo"):
        terminal.practice.add_patient(patient, clinics=(1, 2))
    return Waitlist(Desk(client, terminal.practice))


def applied(terminal: Terminal, document: Any) -> None:
    result = terminal.practice_file("apply", document, "--accept-conflicts")
    assert result.exit_code == 0, result.output


def test_a_closure_that_becomes_shorter_gives_days_back(terminal: Terminal, waitlist: Waitlist) -> None:
    document = demo_document()
    document["clinics"][LIMA]["closures"] = [{"first_day": "2030-01-07", "last_day": "2030-01-09"}]
    applied(terminal, document)
    waitlist.join("kim", doctor_id=waitlist.desk.id_of("drwu"))

    document["clinics"][LIMA]["closures"] = [{"first_day": "2030-01-09", "last_day": "2030-01-09"}]
    applied(terminal, document)

    assert waitlist.offered("kim") == at("13:00")


@pytest.mark.parametrize("how", ["practice file", "users activate"])
def test_a_doctor_who_comes_back_is_offered(terminal: Terminal, waitlist: Waitlist, how: str) -> None:
    terminal.done("users", "deactivate", "drwu")
    waitlist.join("kim", **{"from": at("13:00"), "to": at("13:30")})
    waitlist.desk.booked("rita", at("13:00"), patient="pat")  # so that only drwu can see kim

    if how == "users activate":
        terminal.done("users", "activate", "drwu")
    else:
        document = demo_document()
        document["doctors"]["drwu"]["active"] = True
        applied(terminal, document)

    assert waitlist.entries("kim")[0]["offer"]["doctor_id"] == waitlist.desk.id_of("drwu")


def test_whoever_is_a_doctor_again_is_offered(terminal: Terminal, waitlist: Waitlist) -> None:
    terminal.done("users", "set-type", "drwu", "receptionist", "--clinic", LIMA)
    waitlist.join("kim", clinic_id=1)
    terminal.done("users", "set-type", "drwu", "doctor")
    assert waitlist.entries("kim")[0]["offer"]["doctor_id"] == waitlist.desk.id_of("drwu")


def test_a_new_doctor_is_offered(terminal: Terminal, waitlist: Waitlist) -> None:
    waitlist.join("kim", clinic_id=1)
    document = demo_document()
    document["doctors"]["drnew"] = {**document["doctors"]["drwu"], "full_name": "New Doctor"}
    applied(terminal, document)
    assert waitlist.entries("kim")[0]["offer"]["doctor_id"] == waitlist.desk.id_of("drnew")


def test_a_doctor_who_changes_the_clinic_is_offered_there(terminal: Terminal, waitlist: Waitlist) -> None:
    waitlist.join("kim", clinic_id=2)
    document = demo_document()
    document["doctors"]["drwu"]["clinic"] = SANTIAGO
    applied(terminal, document)
    assert waitlist.entries("kim")[0]["offer"]["doctor_id"] == waitlist.desk.id_of("drwu")


def test_a_treatment_that_a_doctor_begins_to_offer_is_offered(terminal: Terminal, waitlist: Waitlist) -> None:
    document = demo_document()
    document["doctors"]["drwu"]["treatments"] = ["checkup", "cleaning"]
    applied(terminal, document)
    waitlist.join("kim", treatment_id=3, clinic_id=1)

    document["doctors"]["drwu"]["treatments"] = ["checkup", "cleaning", "implant"]
    applied(terminal, document)

    assert waitlist.entries("kim")[0]["offer"]["doctor_id"] == waitlist.desk.id_of("drwu")


@pytest.mark.parametrize("added", ["Chair 2", "Chair 9"])
def test_a_chair_that_comes_into_use_is_offered(terminal: Terminal, waitlist: Waitlist, added: str) -> None:
    document = demo_document()
    document["clinics"][LIMA]["chairs"] = ["Chair 1"]
    applied(terminal, document)
    waitlist.desk.booked("rita", at("15:00"), patient="ana")
    waitlist.join("kim", doctor_id=waitlist.desk.id_of("drwu"), **{"from": at("15:00"), "to": at("15:30")})
    waitlist.join("pat", **{"from": at("16:00"), "to": at("16:30")})  # which is free all along, with a chair

    document["clinics"][LIMA]["chairs"].append(added)
    applied(terminal, document)

    assert (waitlist.offered("kim"), waitlist.offered("pat")) == (at("15:00"), None)
    assert waitlist.desk.practice.rows(FreedTime) == []


def test_a_clinic_that_opens_again_is_offered(terminal: Terminal, waitlist: Waitlist) -> None:
    waitlist.join("kim", clinic_id=2)
    document = demo_document()
    document["clinics"][SANTIAGO]["active"] = False
    applied(terminal, document)
    document["clinics"][SANTIAGO]["active"] = True
    applied(terminal, document)
    assert waitlist.offered("kim") == at("13:00")


def test_a_treatment_that_takes_less_time_is_offered(terminal: Terminal, waitlist: Waitlist) -> None:
    waitlist.desk.booked("rita", at("14:00"), patient="ana")
    waitlist.join(
        "kim", doctor_id=waitlist.desk.id_of("drjay"), treatment_id=2, **{"from": at("13:15"), "to": at("14:00")}
    )
    document = demo_document()
    document["treatments"]["cleaning"]["buffer_after_minutes"] = 0
    applied(terminal, document)
    assert waitlist.offered("kim") == at("13:15")


def test_hours_that_clocks_of_another_zone_move_are_offered(terminal: Terminal, waitlist: Waitlist) -> None:
    waitlist.join("kim", clinic_id=1, **{"from": at("10:00"), "to": at("12:00")})
    document = demo_document()
    document["clinics"][LIMA]["time_zone"] = "America/Santiago"  # two hours ahead
    applied(terminal, document)
    assert waitlist.offered("kim") == at("11:00")


@pytest.mark.parametrize(
    ("policy", "value", "wish"),
    [
        ("horizon_days", 90, {"from": at("13:00", "2030-02-12"), "to": at("14:00", "2030-02-12")}),
        ("lead_minutes", 0, {"from": at("15:00", DAY), "to": at("15:30", DAY)}),
    ],
)
def test_policies_that_become_wider_free_nothing(
    terminal: Terminal, waitlist: Waitlist, policy: str, value: int, wish: dict[str, str]
) -> None:
    document = demo_document()
    document["clinics"][LIMA][policy] = {"horizon_days": 30, "lead_minutes": 2880}[policy]
    applied(terminal, document)
    waitlist.join("kim", clinic_id=1, **wish)
    document["clinics"][LIMA][policy] = value
    applied(terminal, document)
    assert waitlist.offered("kim") is None
