"""What completing a visit does to recalls, in the database."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from lambda_function.db.models import User
from lambda_function.domain.appointment import Status, Step
from lambda_function.domain.recalls import DISMISSED, DONE, OPENED, RecallStatus
from lambda_function.services import lifecycle
from lambda_function.services.operators.actions import OperatorContext, run
from tests.api.conditions import set_clinic
from tests.clock import NOW
from tests.services.recall_desk import DUE, LATER, MONTHS, VISIT, Desk


def test_completing_opens_a_recall_at_the_clinic_and_with_the_doctor_of_the_visit(desk: Desk) -> None:
    visit = desk.completed()
    [recall] = desk.rows()
    assert (recall.patient_id, recall.treatment_id, recall.clinic_id) == (desk.practice.ids["pat"], 1, 1)
    assert (recall.doctor_id, recall.due_on, recall.opened_by) == (desk.practice.ids["drjay"], DUE, visit)
    assert (recall.status, recall.version, recall.due_set_at) == (RecallStatus.OPEN, 1, desk.clock.now)
    assert desk.history() == []


def test_the_day_of_the_visit_is_that_of_the_clinics_calendar(desk: Desk) -> None:
    """In Lima it is still 31 August when the first of September has begun in UTC."""
    desk.completed(datetime(2030, 9, 1, 1, 0, tzinfo=UTC))
    assert [row.due_on for row in desk.rows()] == [DUE]


def test_completing_ends_the_open_recall_and_opens_the_next(desk: Desk) -> None:
    first = desk.completed()
    second = desk.completed(VISIT + timedelta(days=170))
    done, opened = desk.rows()
    assert (done.status, done.open_key, done.opened_by, done.done_by) == (RecallStatus.DONE, None, first, second)
    assert (done.due_on, done.version, done.closed_at) == (DUE, 2, desk.clock.now)
    assert (opened.status, opened.opened_by, opened.done_by) == (RecallStatus.OPEN, second, None)
    assert (opened.version, opened.closed_at, opened.due_on) == (1, None, date(2031, 8, 17))


def test_what_was_written_by_hand_stays_in_the_recall_that_has_ended(desk: Desk) -> None:
    by_hand = desk.open(note="Likes mornings", due_on=date(2030, 9, 9), doctor_id=desk.practice.ids["drwu"])
    desk.completed()
    done, opened = desk.rows()
    assert (done.recall_id, done.note, done.due_on) == (by_hand, "Likes mornings", date(2030, 9, 9))
    assert (done.doctor_id, opened.note) == (desk.practice.ids["drwu"], None)


def test_a_visit_in_another_clinic_ends_the_recall_and_opens_the_next_there(desk: Desk) -> None:
    desk.open()
    desk.completed(by="drsol", doctor_id=desk.practice.ids["drsol"], clinic_id=2)
    assert [(row.clinic_id, row.status) for row in desk.rows()] == [(1, RecallStatus.DONE), (2, RecallStatus.OPEN)]


def test_a_visit_that_is_completed_after_a_later_one_changes_nothing(desk: Desk) -> None:
    earlier = desk.visit()
    later = desk.completed(LATER)
    desk.complete(earlier)
    [recall] = desk.rows()
    assert (recall.opened_by, recall.status, recall.version) == (later, RecallStatus.OPEN, 1)
    assert [kind for kind, _ in desk.told()] == [OPENED]


def test_an_older_visit_opens_nothing_after_the_recall_of_a_later_one_was_dismissed(desk: Desk) -> None:
    earlier = desk.visit()
    desk.completed(LATER)
    desk.dismiss(desk.rows()[0].recall_id)
    desk.complete(earlier)
    assert [row.status for row in desk.rows()] == [RecallStatus.DISMISSED]
    assert [kind for kind, _ in desk.told()] == [OPENED, DISMISSED]


def test_an_older_visit_leaves_what_was_opened_by_hand_in_place_of_the_recall_of_a_later_one(desk: Desk) -> None:
    earlier = desk.visit()
    desk.completed(LATER)
    desk.dismiss(desk.rows()[0].recall_id)
    by_hand = desk.open(due_on=date(2032, 1, 1))
    desk.complete(earlier)
    assert [(row.recall_id, row.version) for row in desk.open_rows()] == [(by_hand, 1)]
    assert len(desk.rows()) == 2


def test_an_older_visit_opens_nothing_after_a_later_one_for_which_nobody_was_due_again(desk: Desk) -> None:
    earlier = desk.visit()
    desk.set_treatment(recall_months=None)
    desk.completed(LATER)
    desk.set_treatment(recall_months=MONTHS)
    desk.complete(earlier)
    assert desk.rows() == []


def test_an_older_visit_leaves_what_operators_opened_by_a_later_one(desk: Desk) -> None:
    earlier = desk.visit()
    desk.set_treatment(recall_months=None)
    desk.completed(LATER)
    desk.set_treatment(recall_months=MONTHS)
    run(OperatorContext(desk.database), "recalls.backfill", {"treatment": "checkup"})
    desk.complete(earlier)
    assert [(row.status, row.due_on, row.version) for row in desk.rows()] == [(RecallStatus.OPEN, date(2031, 4, 10), 1)]


def test_an_older_visit_opens_nothing_for_who_was_deactivated_and_has_come_back(desk: Desk) -> None:
    earlier = desk.visit()
    desk.completed(LATER)
    desk.deactivate()
    desk.reactivate()
    desk.complete(earlier)
    assert [row.status for row in desk.rows()] == [RecallStatus.DISMISSED]


def test_a_later_visit_in_another_clinic_counts_as_well(desk: Desk) -> None:
    earlier = desk.visit()
    later = desk.completed(LATER, by="drsol", doctor_id=desk.practice.ids["drsol"], clinic_id=2)
    desk.complete(earlier)
    assert [(row.opened_by, row.clinic_id) for row in desk.rows()] == [(later, 2)]


@pytest.mark.parametrize(
    "other",
    [{"treatment_id": 2}, {"status": Status.BOOKED}, {"status": Status.CANCELLED}, {"status": Status.NO_SHOW}],
    ids=str,
)
def test_a_later_visit_that_is_not_completed_or_for_something_else_does_not_count(
    desk: Desk, other: dict[str, Any]
) -> None:
    desk.practice.add_appointment(LATER, **{"status": Status.COMPLETED, **other})
    visit = desk.completed()
    assert [(row.opened_by, row.status) for row in desk.rows()] == [(visit, RecallStatus.OPEN)]


def test_what_staff_opened_since_the_visit_began_stays_when_it_is_completed(desk: Desk) -> None:
    """The reception opens it at checkout, and five minutes later the doctor completes the visit."""
    visit = desk.visit()
    desk.clock.now = VISIT
    by_hand = desk.open(due_on=date(2030, 11, 30), note="Look at the gums")
    desk.complete(visit)
    [recall] = desk.rows()
    assert (recall.recall_id, recall.status, recall.version) == (by_hand, RecallStatus.OPEN, 1)
    assert (recall.due_on, recall.note) == (date(2030, 11, 30), "Look at the gums")
    assert [kind for kind, _ in desk.told()] == [OPENED]


def test_what_staff_moved_to_another_day_since_the_visit_began_stays(desk: Desk) -> None:
    recall_id, visit = desk.open(), desk.visit()
    desk.clock.now = VISIT + timedelta(minutes=20)
    desk.change(recall_id, due_on=date(2030, 11, 30))
    desk.complete(visit)
    assert [(row.recall_id, row.status, row.version) for row in desk.rows()] == [(recall_id, RecallStatus.OPEN, 2)]


def test_what_staff_set_since_the_visit_began_stays_also_if_nobody_is_due_again(desk: Desk) -> None:
    visit = desk.visit(treatment_id=2)
    desk.clock.now = VISIT
    desk.open(treatment_id=2)
    desk.complete(visit)
    assert [row.status for row in desk.rows()] == [RecallStatus.OPEN]


@pytest.mark.parametrize("before", [timedelta(microseconds=1), timedelta(days=100)], ids=["just", "long"])
def test_what_staff_opened_before_the_visit_began_ends(desk: Desk, before: timedelta) -> None:
    desk.clock.now = VISIT - before
    desk.open()
    visit = desk.completed()
    assert [(row.status, row.done_by) for row in desk.rows()] == [(RecallStatus.DONE, visit), (RecallStatus.OPEN, None)]


def test_a_note_or_a_doctor_since_the_visit_began_keeps_no_recall_open(desk: Desk) -> None:
    recall_id, visit = desk.open(), desk.visit()
    desk.clock.now = VISIT
    desk.change(recall_id, note="Afternoons", doctor_id=desk.practice.ids["drwu"])
    desk.complete(visit)
    assert [row.status for row in desk.rows()] == [RecallStatus.DONE, RecallStatus.OPEN]


def test_what_operators_opened_since_the_visit_began_ends(desk: Desk) -> None:
    desk.practice.add_appointment(VISIT - timedelta(days=300), status=Status.COMPLETED)
    desk.clock.now = VISIT
    run(OperatorContext(desk.database), "recalls.backfill", {"treatment": "checkup"})
    desk.completed()
    assert [row.status for row in desk.rows()] == [RecallStatus.DONE, RecallStatus.OPEN]


def test_what_operators_opened_and_staff_moved_since_the_visit_began_stays(desk: Desk) -> None:
    desk.practice.add_appointment(VISIT - timedelta(days=300), status=Status.COMPLETED)
    run(OperatorContext(desk.database), "recalls.backfill", {"treatment": "checkup"})
    visit = desk.visit()
    desk.clock.now = VISIT
    desk.change(desk.rows()[0].recall_id, due_on=date(2030, 11, 30))
    desk.complete(visit)
    assert [(row.status, row.due_on) for row in desk.rows()] == [(RecallStatus.OPEN, date(2030, 11, 30))]


def test_a_treatment_that_is_out_of_use_ends_a_recall_and_opens_none(desk: Desk) -> None:
    desk.open()
    desk.set_treatment(active=False)
    visit = desk.completed()
    assert [(row.status, row.done_by) for row in desk.rows()] == [(RecallStatus.DONE, visit)]


def test_a_clinic_that_has_closed_opens_no_recall_when_a_past_visit_is_completed(desk: Desk) -> None:
    desk.open()
    set_clinic(desk.practice, 1, active=False)
    visit = desk.completed()
    assert [(row.status, row.done_by) for row in desk.rows()] == [(RecallStatus.DONE, visit)]


def test_a_treatment_that_is_not_due_again_ends_a_recall_and_opens_none(desk: Desk) -> None:
    desk.open(treatment_id=2)
    visit = desk.completed(treatment_id=2)
    [recall] = desk.rows()
    assert (recall.status, recall.done_by, recall.version) == (RecallStatus.DONE, visit, 2)
    assert [kind for kind, _ in desk.told()] == [OPENED, DONE]


def test_another_treatment_leaves_the_recall_open(desk: Desk) -> None:
    desk.open()
    desk.completed(treatment_id=2)
    assert [row.status for row in desk.rows()] == [RecallStatus.OPEN]


@pytest.mark.parametrize("gone", [{"active": False}, {"active": False, "erased_at": NOW}], ids=["inactive", "erased"])
def test_who_is_gone_is_not_recalled(desk: Desk, gone: dict[str, Any]) -> None:
    desk.practice.session.execute(update(User).where(User.user_name == "pat").values(gone))
    desk.practice.session.commit()
    desk.completed()
    assert (desk.rows(), desk.told()) == ([], [])


def test_a_clinic_whose_zone_nobody_knows_recalls_nobody(desk: Desk) -> None:
    desk.open()
    clinic = desk.practice.add_clinic("Broken", "localtime").clinic_id
    visit = desk.completed(clinic_id=clinic)
    assert [(row.status, row.done_by) for row in desk.rows()] == [(RecallStatus.DONE, visit)]


@pytest.mark.parametrize("step", [Step.NO_SHOW, Step.CANCEL])
def test_a_visit_that_did_not_take_place_leaves_the_recall_open(desk: Desk, step: Step) -> None:
    desk.open()
    visit = desk.practice.add_appointment(NOW + timedelta(days=1)).appointment_id
    desk.clock.now = NOW + timedelta(days=2 if step is Step.NO_SHOW else 0)
    desk._act("rita", lambda work: lifecycle.take(work, visit, step))
    assert [row.status for row in desk.rows()] == [RecallStatus.OPEN]


def test_other_systems_learn_what_has_ended_and_what_is_open(desk: Desk) -> None:
    desk.completed()
    visit = desk.completed(VISIT + timedelta(days=170))
    done, opened = desk.rows()
    about = {"treatment_id": 1, "country": "PE", "clinic_id": 1, "appointment_id": visit}
    at = {"at": desk.clock.now.isoformat().replace("+00:00", "Z")}
    assert desk.told()[1:] == [
        (DONE, {"recall_id": done.recall_id, "due_on": None, **about, **at}),
        (OPENED, {"recall_id": opened.recall_id, "due_on": "2031-08-17", **about, **at}),
    ]
