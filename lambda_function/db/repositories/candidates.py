"""Which doctors could give a treatment, with what is needed to work out their free slots."""

from collections.abc import Collection, Sequence
from functools import lru_cache

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from lambda_function.db.base import AnyRow, AnySelect
from lambda_function.db.models import Clinic, Doctor, DoctorTreatment, Treatment

_OFFERED: AnySelect = (
    select(
        Doctor.user_id.label("doctor_id"),
        Clinic.clinic_id,
        Clinic.time_zone,
        Clinic.lead_minutes,
        Clinic.horizon_days,
        Clinic.cutoff_minutes,
        Clinic.slot_step_minutes,
        Clinic.offer_minutes,
        Treatment.treatment_id,
        Treatment.duration_minutes,
        Treatment.buffer_before_minutes,
        Treatment.buffer_after_minutes,
    )
    .join(Clinic, Clinic.clinic_id == Doctor.clinic_id)
    .join(DoctorTreatment, DoctorTreatment.doctor_id == Doctor.user_id)
    .join(Treatment, Treatment.treatment_id == DoctorTreatment.treatment_id)
    .where(Clinic.active, Treatment.active)
    .order_by(Doctor.user_id)
)
_CANDIDATES = _OFFERED.where(Treatment.treatment_id == bindparam("treatment_id"))
_OF_CLINIC = _OFFERED.where(Clinic.clinic_id == bindparam("clinic_id"))
_OF_DOCTORS = _OF_CLINIC.where(Doctor.user_id.in_(bindparam("doctor_ids", expanding=True)))


@lru_cache
def _statement(*, of_doctor: bool, of_clinic: bool) -> AnySelect:
    """Built once for each of the four, as in db/repositories/appointments.py."""
    statement = _CANDIDATES
    if of_doctor:
        statement = statement.where(Doctor.user_id == bindparam("doctor_id"))
    if of_clinic:
        statement = statement.where(Clinic.clinic_id == bindparam("clinic_id"))
    return statement


def candidates(
    session: Session, *, treatment_id: int, doctor_id: int | None, clinic_id: int | None
) -> Sequence[AnyRow]:
    """A row for each doctor in practice at an active clinic who offers the active treatment, by doctor_id."""
    statement = _statement(of_doctor=doctor_id is not None, of_clinic=clinic_id is not None)
    given = {"treatment_id": treatment_id, "doctor_id": doctor_id, "clinic_id": clinic_id}
    return session.execute(statement, given).all()


def candidates_of(session: Session, clinic_id: int, doctor_ids: Collection[int] | None) -> Sequence[AnyRow]:
    """A row for each doctor in practice at the active clinic and each active treatment that the doctor offers; only of
    these doctors, unless it is None.
    """
    if doctor_ids is None:
        return session.execute(_OF_CLINIC, {"clinic_id": clinic_id}).all()
    return session.execute(_OF_DOCTORS, {"clinic_id": clinic_id, "doctor_ids": sorted(doctor_ids)}).all()
