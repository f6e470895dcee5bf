"""What completing a visit and staff do to recalls, in the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from lambda_function.db.models import Appointment, OutboxMessage, Recall, RecallEvent, Treatment, User
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.appointment import Status, Step
from lambda_function.domain.errors import (
    AlreadyRecalledError,
    ForbiddenError,
    InvalidInputError,
    InvalidTransitionError,
    NotFoundError,
    StaleVersionError,
)
from lambda_function.domain.recalls import DISMISSED, DONE, OPENED, RecallAction, RecallStatus
from lambda_function.services import deactivation, lifecycle, recalls
from lambda_function.services.recalls import RecallRequest
from tests.clock import NOW, Clock
from tests.factories import Practice

MONTHS = 6
# A visit of that morning in Lima, on the last day of August.
VISIT = datetime(2030, 8, 31, 15, 0, tzinfo=UTC)
DUE = date(2031, 2, 28)


@dataclass(frozen=True, slots=True)
class Desk:
    """The demo practice, where the check-up is due again after six months and the cleaning never."""

    database: Database
    practice: Practice
    clock: Clock

    def visit(self, starts_at: datetime = VISIT, **columns: Any) -> int:
        """Returns a visit of pat with drjay that is under way."""
        return self.practice.add_appointment(starts_at, status=Status.CHECKED_IN, **columns).appointment_id

    def complete(self, appointment_id: int, *, by: str = "drjay") -> None:
        visit = self.row(Appointment, appointment_id)
        self.clock.now = max(self.clock.now, visit.ends_at)
        self._act(by, lambda work: lifecycle.take(work, appointment_id, Step.COMPLETE))

    def completed(self, starts_at: datetime = VISIT, *, by: str = "drjay", **columns: Any) -> int:
        appointment_id = self.visit(starts_at, **columns)
        self.complete(appointment_id, by=by)
        return appointment_id

    def open(self, *, by: str = "rita", **request: Any) -> int:
        asked = {"patient_id": self.practice.ids["pat"], "treatment_id": 1, "due_on": DUE, **request}
        opened = self._act(by, lambda work: recalls.open_recall(work, RecallRequest(**asked)))
        assert isinstance(opened, int)
        return opened

    def change(self, recall_id: int, *, by: str = "rita", version: int | None = None, **values: Any) -> None:
        expected = None if version is None else frozenset({version})
        self._act(by, lambda work: recalls.change(work, recall_id, values, expected_versions=expected))

    def dismiss(self, recall_id: int, *, by: str = "rita", reason: str = "Moved abroad") -> None:
        self._act(by, lambda work: recalls.dismiss(work, recall_id, reason))

    def deactivate(self, user_name: str = "pat", *, by: str = "rita") -> None:
        user_id = self.practice.ids[user_name]
        self._act(by, lambda work: deactivation.deactivate_patient(work, user_id))

    def _act(self, user_name: str, run: Any) -> object:
        actor = self.practice.actor(user_name)

        def act(work: UnitOfWork) -> object:
            work.act_as(actor)
            return run(work)

        return self.database.transact(act)

    def rows(self) -> list[Recall]:
        return sorted(self.practice.rows(Recall), key=lambda row: row.recall_id)

    def row(self, mapped: type[Any], number: int) -> Any:
        self.practice.session.rollback()
        return self.practice.session.get_one(mapped, number, populate_existing=True)

    def told(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Returns the messages about recalls in their order."""
        rows = sorted(self.practice.rows(OutboxMessage), key=lambda row: row.outbox_id)
        return [(row.kind, row.detail) for row in rows if row.kind.startswith("recall.")]

    def history(self) -> list[tuple[RecallAction, str | None, Mapping[str, Any]]]:
        rows = sorted(self.practice.rows(RecallEvent), key=lambda row: row.recall_event_id)
        return [(row.action, row.reason, row.changes) for row in rows]


@pytest.fixture
def desk(database: Database, practice: Practice, clock: Clock) -> Desk:
    """Kim has visits before and after, so that what is read of the wrong visit is seen."""
    for start in (VISIT - timedelta(days=300), VISIT + timedelta(days=300)):
        practice.add_appointment(start, patient_id=practice.ids["kim"])
    practice.session.execute(update(Treatment).where(Treatment.treatment_id == 1).values(recall_months=MONTHS))
    practice.session.execute(update(Treatment).where(Treatment.treatment_id == 2).values(recall_months=None))
    practice.session.commit()
    return Desk(database, practice, clock)


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
    later = desk.completed(VISIT + timedelta(days=40))
    desk.complete(earlier)
    [recall] = desk.rows()
    assert (recall.opened_by, recall.status, recall.version) == (later, RecallStatus.OPEN, 1)
    assert [kind for kind, _ in desk.told()] == [OPENED]


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
    desk.practice.session.execute(update(Treatment).where(Treatment.treatment_id == 1).values(active=False))
    desk.practice.session.commit()
    desk.change(recall_id, doctor_id=desk.practice.ids["drwu"])
    assert desk.row(Recall, recall_id).doctor_id == desk.practice.ids["drwu"]


def test_two_open_recalls_for_a_treatment_are_refused_also_in_another_clinic(desk: Desk) -> None:
    desk.open()
    for by in ("rita", "drsol"):
        with pytest.raises(AlreadyRecalledError):
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
    desk._act("rita", lambda work: deactivation.reactivate_patient(work, desk.practice.ids["pat"]))
    assert [row.status for row in desk.rows()] == [RecallStatus.DISMISSED] * 2
