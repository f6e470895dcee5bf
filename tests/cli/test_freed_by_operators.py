"""Time that operators free is offered to those who wait, like time that a request frees."""

from typing import Any

import pytest

from lambda_function.db.models import FreedTime
from tests.api.desk import DAY, Desk, at
from tests.api.waiting import Waitlist, free
from tests.api_client import ApiClient
from tests.cli.terminal import Terminal, demo_document

LIMA = "Lima Centro"


@pytest.fixture
def waitlist(client: ApiClient, terminal: Terminal) -> Waitlist:
    terminal.practice.add_patient("ana", clinics=(1,))
    return Waitlist(Desk(client, terminal.practice))


def applied(terminal: Terminal, document: Any) -> None:
    assert terminal.practice_file("apply", document).exit_code == 0


def test_the_offer_of_a_patient_who_becomes_something_else_goes_to_the_next(
    terminal: Terminal, waitlist: Waitlist
) -> None:
    visit = waitlist.desk.booked("rita", at("15:00"), patient="ana")
    waitlist.join("kim")
    waitlist.join("pat")
    free(waitlist, visit)
    assert (waitlist.offered("kim"), waitlist.offered("pat")) == (at("15:00"), None)

    terminal.done("users", "set-type", "kim", "receptionist", "--clinic", LIMA)

    assert waitlist.offered("pat") == at("15:00")


def test_the_visits_of_a_patient_whom_operators_deactivate_are_offered(terminal: Terminal, waitlist: Waitlist) -> None:
    waitlist.desk.booked("rita", at("15:00"), patient="ana")
    waitlist.join("kim")
    terminal.done("users", "deactivate", "ana", "--cancel-visits")
    assert waitlist.offered("kim") == at("15:00")


def test_a_closure_that_a_practice_file_no_longer_has_gives_time_back(terminal: Terminal, waitlist: Waitlist) -> None:
    document = demo_document()
    document["clinics"][LIMA]["closures"] = [{"first_day": DAY, "last_day": DAY}]
    applied(terminal, document)
    waitlist.join("kim", doctor_id=waitlist.desk.id_of("drwu"))

    document["clinics"][LIMA]["closures"] = []
    applied(terminal, document)

    assert waitlist.offered("kim") == at("13:00")


def test_hours_of_a_practice_file_give_time_back(terminal: Terminal, waitlist: Waitlist) -> None:
    document = demo_document()
    document["doctors"]["drwu"]["hours"] = [{"weekdays": [2], "start": "08:00", "end": "10:00"}]
    applied(terminal, document)
    waitlist.join("kim", doctor_id=waitlist.desk.id_of("drwu"))

    document["doctors"]["drwu"]["hours"][0]["end"] = "12:00"
    applied(terminal, document)

    assert waitlist.offered("kim") == at("15:00")


def test_a_practice_file_that_changes_no_hours_frees_nothing(terminal: Terminal, waitlist: Waitlist) -> None:
    waitlist.join("kim")
    document = demo_document()
    document["clinics"][LIMA]["offer_minutes"] = 60
    applied(terminal, document)
    assert waitlist.desk.practice.rows(FreedTime) == []
    assert waitlist.offered("kim") is None
