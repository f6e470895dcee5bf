"""Locks and claims: the one repository that sees all rows, since a conflict with a row that the caller may not see is
a conflict. It returns ids and booleans, never entities.

The order of locks is the same everywhere: doctors by id, patient, chairs by id, then the appointment's row.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, delete, exists, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lambda_function.db.base import AnyRow, AnySelect, UtcDateTime
from lambda_function.db.models import Chair, ClaimKind, Clinic, Doctor, Patient, SlotClaim
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


def _claimed(kind: ClaimKind, resource: Any, span: str) -> Any:
    """Whether somebody has claimed the resource in the interval bound as `<span>_start` and `<span>_end`."""
    return exists().where(
        SlotClaim.kind == kind.value,
        SlotClaim.resource_id == resource,
        SlotClaim.slot_at >= bindparam(f"{span}_start", type_=UtcDateTime()),
        SlotClaim.slot_at < bindparam(f"{span}_end", type_=UtcDateTime()),
    )


# One row for each active chair, or one with chair_id NULL in a clinic without chairs.
_OCCUPANCY: AnySelect = (
    select(
        _claimed(ClaimKind.DOCTOR, bindparam("doctor_id"), "occupied").label("doctor_busy"),
        _claimed(ClaimKind.PATIENT, bindparam("patient_id"), "visit").label("patient_busy"),
        Chair.chair_id,
        _claimed(ClaimKind.CHAIR, Chair.chair_id, "occupied").label("chair_busy"),
    )
    .select_from(Clinic)
    .outerjoin(Chair, and_(Chair.clinic_id == Clinic.clinic_id, Chair.active))
    .where(Clinic.clinic_id == bindparam("clinic_id"))
    .order_by(Chair.chair_id)
)
_CHAIR_BUSY: AnySelect = select(_claimed(ClaimKind.CHAIR, bindparam("chair_id"), "occupied"))


class Calendar:
    def __init__(self, session: Session) -> None:
        self._session = session

    def lock_doctors(self, doctor_ids: Collection[int]) -> dict[int, int]:
        """Locks those that exist, in the order of their ids; answers the clinic of each."""
        rows = self._session.execute(
            select(Doctor.user_id, Doctor.clinic_id)
            .where(Doctor.user_id.in_(sorted(doctor_ids)))
            .order_by(Doctor.user_id)
            .with_for_update(),
            execution_options=UNSCOPED,
        )
        return {row.user_id: row.clinic_id for row in rows}

    def lock_patient(self, patient_id: int) -> bool:
        """Whether there is such a patient to lock."""
        statement = select(Patient.user_id).where(Patient.user_id == patient_id).with_for_update()
        return self._session.scalar(statement, execution_options=UNSCOPED) is not None

    def lock_chair(self, chair_id: int) -> None:
        statement = select(Chair.chair_id).where(Chair.chair_id == chair_id).with_for_update()
        self._session.execute(statement, execution_options=UNSCOPED).all()

    def occupancy(
        self, *, doctor_id: int, patient_id: int, clinic_id: int, visit: Interval, occupied: Interval
    ) -> Sequence[AnyRow]:
        """Rows of chair_id and chair_busy for the clinic's active chairs by id, or one row without a chair; each also
        says doctor_busy and patient_busy. Of doctor and patient it holds only under their locks; what it says of a
        chair is a hint until that chair is locked.
        """
        return self._session.execute(
            _OCCUPANCY,
            {
                "doctor_id": doctor_id,
                "patient_id": patient_id,
                "clinic_id": clinic_id,
                "visit_start": visit.start,
                "visit_end": visit.end,
                "occupied_start": occupied.start,
                "occupied_end": occupied.end,
            },
            execution_options=UNSCOPED,
        ).all()

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
            self._session.execute(insert(SlotClaim), rows, execution_options=UNSCOPED)
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
