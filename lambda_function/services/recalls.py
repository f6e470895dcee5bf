"""Recalls are opened by completing a visit and by staff, who change and dismiss them as well. A patient has at most one
open recall for a treatment: everything that opens or ends one holds the patient's lock.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from lambda_function.db.repositories import outbox
from lambda_function.db.repositories import recalls as recall_rows
from lambda_function.db.repositories.booking import doctor_clinic
from lambda_function.db.repositories.catalogue import has_clinic, visible_ids
from lambda_function.db.repositories.recalls import NewRecall, StoredRecall
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.errors import (
    AlreadyRecalledError,
    ContentionError,
    InvalidInputError,
    InvalidTransitionError,
    NotFoundError,
)
from lambda_function.domain.messages import rfc3339
from lambda_function.domain.permissions import Action, Subject, require
from lambda_function.domain.recalls import DISMISSED, DONE, OPENED, RecallAction, RecallStatus, check_due_on, due_day
from lambda_function.domain.time_zones import time_zone
from lambda_function.domain.versions import check_version
from lambda_function.services.catalogue import check_ids
from lambda_function.services.guardians import lock_patient
from lambda_function.services.visits import LockedVisit

_NOBODY = "This person is not an active patient of the clinic. Choose another `clinic_id`, or book a visit there first."
_ALREADY = (
    "The patient has an open recall for this treatment, perhaps in another clinic. Change or dismiss it there instead."
)
# Why a recall ends that nobody can look after any more.
_CLINIC_CLOSED = "Its clinic has closed"
Message = dict[str, object]


@dataclass(frozen=True, slots=True)
class RecallRequest:
    """A recall to open. If no clinic is given, it is the doctor's, else that one of the actor's active clinics in which
    the patient had the last visit, else the one of them with the lowest id.
    """

    patient_id: int
    treatment_id: int
    due_on: date
    clinic_id: int | None = None
    doctor_id: int | None = None
    note: str | None = None


def visit_completed(work: UnitOfWork, locked: LockedVisit) -> list[Message]:
    """Ends the patient's open recall for the treatment of a visit that has just been completed, and opens the next one
    if patients are due for it again, in one statement at most. Returns the messages for the outbox.

    Nothing changes if a later visit of the treatment has been completed before, whatever became of its recall, or if
    staff have set the day of the open recall since the visit began. A clinic whose time zone nobody knows has no days,
    and its patients are not recalled.
    """
    if locked.recall_stays:
        return []
    visit, open_id, zone = locked.appointment, locked.open_recall_id, time_zone(locked.time_zone)
    new: NewRecall | None = None
    if locked.recall_months is not None and zone is not None:
        due_on = due_day(visit.starts_at.astimezone(zone).date(), locked.recall_months)
        new = NewRecall(
            visit.patient_id,
            visit.treatment_id,
            visit.clinic_id,
            visit.doctor_id,
            due_on,
            opened_by=visit.appointment_id,
        )
    messages = []
    if open_id is not None:
        messages.append(_message(work, DONE, open_id, visit, locked.country, appointment_id=visit.appointment_id))
        if new is None:
            recall_rows.end(work.session, open_id, visit.appointment_id, work.now)
    if new is not None:
        if open_id is None:
            new_id = recall_rows.add(work.session, new, work.now)
        else:
            new_id = recall_rows.replace_open(work.session, open_id, new, work.now)
        messages.append(
            _message(
                work,
                OPENED,
                new_id,
                visit,
                locked.country,
                due_on=new.due_on,
                appointment_id=visit.appointment_id,
            )
        )
    return messages


def open_recall(work: UnitOfWork, request: RecallRequest) -> int:
    """Opens a recall by hand, and returns its id. An open one for the treatment in a clinic that is not active any more
    is dismissed, because nobody there can do so.

    Raises ForbiddenError, InvalidInputError, AlreadyRecalledError.
    """
    require(work.actor, Action.SET_RECALLS)
    check_due_on(request.due_on, work.now.date())
    if visible_ids(work.session, patient_id=request.patient_id).patient_id is None:
        raise InvalidInputError("There is no such patient. Look patients up with GET /users.", field="patient_id")
    check_ids(work, treatment_id=request.treatment_id, doctor_id=None, clinic_id=request.clinic_id)
    clinic_id = _clinic_of(work, request)
    require(work.actor, Action.SET_RECALLS, Subject(request.patient_id, request.doctor_id, clinic_id))
    _check_active(work, request, clinic_id)
    lock_patient(work, request.patient_id)
    if not recall_rows.is_patient_of(work.session, request.patient_id, clinic_id):
        raise InvalidInputError(_NOBODY, field="patient_id")
    _end_present(work, request)
    new = NewRecall(
        request.patient_id, request.treatment_id, clinic_id, request.doctor_id, request.due_on, note=request.note
    )
    recall_id = recall_rows.add(work.session, new, work.now)
    note_event(work, recall_id, RecallAction.OPEN)
    tell(work, OPENED, [recall_id])
    return recall_id


def open_many(work: UnitOfWork, recalls: Sequence[NewRecall]) -> None:
    """Opens recalls for an operator, in the same number of statements however many there are. The patients are locked,
    none of them has an open one for the treatment, and no treatment comes twice for a patient.
    """
    if recalls:
        ids = recall_rows.add_many(work.session, recalls, work.now)
        recall_rows.add_events(work.session, *(_event(work, recall_id, RecallAction.OPEN) for recall_id in ids))
        tell(work, OPENED, ids)


def _clinic_of(work: UnitOfWork, request: RecallRequest) -> int:
    if request.doctor_id is not None:
        return _clinic_of_doctor(work, request.doctor_id, request.clinic_id)
    if request.clinic_id is not None:
        return request.clinic_id
    usual = recall_rows.usual_clinic(work.session, request.patient_id, work.actor.clinic_ids)
    if usual is None:
        raise InvalidInputError(
            "None of your clinics is active. Ask an operator to assign you to one that is.", field="clinic_id"
        )
    return usual


def _check_active(work: UnitOfWork, request: RecallRequest, clinic_id: int) -> None:
    """Raises InvalidInputError for a clinic that is not active any more. The usual one is."""
    if (request.clinic_id, request.doctor_id) == (None, None) or has_clinic(work.session, clinic_id):
        return
    if request.clinic_id is None:
        raise InvalidInputError(
            "The clinic of this doctor is no longer active. Choose a doctor of another clinic.", field="doctor_id"
        )
    raise InvalidInputError("This clinic is no longer active. Choose another `clinic_id`.", field="clinic_id")


def _end_present(work: UnitOfWork, request: RecallRequest) -> None:
    """Ends the patient's open recall for the treatment if its clinic is no longer active. The patient is locked.

    Raises AlreadyRecalledError for any other.
    """
    present = recall_rows.open_of(work.session, request.patient_id)
    same = [recall for recall in present if recall.treatment_id == request.treatment_id]
    if any(has_clinic(work.session, recall.clinic_id) for recall in same):
        raise AlreadyRecalledError(_ALREADY)
    dismiss_locked(work, same, _CLINIC_CLOSED)


def _clinic_of_doctor(work: UnitOfWork, doctor_id: int, clinic_id: int | None) -> int:
    """Raises InvalidInputError for nobody in practice, and for a doctor of another clinic than the one asked for."""
    clinic = doctor_clinic(work.session, doctor_id)
    if clinic is None:
        raise InvalidInputError("There is no such doctor. Look doctors up with GET /doctors.", field="doctor_id")
    if clinic_id not in {None, clinic.clinic_id}:
        raise InvalidInputError("This doctor works in another clinic.", field="doctor_id")
    return clinic.clinic_id


def change(
    work: UnitOfWork, recall_id: int, values: Mapping[str, Any], *, expected_versions: frozenset[int] | None = None
) -> None:
    """Changes `due_on`, `doctor_id` and `note` of an open recall. A value that is the same already is no change.
    If the day changes, the patient gets new messages.

    Raises NotFoundError, ForbiddenError, StaleVersionError, InvalidInputError, InvalidTransitionError.
    """
    recall = _locked(work, recall_id, expected_versions)
    changed = {name: value for name, value in values.items() if value != getattr(recall, name)}
    if "due_on" in changed:
        check_due_on(changed["due_on"], work.now.date())
    if changed.get("doctor_id") is not None:
        _clinic_of_doctor(work, changed["doctor_id"], recall.clinic_id)
    if not changed:
        return
    written = {**changed, "due_set_at": work.now} if "due_on" in changed else changed
    recall_rows.change(work.session, recall_id, written, work.now)
    note_event(work, recall_id, RecallAction.CHANGE, changes=_told_changes(recall, changed))


def _told_changes(recall: StoredRecall, changed: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what the history says of a change: the day and the doctor before and after, and that the note changed."""
    told: dict[str, Any] = {}
    for name, value in changed.items():
        before = getattr(recall, name)
        match name:
            case "note":
                told[name] = True
            case "due_on":
                told[name] = {"from": before.isoformat(), "to": value.isoformat()}
            case _:
                told[name] = {"from": before, "to": value}
    return told


def dismiss(work: UnitOfWork, recall_id: int, reason: str, *, expected_versions: frozenset[int] | None = None) -> None:
    """Ends an open recall without a visit.

    Raises NotFoundError, ForbiddenError, StaleVersionError, InvalidTransitionError.
    """
    recall = _locked(work, recall_id, expected_versions)
    dismiss_locked(work, [recall], reason)


def dismiss_locked(work: UnitOfWork, recalls: Iterable[StoredRecall], reason: str) -> None:
    """Ends these open recalls, whose patients are locked, in four statements, however many there are."""
    ids = [recall.recall_id for recall in recalls]
    if ids:
        recall_rows.dismiss(work.session, ids, work.now)
        recall_rows.add_events(
            work.session, *(_event(work, recall_id, RecallAction.DISMISS, reason=reason) for recall_id in ids)
        )
        tell(work, DISMISSED, ids)


def _locked(work: UnitOfWork, recall_id: int, expected_versions: frozenset[int] | None) -> StoredRecall:
    """Locks the patient and an open recall, and checks what the actor may do with it."""
    found = recall_rows.find(work.session, recall_id)
    if found is None:
        raise NotFoundError("There is no such recall.")
    require(work.actor, Action.SET_RECALLS, Subject(found.patient_id, found.doctor_id, found.clinic_id))
    lock_patient(work, found.patient_id)
    recall = recall_rows.lock(work.session, recall_id)
    if recall is None or recall.patient_id != found.patient_id:
        raise ContentionError("The patient of the recall was erased or merged at the same time; try again.")
    check_version(recall.version, expected_versions)
    if recall.status is not RecallStatus.OPEN:
        raise InvalidTransitionError(f"This recall is {recall.status} and stays so. Open another one if need be.")
    return recall


def tell(work: UnitOfWork, kind: str, recall_ids: Collection[int]) -> None:
    """Adds messages about recalls as they are now to the outbox, in two statements, however many there are."""
    messages = [
        _message(work, kind, recall.recall_id, recall, recall.country, due_on=recall.due_on if kind == OPENED else None)
        for recall in recall_rows.to_tell(work.session, recall_ids)
    ]
    if messages:
        outbox.add(work.session, messages)


class _About(Protocol):
    """What a recall is about: the recall itself, or the visit whose completion opened or ended it."""

    @property
    def treatment_id(self) -> int: ...
    @property
    def clinic_id(self) -> int: ...


def _message(
    work: UnitOfWork,
    kind: str,
    recall_id: int,
    about: _About,
    country: str,
    *,
    due_on: date | None = None,
    appointment_id: int | None = None,
) -> Message:
    """Returns a message without anything personal."""
    detail = {
        "recall_id": recall_id,
        "treatment_id": about.treatment_id,
        "country": country,
        "clinic_id": about.clinic_id,
        "appointment_id": appointment_id,
        "due_on": None if due_on is None else due_on.isoformat(),
        "at": rfc3339(work.now),
    }
    return {"kind": kind, "detail": detail, "created_at": work.now}


def note_event(
    work: UnitOfWork,
    recall_id: int,
    action: RecallAction,
    *,
    reason: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> None:
    recall_rows.add_events(work.session, _event(work, recall_id, action, reason=reason, changes=changes))


def _event(
    work: UnitOfWork,
    recall_id: int,
    action: RecallAction,
    *,
    reason: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "recall_id": recall_id,
        "at": work.now,
        "actor_id": work.actor_id,
        "action": action,
        "reason": reason,
        "changes": dict(changes or {}),
    }
