"""Locks and claims: the one repository that sees all rows, since a conflict with a row that the caller may not see is
a conflict. It returns ids and booleans, never entities.

The order of locks is the same everywhere: doctors by id, patient, the row of an appointment that is there, chairs by id
(docs/decisions/0001).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    text,
    union_all,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lambda_function.db.base import AnyRow, AnySelect, UtcDateTime
from lambda_function.db.errors import duplicate
from lambda_function.db.models import Appointment, Chair, ClaimKind, Doctor, Patient, SlotClaim
from lambda_function.db.models.appointments import CLAIM_ROWS
from lambda_function.db.scoping import UNSCOPED, UNSYNCED
from lambda_function.domain.appointment import HOLDING, UNFINISHED
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
    """Claims of the resource in the interval bound as `<span>_start` and `<span>_end`."""
    return and_(
        SlotClaim.kind == kind.value,
        resource,
        SlotClaim.slot_at >= bindparam(f"{span}_start", type_=UtcDateTime()),
        SlotClaim.slot_at < bindparam(f"{span}_end", type_=UtcDateTime()),
        SlotClaim.appointment_id != bindparam("moved_id"),
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
    exists().where(claimed(ClaimKind.CHAIR, SlotClaim.resource_id == bindparam("chair_id"), "occupied"))
)
# Into the table, not the class: the ORM would take each of the many rows apart.
_CLAIM = insert(CLAIM_ROWS)


def _minutes(instant: Any) -> Any:
    """From `base`, as an integer: a driver reads those several times faster than times."""
    return func.timestampdiff(text("MINUTE"), bindparam("base", type_=UtcDateTime()), instant)


def _busy(*where: Any) -> AnySelect:
    occupied_until = func.timestampadd(text("MINUTE"), Appointment.buffer_after_minutes, Appointment.ends_at)
    return select(
        Appointment.doctor_id,
        Appointment.chair_id,
        Appointment.patient_id,
        _minutes(Appointment.starts_at).label("start"),
        _minutes(Appointment.ends_at).label("end"),
        Appointment.buffer_before_minutes.label("before"),
        Appointment.buffer_after_minutes.label("after"),
    ).where(
        Appointment.status.in_(sorted(HOLDING)),
        Appointment.starts_at >= bindparam("earliest", type_=UtcDateTime()),
        Appointment.starts_at < bindparam("latest", type_=UtcDateTime()),
        occupied_until > bindparam("base", type_=UtcDateTime()),
        Appointment.appointment_id != bindparam("exclude_id"),
        *where,
    )


_DOCTORS: BindParameter[Any] = bindparam("doctor_ids", expanding=True)
_CLINICS: BindParameter[Any] = bindparam("clinic_ids", expanding=True)
# Clinics give doctors and chairs at once; the other two branches are what a doctor or the patient has elsewhere.
_BUSY = union_all(
    _busy(Appointment.clinic_id.in_(_CLINICS)),
    _busy(Appointment.doctor_id.in_(_DOCTORS), Appointment.clinic_id.not_in(_CLINICS)),
    _busy(Appointment.patient_id == bindparam("patient_id"), Appointment.clinic_id.not_in(_CLINICS)),
)
_VISITS_OF_DOCTORS = (
    select(
        Appointment.doctor_id,
        Appointment.appointment_id,
        Appointment.patient_id,
        Appointment.clinic_id,
        _minutes(Appointment.starts_at).label("start"),
        _minutes(Appointment.ends_at).label("end"),
    )
    .where(
        Appointment.doctor_id.in_(_DOCTORS),
        Appointment.status.in_(sorted(UNFINISHED)),
        Appointment.starts_at >= bindparam("earliest", type_=UtcDateTime()),
        Appointment.starts_at < bindparam("latest", type_=UtcDateTime()),
        Appointment.ends_at > bindparam("base", type_=UtcDateTime()),
    )
    .order_by(Appointment.doctor_id, Appointment.starts_at, Appointment.appointment_id)
)
_CHAIRS = (
    select(Chair.clinic_id, Chair.chair_id).where(Chair.clinic_id.in_(_CLINICS), Chair.active).order_by(Chair.chair_id)
)
# The longest that an appointment may begin before a time that it still occupies, and the other way round.
_REACH = timedelta(days=2)


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

    def chair_busy(self, chair_id: int, occupied: Interval, moved_id: int | None) -> bool:
        return bool(
            self._session.scalar(
                _CHAIR_BUSY,
                {
                    "chair_id": chair_id,
                    "occupied_start": occupied.start,
                    "occupied_end": occupied.end,
                    "moved_id": moved_id or 0,
                },
                execution_options=UNSCOPED,
            )
        )

    def busy(
        self,
        span: Interval,
        *,
        doctor_ids: Collection[int],
        clinic_ids: Collection[int],
        patient_id: int | None,
        exclude_id: int | None = None,
    ) -> Sequence[AnyRow]:
        """Rows of doctor_id, chair_id, patient_id, and start, end, before and after in minutes from `span.start`: all
        appointments of the clinics, and those of the doctors and the patient elsewhere, that occupy time in it.
        """
        return self._session.execute(
            _BUSY,
            {
                "base": span.start,
                "earliest": span.start - _REACH,
                "latest": span.end + _REACH,
                "doctor_ids": sorted(doctor_ids),
                "clinic_ids": sorted(clinic_ids),
                "patient_id": patient_id,
                "exclude_id": exclude_id or 0,
            },
            execution_options=UNSCOPED,
        ).all()

    def visits_of(self, kind: ClaimKind, person_id: int, span: Interval) -> Sequence[AnyRow]:
        """Rows of appointment_id, patient_id, doctor_id, clinic_id, starts_at and ends_at that hold time of a doctor or
        patient in the span, by start.
        """
        person = Appointment.doctor_id if kind is ClaimKind.DOCTOR else Appointment.patient_id
        return self._session.execute(
            select(
                Appointment.appointment_id,
                Appointment.patient_id,
                Appointment.doctor_id,
                Appointment.clinic_id,
                Appointment.starts_at,
                Appointment.ends_at,
            )
            .where(
                person == person_id,
                Appointment.status.in_(sorted(HOLDING)),
                Appointment.starts_at < span.end,
                Appointment.starts_at >= span.start - _REACH,
                Appointment.ends_at > span.start,
            )
            .order_by(Appointment.starts_at, Appointment.appointment_id),
            execution_options=UNSCOPED,
        ).all()

    def visits_of_doctors(self, doctor_ids: Collection[int], span: Interval) -> dict[int, list[AnyRow]]:
        """By doctor, of those who have any: rows of doctor_id, appointment_id, patient_id, clinic_id, and start and
        end in minutes from `span.start`, a whole minute, of unfinished visits in the span, by start.
        """
        rows = self._session.execute(
            _VISITS_OF_DOCTORS,
            {
                "doctor_ids": sorted(doctor_ids),
                "base": span.start,
                "earliest": span.start - _REACH,
                "latest": span.end,
            },
            execution_options=UNSCOPED,
        )
        found: dict[int, list[AnyRow]] = defaultdict(list)
        for row in rows:
            found[row.doctor_id].append(row)
        return found

    def visits_of_patients(self, patient_ids: Collection[int], span: Interval) -> Sequence[AnyRow]:
        """Rows of patient_id, starts_at and ends_at that hold time of some of the patients in the span."""
        return self._session.execute(
            select(Appointment.patient_id, Appointment.starts_at, Appointment.ends_at).where(
                Appointment.patient_id.in_(sorted(patient_ids)),
                Appointment.status.in_(sorted(HOLDING)),
                Appointment.starts_at < span.end,
                Appointment.starts_at >= span.start - _REACH,
                Appointment.ends_at > span.start,
            ),
            execution_options=UNSCOPED,
        ).all()

    def visits_ahead(self, kind: ClaimKind, person_id: int, now: datetime) -> Sequence[AnyRow]:
        """Rows of appointment_id, patient_id, doctor_id, clinic_id and status, by id: what of a doctor or patient holds
        time and has not begun.
        """
        person = Appointment.doctor_id if kind is ClaimKind.DOCTOR else Appointment.patient_id
        return self._session.execute(
            select(
                Appointment.appointment_id,
                Appointment.patient_id,
                Appointment.doctor_id,
                Appointment.clinic_id,
                Appointment.status,
            )
            .where(person == person_id, Appointment.starts_at > now, Appointment.status.in_(sorted(HOLDING)))
            .order_by(Appointment.appointment_id),
            execution_options=UNSCOPED,
        ).all()

    def chairs(self, clinic_ids: Collection[int]) -> dict[int, list[int]]:
        """The active chairs of each clinic."""
        rows = self._session.execute(_CHAIRS, {"clinic_ids": sorted(clinic_ids)}, execution_options=UNSCOPED)
        found: dict[int, list[int]] = {clinic_id: [] for clinic_id in clinic_ids}
        for row in rows:
            found[row.clinic_id].append(row.chair_id)
        return found

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

    def release(self, *appointment_ids: int) -> None:
        """Gives the time of the appointments back."""
        self._session.execute(
            delete(SlotClaim).where(SlotClaim.appointment_id.in_(appointment_ids)),
            execution_options=UNSYNCED,
        )
