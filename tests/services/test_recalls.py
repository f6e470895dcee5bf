"""What staff do to recalls, in the database."""

from datetime import date, timedelta

import pytest
from sqlalchemy import update

from lambda_function.db.models import Recall, User
from lambda_function.domain.appointment import Status
from lambda_function.domain.errors import (
    AlreadyRecalledError,
    ForbiddenError,
    InvalidInputError,
    InvalidTransitionError,
    NotFoundError,
    StaleVersionError,
)
from lambda_function.domain.recalls import DISMISSED, OPENED, RecallAction, RecallStatus
from tests.api.conditions import move_doctor, set_clinic
from tests.clock import NOW
from tests.services.recall_desk import DUE, VISIT, Desk


def test_a_recall_by_hand_is_in_the_history_and_told_without_a_visit(desk: Desk) -> None:
    recall_id = desk.open(note="Asked for it")
    [recall] = desk.rows()
    assert (recall.recall_id, recall.clinic_id, recall.opened_by) == (recall_id, 1, None)
    assert desk.history() == [(RecallAction.OPEN, None, {})]
    [(kind, detail)] = desk.told()
    assert (kind, detail["recall_id"], detail["appointment_id"]) == (OPENED, recall_id, None)
    assert "Asked" not in str(detail)


def test_the_clinic_of_a_recall_by_hand_is_that_of_the_doctor_else_of_the_last_visit_else_the_callers(
    desk: Desk,
) -> None:
    desk.practice.add_receptionist("both", clinics=(1, 2))
    ids = desk.practice.ids
    lowest = desk.open(by="both")
    desk.dismiss(lowest)
    desk.practice.add_appointment(NOW, doctor_id=ids["drsol"], clinic_id=2)
    last = desk.open(by="both")
    desk.dismiss(last, by="both")
    of_doctor = desk.open(by="both", doctor_id=ids["drwu"])
    clinics = {row.recall_id: row.clinic_id for row in desk.rows()}
    assert [clinics[number] for number in (lowest, last, of_doctor)] == [1, 2, 1]


def test_a_cancelled_or_missed_visit_does_not_decide_in_which_clinic_a_recall_is(desk: Desk) -> None:
    desk.practice.add_receptionist("both", clinics=(1, 2))
    desk.practice.add_appointment(NOW - timedelta(days=30), status=Status.COMPLETED)
    elsewhere = {"doctor_id": desk.practice.ids["drsol"], "clinic_id": 2}
    desk.practice.add_appointment(NOW - timedelta(days=1), status=Status.NO_SHOW, **elsewhere)
    desk.practice.add_appointment(NOW + timedelta(days=30), status=Status.CANCELLED, **elsewhere)
    desk.open(by="both")
    assert [row.clinic_id for row in desk.rows()] == [1]


def test_a_doctor_who_now_works_elsewhere_opens_a_recall_there(desk: Desk) -> None:
    desk.practice.add_appointment(NOW - timedelta(days=30), status=Status.COMPLETED)
    move_doctor(desk.practice, desk.practice.ids["drjay"], 2)
    desk.open(by="drjay")
    assert [row.clinic_id for row in desk.rows()] == [2]


def test_a_recall_by_default_is_in_no_clinic_that_has_closed(desk: Desk) -> None:
    desk.practice.add_receptionist("both", clinics=(1, 2))
    desk.practice.add_appointment(NOW, clinic_id=1, status=Status.COMPLETED)
    set_clinic(desk.practice, 1, active=False)
    desk.open(by="both")
    assert [row.clinic_id for row in desk.rows()] == [2]
    with pytest.raises(InvalidInputError, match="None of your clinics is active") as refusal:
        desk.open(treatment_id=2)
    assert refusal.value.field == "clinic_id"


@pytest.mark.parametrize(
    ("asked", "field"),
    [(("clinic_id",), "clinic_id"), (("doctor_id",), "doctor_id"), (("clinic_id", "doctor_id"), "clinic_id")],
    ids=str,
)
def test_nobody_opens_a_recall_in_a_clinic_that_has_closed(desk: Desk, asked: tuple[str, ...], field: str) -> None:
    desk.practice.add_receptionist("both", clinics=(1, 2))
    set_clinic(desk.practice, 2, active=False)
    ids = {"clinic_id": 2, "doctor_id": desk.practice.ids["drsol"]}
    with pytest.raises(InvalidInputError, match="is no longer active") as refusal:
        desk.open(by="both", **{name: ids[name] for name in asked})
    assert refusal.value.field == field
    with pytest.raises(ForbiddenError):
        desk.open(clinic_id=2)


def test_a_recall_of_a_clinic_that_has_closed_gives_way_to_a_new_one(desk: Desk) -> None:
    desk.practice.add_receptionist("both", clinics=(1, 2))
    left = desk.open(by="both", clinic_id=2)
    others = desk.open(by="both", clinic_id=2, treatment_id=2)
    set_clinic(desk.practice, 2, active=False)
    new = desk.open()
    statuses = {row.recall_id: (row.clinic_id, row.status) for row in desk.rows()}
    assert statuses == {
        left: (2, RecallStatus.DISMISSED),
        others: (2, RecallStatus.OPEN),
        new: (1, RecallStatus.OPEN),
    }
    assert desk.history()[2:] == [(RecallAction.DISMISS, "Its clinic has closed", {}), (RecallAction.OPEN, None, {})]
    assert [(kind, detail["recall_id"]) for kind, detail in desk.told()[2:]] == [(DISMISSED, left), (OPENED, new)]


def test_a_doctor_of_another_clinic_than_that_of_the_recall_is_refused(desk: Desk) -> None:
    desk.practice.add_receptionist("both", clinics=(1, 2))
    drsol = desk.practice.ids["drsol"]
    with pytest.raises(InvalidInputError, match="another clinic"):
        desk.open(by="both", doctor_id=drsol, clinic_id=1)
    recall = desk.open(by="both", clinic_id=1)
    with pytest.raises(InvalidInputError, match="another clinic"):
        desk.change(recall, by="both", doctor_id=drsol)


def test_a_doctor_who_has_left_is_refused(desk: Desk) -> None:
    recall_id = desk.open()
    desk.visit(doctor_id=desk.practice.ids["drwu"])  # rita goes on seeing the doctor of this visit
    desk.practice.session.execute(update(User).where(User.user_name == "drwu").values(active=False))
    desk.practice.session.commit()
    gone = desk.practice.ids["drwu"]

    with pytest.raises(InvalidInputError, match="no such doctor"):
        desk.open(treatment_id=2, doctor_id=gone, clinic_id=1)
    with pytest.raises(InvalidInputError, match="no such doctor"):
        desk.change(recall_id, doctor_id=gone)


def test_the_doctor_of_a_recall_may_change_though_its_treatment_is_no_longer_offered(desk: Desk) -> None:
    recall_id = desk.open()
    desk.set_treatment(active=False)
    desk.change(recall_id, doctor_id=desk.practice.ids["drwu"])
    assert desk.row(Recall, recall_id).doctor_id == desk.practice.ids["drwu"]


def test_two_open_recalls_for_a_treatment_are_refused_also_in_another_clinic(desk: Desk) -> None:
    desk.open()
    for by in ("rita", "drsol"):
        with pytest.raises(AlreadyRecalledError, match="perhaps in another clinic"):
            desk.open(by=by, clinic_id=1 if by == "rita" else 2)
    assert desk.open(treatment_id=2)


def test_nobody_and_a_patient_of_another_clinic_are_refused(desk: Desk) -> None:
    stranger = desk.practice.add_patient("santiago", clinics=(2,)).user_id
    for patient_id in (999, stranger):
        with pytest.raises(InvalidInputError, match="no such patient"):
            desk.open(patient_id=patient_id)
    with pytest.raises(ForbiddenError):
        desk.open(by="pat")


def test_a_change_is_in_the_history_with_the_day_before_and_after_but_without_the_note(desk: Desk) -> None:
    recall, drwu = desk.open(), desk.practice.ids["drwu"]
    desk.clock.advance(hours=1)
    desk.change(recall, due_on=date(2031, 5, 1), doctor_id=drwu, note="In May")
    [row] = desk.rows()
    assert (row.due_on, row.doctor_id, row.note, row.version) == (date(2031, 5, 1), drwu, "In May", 2)
    assert row.due_set_at == desk.clock.now
    changes = {
        "due_on": {"from": "2031-02-28", "to": "2031-05-01"},
        "doctor_id": {"from": None, "to": drwu},
        "note": True,
    }
    assert desk.history()[1:] == [(RecallAction.CHANGE, None, changes)]


def test_a_note_leaves_the_notices_as_they_are(desk: Desk) -> None:
    recall = desk.open()
    desk.clock.advance(hours=1)
    desk.change(recall, note="Mornings")
    assert desk.rows()[0].due_set_at == NOW


def test_what_is_the_same_already_is_no_change(desk: Desk) -> None:
    recall = desk.open()
    desk.change(recall, due_on=DUE, note=None)
    assert (desk.rows()[0].version, len(desk.history())) == (1, 1)


def test_dismissing_ends_a_recall_with_a_reason_that_only_the_history_knows(desk: Desk) -> None:
    recall = desk.open()
    desk.dismiss(recall)
    [row] = desk.rows()
    assert (row.status, row.open_key, row.done_by, row.version) == (RecallStatus.DISMISSED, None, None, 2)
    assert desk.history()[1:] == [(RecallAction.DISMISS, "Moved abroad", {})]
    kind, detail = desk.told()[-1]
    assert (kind, detail["recall_id"], detail["due_on"]) == (DISMISSED, recall, None)
    assert "abroad" not in str(detail)
    assert desk.open() != recall


def test_what_has_ended_can_be_neither_changed_nor_dismissed(desk: Desk) -> None:
    recall = desk.open()
    desk.completed()
    with pytest.raises(InvalidTransitionError, match="DONE"):
        desk.change(recall, note="Late")
    with pytest.raises(InvalidTransitionError, match="DONE"):
        desk.dismiss(recall)


def test_a_stale_version_and_a_recall_of_another_clinic_are_refused(desk: Desk) -> None:
    recall = desk.open()
    desk.change(recall, version=1, note="First")
    with pytest.raises(StaleVersionError):
        desk.change(recall, version=1, note="Second")
    with pytest.raises(NotFoundError):
        desk.dismiss(recall, by="rosa")
    with pytest.raises(ForbiddenError):
        desk.dismiss(recall, by="pat")


def test_deactivating_a_patient_dismisses_the_open_recalls_and_reactivating_leaves_them(desk: Desk) -> None:
    desk.completed()
    desk.open(treatment_id=2)
    desk.clock.now = VISIT + timedelta(hours=2)
    desk.deactivate()
    assert [row.status for row in desk.rows()] == [RecallStatus.DISMISSED] * 2
    assert desk.history()[1:] == [(RecallAction.DISMISS, "Patient deactivated", {})] * 2
    assert [kind for kind, _ in desk.told()][-2:] == [DISMISSED, DISMISSED]
    desk.reactivate()
    assert [row.status for row in desk.rows()] == [RecallStatus.DISMISSED] * 2
