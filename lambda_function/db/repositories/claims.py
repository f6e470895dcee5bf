"""Locks, and claims of time. All rows of both are seen here, because a conflict with a row that the caller may not see
is also a conflict.

The order of locks is the same everywhere: doctors by id, patients by id, the row of an existing appointment, chairs by
id (docs/decisions/0001).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, func, insert, select
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect, instant_parameter
from lambda_function.db.errors import duplicate
from lambda_function.db.models import Chair, ClaimKind, Doctor, Patient, SlotClaim
from lambda_function.db.models.appointments import CLAIM_ROWS
from lambda_function.db.rows import columns, fetch_all, write
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.errors import ChairBusyError, DoctorBusyError, DomainError, PatientBusyError
from lambda_function.domain.intervals import Interval


@dataclass(frozen=True, slots=True)
class Claim:
    kind: ClaimKind
    resource_id: int
    time: Interval


def busy_error(kind: ClaimKind) -> DomainError:
    match kind:
        case ClaimKind.DOCTOR:
            return DoctorBusyError("The doctor is not free at that time.", field="starts_at")
        case ClaimKind.PATIENT:
            return PatientBusyError("The patient is not free at that time.", field="starts_at")
        case ClaimKind.CHAIR:
            return ChairBusyError("No chair is free at that time.", field="starts_at")


def claimed(kind: ClaimKind, resource: ColumnElement[bool], span: str) -> ColumnElement[bool]:
    """Selects claims of the resource in the interval that is bound as `<span>_start` and `<span>_end`."""
    return and_(
        SlotClaim.kind == kind.value,
        resource,
        SlotClaim.slot_at >= instant_parameter(f"{span}_start"),
        SlotClaim.slot_at < instant_parameter(f"{span}_end"),
        SlotClaim.appointment_id != bindparam("moved_id"),
    )


class LockedDoctor(NamedTuple):
    user_id: int
    clinic_id: int


class ClaimedResource(NamedTuple):
    kind: int
    resource_id: int


_LOCK_DOCTORS: AnySelect = (
    select(*columns(LockedDoctor, Doctor))
    .where(Doctor.user_id.in_(bindparam("doctor_ids", expanding=True)))
    .order_by(Doctor.user_id)
    .with_for_update()
)
_LOCK_PATIENTS = (
    select(Patient.user_id)
    .where(Patient.user_id.in_(bindparam("patient_ids", expanding=True)))
    .order_by(Patient.user_id)
    .with_for_update()
)
_LOCK_CHAIR = select(Chair.chair_id).where(Chair.chair_id == bindparam("chair_id")).with_for_update()
_CHAIR_CLAIMED: AnySelect = select(
    exists().where(claimed(ClaimKind.CHAIR, SlotClaim.resource_id == bindparam("chair_id"), "occupied"))
)
# This inserts into the table, because the ORM would process each of the many rows.
_CLAIM = insert(CLAIM_ROWS)
_RELEASE = delete(SlotClaim).where(SlotClaim.appointment_id.in_(bindparam("appointment_ids", expanding=True)))
# The primary key starts with kind and resource, so purging reads just what it deletes: this jumps from resource to
# resource, and `_purge` reads the oldest slots of one. By time alone they would read all claims each time.
_WITH_OLD_CLAIMS: AnySelect = (
    select(*columns(ClaimedResource, SlotClaim))
    .group_by(SlotClaim.kind, SlotClaim.resource_id)
    .having(func.min(SlotClaim.slot_at) < instant_parameter("before"))
    .limit(bindparam("resources"))
)
_RESOURCES = 200


def lock_doctors(session: Session, doctor_ids: Collection[int]) -> dict[int, int]:
    """Locks the doctors that exist, in the order of their ids, and returns the clinic of each."""
    found = fetch_all(session, LockedDoctor, _LOCK_DOCTORS, {"doctor_ids": sorted(doctor_ids)}, unscoped=True)
    return {doctor.user_id: doctor.clinic_id for doctor in found}


def lock_patients(session: Session, patient_ids: Collection[int]) -> set[int]:
    """Locks the patients that exist, in the order of their ids, and returns their ids."""
    ids = {"patient_ids": sorted(patient_ids)}
    return set(session.scalars(_LOCK_PATIENTS, ids, execution_options=UNSCOPED))


def lock_patient(session: Session, patient_id: int) -> bool:
    """Locks the patient, and returns whether they exist."""
    return bool(lock_patients(session, [patient_id]))


def lock_chair(session: Session, chair_id: int) -> None:
    session.scalar(_LOCK_CHAIR, {"chair_id": chair_id}, execution_options=UNSCOPED)


def chair_is_claimed(session: Session, chair_id: int, occupied: Interval, moved_id: int | None) -> bool:
    """Returns whether another appointment than `moved_id` has claimed the chair for some of the time."""
    values = {
        "chair_id": chair_id,
        "occupied_start": occupied.start,
        "occupied_end": occupied.end,
        "moved_id": moved_id or 0,
    }
    return bool(session.scalar(_CHAIR_CLAIMED, values, execution_options=UNSCOPED))


def claim(session: Session, appointment_id: int, claims: Iterable[Claim]) -> None:
    """Takes the time, in key order and in one statement. Raises the error of the first kind that another appointment
    holds. This happens only if a writer has bypassed the locks, under which the checks have already decided.
    """
    rows = [
        {"kind": each.kind.value, "resource_id": each.resource_id, "slot_at": slot, "appointment_id": appointment_id}
        for each in sorted(claims, key=lambda each: (each.kind, each.resource_id))
        for slot in each.time.grid_slots()
    ]
    try:
        session.execute(_CLAIM, rows, execution_options=UNSCOPED)
    except IntegrityError as error:
        key, entry = duplicate(error) or ("", "")
        if key != "PRIMARY":
            raise
        raise busy_error(ClaimKind(int(entry.split("-", 1)[0]))) from None


def release(session: Session, *appointment_ids: int) -> None:
    """Gives the time of the appointments back."""
    write(session, _RELEASE, {"appointment_ids": appointment_ids})


def purge_past(session: Session, before: datetime, limit: int) -> int:
    """Deletes at most `limit` claims of time before then, which protect nothing any more, and returns how many. Call it
    until there are none, each time in a transaction of its own.
    """
    deleted = 0
    given = {"before": before, "resources": _RESOURCES}
    for resource in fetch_all(session, ClaimedResource, _WITH_OLD_CLAIMS, given, unscoped=True):
        deleted += _purge(session, resource, before, limit - deleted)
        if deleted == limit:
            break
    return deleted


def _purge(session: Session, resource: ClaimedResource, before: datetime, limit: int) -> int:
    statement = (
        delete(SlotClaim)
        .where(
            SlotClaim.kind == resource.kind, SlotClaim.resource_id == resource.resource_id, SlotClaim.slot_at < before
        )
        .ext(mysql.limit(limit))
    )
    return write(session, statement)
