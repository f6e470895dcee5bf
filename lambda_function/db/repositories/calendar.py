"""Locks and claims: the one repository that sees all rows, since a conflict with a row that the caller may not see is
a conflict. It returns ids and booleans, never entities.

The order of locks is the same everywhere: doctors by id, patient, chairs by id, then the appointment's row.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, insert, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect, UtcDateTime
from lambda_function.db.models import Chair, ClaimKind, Doctor, Patient, SlotClaim
from lambda_function.db.models.appointments import CLAIM_ROWS
from lambda_function.db.repositories.violations import duplicate
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


def _claimed(kind: ClaimKind, resource: ColumnElement[bool], span: str) -> ColumnElement[bool]:
    """Claims of the resource in the interval bound as `<span>_start` and `<span>_end`."""
    return and_(
        SlotClaim.kind == kind.value,
        resource,
        SlotClaim.slot_at >= bindparam(f"{span}_start", type_=UtcDateTime()),
        SlotClaim.slot_at < bindparam(f"{span}_end", type_=UtcDateTime()),
    )


# The ids are constants for the server: only so does it read just the interval of the primary key. Joined with `chair`
# it reads all that a chair has ever been claimed for.
_CLAIMED = (
    select(SlotClaim.kind, SlotClaim.resource_id)
    .where(
        or_(
            _claimed(ClaimKind.DOCTOR, SlotClaim.resource_id == bindparam("doctor_id"), "occupied"),
            _claimed(ClaimKind.PATIENT, SlotClaim.resource_id == bindparam("patient_id"), "visit"),
            _claimed(ClaimKind.CHAIR, SlotClaim.resource_id.in_(bindparam("chair_ids", expanding=True)), "occupied"),
        )
    )
    .distinct()
)
_LOCK_DOCTORS = (
    select(Doctor.user_id, Doctor.clinic_id)
    .where(Doctor.user_id.in_(bindparam("doctor_ids", expanding=True)))
    .order_by(Doctor.user_id)
    .with_for_update()
)
_LOCK_PATIENT = select(Patient.user_id).where(Patient.user_id == bindparam("patient_id")).with_for_update()
_LOCK_CHAIR = select(Chair.chair_id).where(Chair.chair_id == bindparam("chair_id")).with_for_update()
_CHAIR_BUSY: AnySelect = select(
    exists().where(_claimed(ClaimKind.CHAIR, SlotClaim.resource_id == bindparam("chair_id"), "occupied"))
)
# Into the table, not the class: the ORM would take each of the many rows apart.
_CLAIM = insert(CLAIM_ROWS)


class Calendar:
    def __init__(self, session: Session) -> None:
        self._session = session

    def lock_doctors(self, doctor_ids: Collection[int]) -> dict[int, int]:
        """Locks those that exist, in the order of their ids; answers the clinic of each."""
        rows = self._session.execute(_LOCK_DOCTORS, {"doctor_ids": sorted(doctor_ids)}, execution_options=UNSCOPED)
        return {row.user_id: row.clinic_id for row in rows}

    def lock_patient(self, patient_id: int) -> bool:
        """Whether there is such a patient to lock."""
        found = self._session.scalar(_LOCK_PATIENT, {"patient_id": patient_id}, execution_options=UNSCOPED)
        return found is not None

    def lock_chair(self, chair_id: int) -> None:
        self._session.execute(_LOCK_CHAIR, {"chair_id": chair_id}, execution_options=UNSCOPED).all()

    def taken(
        self, *, doctor_id: int, patient_id: int, chair_ids: Sequence[int], visit: Interval, occupied: Interval
    ) -> set[tuple[int, int]]:
        """Those of the doctor, the patient and the chairs who are busy, as (kind, id). Of doctor and patient it holds
        only under their locks; what it says of a chair is a hint until that chair is locked.
        """
        rows = self._session.execute(
            _CLAIMED,
            {
                "doctor_id": doctor_id,
                "patient_id": patient_id,
                "chair_ids": chair_ids,
                "visit_start": visit.start,
                "visit_end": visit.end,
                "occupied_start": occupied.start,
                "occupied_end": occupied.end,
            },
            execution_options=UNSCOPED,
        )
        return {(row.kind, row.resource_id) for row in rows}

    def chair_busy(self, chair_id: int, occupied: Interval) -> bool:
        return bool(
            self._session.scalar(
                _CHAIR_BUSY,
                {"chair_id": chair_id, "occupied_start": occupied.start, "occupied_end": occupied.end},
                execution_options=UNSCOPED,
            )
        )

    def claim(self, appointment_id: int, claims: Iterable[Claim]) -> None:
        """Takes the time, in key order and in one statement. Raises the error of the first kind that somebody holds:
        only for writers that went round the locks, since under them the checks have answered already.
        """
        rows = [
            {
                "kind": claim.kind.value,
                "resource_id": claim.resource_id,
                "slot_at": slot,
                "appointment_id": appointment_id,
            }
            for claim in sorted(claims, key=lambda claim: (claim.kind, claim.resource_id))
            for slot in claim.time.grid_slots()
        ]
        try:
            self._session.execute(_CLAIM, rows, execution_options=UNSCOPED)
        except IntegrityError as error:
            key, entry = duplicate(error) or ("", "")
            if key != "PRIMARY":
                raise
            raise busy_error(ClaimKind(int(entry.split("-", 1)[0]))) from None

    def release(self, appointment_id: int) -> None:
        """Gives the appointment's time back."""
        self._session.execute(
            delete(SlotClaim).where(SlotClaim.appointment_id == appointment_id),
            execution_options={**UNSCOPED, "synchronize_session": False},
        )
