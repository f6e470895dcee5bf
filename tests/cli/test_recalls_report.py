"""Operators see how many patients were due in each month, and how many of them booked."""

import csv
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from lambda_function.cli.command import Exit
from lambda_function.db.models import Clinic, Recall
from lambda_function.domain.appointment import Status
from lambda_function.domain.recalls import RecallStatus
from tests.cli.terminal import Terminal
from tests.clock import NOW

LONG_AGO = NOW - timedelta(days=900)
# Midnight of Lima, and of Santiago in its summer.
LIMA, SANTIAGO = timedelta(hours=5), timedelta(hours=3)


def midnight(day: date, offset: timedelta = LIMA) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC) + offset


class Recalls:
    """Adds recalls, each of a patient of its own, and reads the report."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal

    def add(self, due_on: date, **columns: Any) -> Recall:
        patient_id = self.terminal.practice.add_patient(clinics=(1,)).user_id
        given = {
            "patient_id": patient_id,
            "treatment_id": 1,
            "clinic_id": 1,
            "due_on": due_on,
            "due_set_at": LONG_AGO,
            "status": RecallStatus.OPEN,
            "created_at": LONG_AGO,
            "updated_at": LONG_AGO,
            **columns,
        }
        recall = Recall(**given, open_key=1 if given["status"] is RecallStatus.OPEN else None)
        self.terminal.practice.add(recall)
        return recall

    def visit(self, recall: Recall, starts_at: datetime, status: Status, **columns: Any) -> int:
        given = {"patient_id": recall.patient_id, "treatment_id": recall.treatment_id, **columns}
        return self.terminal.practice.add_appointment(starts_at, status=status, **given).appointment_id

    def report(self, *options: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.terminal.done("recalls", "report", *options)["months"]
        return rows

    def booked(self, month: str) -> int:
        [row] = self.report("--from", month, "--to", month)
        number: int = row["booked_within_30_days"]
        return number


@pytest.fixture
def recalls(terminal: Terminal) -> Recalls:
    return Recalls(terminal)


def test_recalls_are_counted_by_clinic_and_month(recalls: Recalls) -> None:
    for day in (date(2029, 10, 31), date(2029, 11, 1), date(2029, 11, 30), date(2029, 12, 1)):
        recalls.add(day)
    recalls.add(date(2029, 11, 15), clinic_id=2)
    recalls.add(date(2029, 11, 16), status=RecallStatus.DISMISSED)
    rows = recalls.report("--from", "2029-11", "--to", "2029-12")
    assert [(row["clinic"], row["clinic_id"], row["month"], row["due"]) for row in rows] == [
        ("Lima Centro", 1, "2029-11", 2),
        ("Lima Centro", 1, "2029-12", 1),
        ("Santiago Norte", 2, "2029-11", 1),
    ]


def test_the_twelve_months_up_to_the_present_one_are_usual(recalls: Recalls) -> None:
    for day in (date(2029, 1, 31), date(2029, 2, 1), date(2030, 1, 31), date(2030, 2, 1)):
        recalls.add(day)
    assert [row["month"] for row in recalls.report()] == ["2029-02", "2030-01"]
    assert [row["month"] for row in recalls.report("--to", "2030-02")] == ["2030-01", "2030-02"]


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        (Status.REQUESTED, 1),
        (Status.BOOKED, 1),
        (Status.CHECKED_IN, 1),
        (Status.COMPLETED, 1),
        (Status.CANCELLED, 0),
        (Status.NO_SHOW, 0),
    ],
)
def test_a_visit_counts_as_booked_unless_it_fell_through(recalls: Recalls, status: Status, counts: int) -> None:
    recalls.visit(recalls.add(date(2029, 11, 15)), midnight(date(2029, 11, 20)), status)
    assert recalls.booked("2029-11") == counts


@pytest.mark.parametrize(("clinic", "offset"), [(1, LIMA), (2, SANTIAGO)], ids=["Lima", "Santiago"])
@pytest.mark.parametrize(("minutes", "counts"), [(-5, 1), (0, 0)], ids=["last", "after"])
def test_a_visit_is_booked_in_time_up_to_the_end_of_the_thirtieth_day_of_the_clinic(
    recalls: Recalls, clinic: int, offset: timedelta, minutes: int, counts: int
) -> None:
    recall = recalls.add(date(2029, 11, 15), clinic_id=clinic)
    recalls.visit(recall, midnight(date(2029, 12, 16), offset) + timedelta(minutes=minutes), Status.COMPLETED)
    assert recalls.booked("2029-11") == counts


def test_the_thirtieth_day_ends_by_the_clocks_of_that_day(recalls: Recalls) -> None:
    """Clocks of Santiago go forward on 2 September 2029."""
    for minutes in (-5, 0):
        recall = recalls.add(date(2029, 8, 20), clinic_id=2)
        recalls.visit(recall, midnight(date(2029, 9, 20), SANTIAGO) + timedelta(minutes=minutes), Status.COMPLETED)
    assert recalls.booked("2029-08") == 1


def test_a_visit_before_the_day_counts_and_the_one_from_which_the_recall_comes_does_not(recalls: Recalls) -> None:
    early = recalls.add(date(2029, 11, 15), created_at=midnight(date(2029, 5, 15)))
    recalls.visit(early, midnight(date(2029, 11, 1)), Status.COMPLETED)
    before = recalls.add(date(2029, 11, 16), created_at=midnight(date(2029, 5, 16)))
    recalls.visit(before, midnight(date(2029, 5, 14)), Status.COMPLETED)
    opened_by = recalls.visit(before, midnight(date(2029, 5, 16)), Status.COMPLETED)
    recalls.terminal.practice.add(before)
    before.opened_by = opened_by
    recalls.terminal.practice.session.commit()
    assert recalls.booked("2029-11") == 1


def test_the_visit_that_ended_a_recall_counts_even_if_it_was_over_when_the_recall_was_made(recalls: Recalls) -> None:
    recall = recalls.add(date(2029, 11, 15), created_at=midnight(date(2029, 11, 15)), status=RecallStatus.DONE)
    recall.done_by = recalls.visit(recall, midnight(date(2029, 11, 14)), Status.COMPLETED)
    recalls.terminal.practice.session.commit()
    assert recalls.booked("2029-11") == 1


def test_visits_of_others_and_of_other_treatments_do_not_count(recalls: Recalls) -> None:
    recall = recalls.add(date(2029, 11, 15))
    recalls.visit(recall, midnight(date(2029, 11, 20)), Status.COMPLETED, treatment_id=2)
    recalls.visit(
        recall, midnight(date(2029, 11, 20)), Status.COMPLETED, patient_id=recalls.terminal.practice.ids["pat"]
    )
    assert recalls.booked("2029-11") == 0


@pytest.mark.parametrize(
    ("due_on", "overdue"),
    [
        (date(2029, 10, 8), (0, 0, 0)),
        (date(2029, 10, 7), (1, 0, 0)),
        (date(2029, 7, 8), (1, 0, 0)),
        (date(2029, 7, 7), (1, 1, 0)),
        (date(2029, 1, 8), (1, 1, 0)),
        (date(2029, 1, 7), (1, 1, 1)),
    ],
)
def test_a_recall_is_overdue_from_the_day_of_the_month(
    recalls: Recalls, due_on: date, overdue: tuple[int, int, int]
) -> None:
    """Today is 7 January 2030."""
    recalls.add(due_on)
    [row] = recalls.report("--from", "2029-01")
    assert tuple(row[f"overdue_{months}_months"] for months in (3, 6, 12)) == overdue


def test_today_is_that_of_the_clinics_calendar(recalls: Recalls) -> None:
    """At 14:00 UTC on 7 January it is 8 January on Kiritimati."""
    east = recalls.terminal.practice.add_clinic("Kiritimati", "Pacific/Kiritimati").clinic_id
    for clinic_id in (1, east):
        recalls.add(date(2029, 10, 8), clinic_id=clinic_id)
    assert [row["overdue_3_months"] for row in recalls.report()] == [0, 1]


def test_whoever_has_a_visit_ahead_or_has_come_is_not_overdue(recalls: Recalls) -> None:
    day = date(2029, 7, 1)
    recalls.visit(recalls.add(day), NOW - timedelta(minutes=5), Status.CHECKED_IN)
    recalls.visit(recalls.add(day), NOW + timedelta(days=90), Status.REQUESTED)
    recalls.add(day, status=RecallStatus.DONE)
    recalls.visit(recalls.add(day), NOW + timedelta(days=1), Status.CANCELLED)
    recalls.visit(recalls.add(day), NOW - timedelta(days=1), Status.BOOKED)
    [row] = recalls.report()
    assert (row["due"], row["overdue_6_months"], row["booked_within_30_days"]) == (5, 2, 0)


def test_a_clinic_whose_time_zone_nobody_knows_is_left_out_and_named(recalls: Recalls) -> None:
    terminal = recalls.terminal
    recalls.add(date(2029, 11, 15), clinic_id=terminal.practice.add_clinic("Lima Sur", "Peru/Lima").clinic_id)
    result = terminal.run("recalls", "report")
    assert (result.exit_code, result.stderr) == (
        Exit.DONE,
        "Left out, because their time zones are not known: Lima Sur.\n",
    )
    assert terminal.done("recalls", "report")["months"] == []


def test_people_read_a_table(recalls: Recalls) -> None:
    recalls.add(date(2029, 7, 1))
    lines = recalls.terminal.run("recalls", "report").stdout.splitlines()
    assert [" ".join(line.split()) for line in lines] == [
        "CLINIC MONTH DUE BOOKED WITHIN 30 DAYS OVERDUE 3 MONTHS 6 MONTHS 12 MONTHS",
        "Lima Centro 2029-07 1 0 1 1 0",
    ]


def test_spreadsheets_read_csv_without_formulas(recalls: Recalls) -> None:
    terminal = recalls.terminal
    recalls.add(date(2029, 7, 1), clinic_id=terminal.practice.add_clinic('=1+"1"', "UTC").clinic_id)
    rows = list(csv.DictReader(terminal.run("recalls", "report", "--csv").stdout.splitlines()))
    assert [(row["clinic"], row["month"], row["due"], row["overdue_6_months"]) for row in rows] == [
        ('\'=1+"1"', "2029-07", "1", "1")
    ]


@pytest.mark.parametrize("month", ["2029", "2029-13", "2029-1", "29-01", "0999-01"])
def test_what_is_no_month_is_a_usage_error(terminal: Terminal, month: str) -> None:
    result = terminal.run("recalls", "report", "--from", month)
    assert (result.exit_code, "Give a month such as 2030-01." in result.stderr) == (Exit.USAGE, True)


@pytest.mark.parametrize("options", [("2029-02", "2029-01"), ("2027-01", "2030-01")], ids=["order", "too many"])
def test_months_in_the_wrong_order_and_too_many_are_refused(terminal: Terminal, options: tuple[str, str]) -> None:
    first, last = options
    assert terminal.refused("recalls", "report", "--from", first, "--to", last)["field"] == "to"


def test_the_number_of_statements_follows_the_months_and_not_the_recalls(recalls: Recalls, engine: Engine) -> None:
    def statements() -> int:
        sent: list[str] = []

        def note(*call: Any) -> None:
            sent.append(call[2])

        event.listen(engine, "before_cursor_execute", note)
        recalls.report("--from", "2029-11", "--to", "2029-12")
        event.remove(engine, "before_cursor_execute", note)
        return len(sent)

    recalls.add(date(2029, 11, 1))
    few = statements()
    for day in range(1, 30):
        recalls.add(date(2029, 11, day))
    zones = {clinic.time_zone for clinic in recalls.terminal.practice.rows(Clinic)}
    assert few == statements() == 1 + 2 * len(zones)


def test_the_document_says_which_months_it_is_about(terminal: Terminal) -> None:
    assert json.loads(terminal.run("recalls", "report", "--json").stdout) == {
        "from": "2029-02",
        "to": "2030-01",
        "months": [],
        "without_time_zone": [],
    }
