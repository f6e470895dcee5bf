"""Rows at the first and the last of all dates do no harm, whether requests have left them (see test_edge_dates.py) or
operators have written them by hand.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from lambda_function.db.models import FreedTime
from lambda_function.db.unit_of_work import Database
from lambda_function.services.waitlist_schedule import RESERVE, keep_up
from tests.api.desk import Desk, at
from tests.api.edges import END, NEAR_THE_END, START
from tests.api.expect import expect_problem
from tests.api.left import TIME_OFF, leave_the_edges
from tests.api.waiting import Waitlist
from tests.cli.terminal import Terminal, demo_document

SANTIAGO = "Santiago Norte"


@pytest.fixture
def terminal(desk: Desk, database: Database, tmp_path: Path) -> Terminal:
    return Terminal(database, desk.practice, tmp_path)


def test_time_off_at_the_end_of_time_can_be_given_up(desk: Desk) -> None:
    leave_the_edges(desk)
    [time_off] = desk.client.get("drjay", "/doctors/me/time-off").json["items"]

    answer = desk.client.call("drjay", "DELETE", f"/doctors/me/time-off/{time_off['time_off_id']}")

    assert answer.status == 204, answer.text


@pytest.mark.parametrize("starts_at", [NEAR_THE_END, "9999-11-30T23:59:59.999999Z", "9999-12-31T23:59:00Z"])
def test_time_at_the_end_of_time_stops_no_offers(
    desk: Desk, database: Database, log_text: Callable[[], str], starts_at: str
) -> None:
    waitlist = Waitlist(desk)
    waitlist.join("kim", **{"from": START, "to": END})
    visit = desk.booked("rita", at("15:00"), patient="pat")
    far = desk.client.post("drjay", "/doctors/me/time-off", {**TIME_OFF, "starts_at": starts_at})
    log_text()

    gone = desk.client.call("drjay", "DELETE", far.headers["Location"])
    desk.cancelled("rita", visit["appointment_id"])
    keep_up(database, lambda: RESERVE + 1)

    assert gone.status == 204
    assert waitlist.offered("kim") == at("15:00")
    assert desk.practice.rows(FreedTime) == []
    assert "OffersFailed" not in log_text()


def test_a_clinic_that_is_closed_for_good_has_no_free_time(desk: Desk) -> None:
    leave_the_edges(desk)
    week = {"from": at("00:00", "2034-06-01"), "to": at("00:00", "2034-06-08"), "doctor_id": desk.id_of("drsol")}

    answer = desk.client.get("rosa", "/availability", treatment_id=1, **week)

    assert (answer.status, answer.json["items"]) == (200, [])
    expect_problem(desk.book("rosa", at("15:00", "2034-06-01"), doctor="drsol"), 422, "outside_hours")


def test_operators_commands_work_beside_them(desk: Desk, terminal: Terminal) -> None:
    leave_the_edges(desk)

    for command in (("check",), ("purge",), ("users", "list"), *(("export-person", name) for name in ("kim", "drwu"))):
        assert terminal.run(*command).exit_code == 0, command
    assert START[:10] in terminal.run("export-person", "kim").stdout


def test_a_practice_file_is_planned_and_applied_beside_them(desk: Desk, terminal: Terminal) -> None:
    leave_the_edges(desk)
    visit = desk.booked("rosa", at("15:00", "2033-12-30"), doctor="drsol")
    document = demo_document()
    document["clinics"][SANTIAGO]["closures"] = [{"first_day": "2033-01-01", "last_day": "2999-12-31"}]
    document["doctors"]["drwu"]["hours"] = []

    result = terminal.practice_file("apply", document, "--accept-conflicts")

    assert result.exit_code == 0, result.output
    assert str(visit["appointment_id"]) in result.stdout


def test_a_practice_file_tells_which_dates_there_are(terminal: Terminal) -> None:
    document = demo_document()
    document["clinics"][SANTIAGO]["closures"] = [{"first_day": "2033-01-01", "last_day": "9999-12-31"}]

    result = terminal.practice_file("plan", document)

    assert "of the years 1000 to 2999" in result.output
