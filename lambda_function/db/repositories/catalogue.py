"""Clinics, treatments and doctors: what everybody may look up. Rows, ordered by id, active ones only."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from lambda_function.db.base import AnyRow, AnySelect
from lambda_function.db.models import Appointment, Clinic, Doctor, DoctorTreatment, Patient, PersonName, Treatment
from lambda_function.db.rows import columns, fetch_all

_CLINICS: AnySelect = select(
    Clinic.clinic_id,
    Clinic.name,
    Clinic.country,
    Clinic.time_zone,
    Clinic.lead_minutes,
    Clinic.horizon_days,
    Clinic.cutoff_minutes,
    Clinic.slot_step_minutes,
).where(Clinic.active)
_TREATMENTS: AnySelect = select(
    Treatment.treatment_id,
    Treatment.code,
    Treatment.name,
    Treatment.duration_minutes,
    Treatment.buffer_before_minutes,
    Treatment.buffer_after_minutes,
    Treatment.needs_approval,
    Treatment.price,
).where(Treatment.active)


class Catalogue:
    def __init__(self, session: Session) -> None:
        self._session = session

    def clinics(self, *, after: int, limit: int) -> Sequence[AnyRow]:
        statement = _CLINICS.where(Clinic.clinic_id > after).order_by(Clinic.clinic_id).limit(limit)
        return self._session.execute(statement).all()

    def clinic(self, clinic_id: int) -> AnyRow | None:
        return self._session.execute(_CLINICS.where(Clinic.clinic_id == clinic_id)).one_or_none()

    def treatments(self, *, after: int, limit: int) -> Sequence[AnyRow]:
        statement = _TREATMENTS.where(Treatment.treatment_id > after).order_by(Treatment.treatment_id).limit(limit)
        return self._session.execute(statement).all()

    def treatment(self, treatment_id: int) -> AnyRow | None:
        return self._session.execute(_TREATMENTS.where(Treatment.treatment_id == treatment_id)).one_or_none()

    def treatment_by_code(self, code: str) -> AnyRow | None:
        return self._session.execute(_TREATMENTS.where(Treatment.code == code)).one_or_none()

    def doctors(
        self,
        *,
        clinic_id: int | None,
        treatment_id: int | None,
        after: int,
        limit: int,
        doctor_id: int | None = None,
    ) -> Sequence[AnyRow]:
        """Rows of user_id, full_name, clinic_id, clinic_name."""
        statement = (
            select(Doctor.user_id, PersonName.full_name, Doctor.clinic_id, Clinic.name.label("clinic_name"))
            .join(PersonName, PersonName.user_id == Doctor.user_id)
            .join(Clinic, Clinic.clinic_id == Doctor.clinic_id)
            .where(Clinic.active, Doctor.user_id > after)
            .order_by(Doctor.user_id)
            .limit(limit)
        )
        if doctor_id is not None:
            statement = statement.where(Doctor.user_id == doctor_id)
        if clinic_id is not None:
            statement = statement.where(Doctor.clinic_id == clinic_id)
        if treatment_id is not None:
            statement = (
                statement.join(DoctorTreatment, DoctorTreatment.doctor_id == Doctor.user_id)
                .join(Treatment, Treatment.treatment_id == DoctorTreatment.treatment_id)
                .where(Treatment.active, Treatment.treatment_id == treatment_id)
            )
        return self._session.execute(statement).all()

    def treatments_of(self, doctor_ids: Sequence[int]) -> dict[int, list[AnyRow]]:
        """What each of the doctors offers today, as rows of treatment_id, code and name, in one statement."""
        rows = self._session.execute(
            select(DoctorTreatment.doctor_id, Treatment.treatment_id, Treatment.code, Treatment.name)
            .join(Treatment, Treatment.treatment_id == DoctorTreatment.treatment_id)
            .where(Treatment.active, DoctorTreatment.doctor_id.in_(doctor_ids))
            .order_by(DoctorTreatment.doctor_id, DoctorTreatment.treatment_id)
        )
        offered: dict[int, list[AnyRow]] = defaultdict(list)
        for row in rows:
            offered[row.doctor_id].append(row)
        return offered

    def has_clinic(self, clinic_id: int) -> bool:
        statement = select(Clinic.clinic_id).where(Clinic.clinic_id == clinic_id, Clinic.active)
        return self._session.scalar(statement) is not None

    def has_treatment(self, treatment_id: int) -> bool:
        statement = select(Treatment.treatment_id).where(Treatment.treatment_id == treatment_id, Treatment.active)
        return self._session.scalar(statement) is not None

    def time_zones(self) -> Sequence[str]:
        """The zones in which there are clinics."""
        return self._session.scalars(select(Clinic.time_zone).distinct()).all()


class VisibleIds(NamedTuple):
    """Ids that name something the actor may see, else None; and the time zone of the clinic."""

    doctor_id: int | None
    patient_id: int | None
    clinic_id: int | None
    time_zone: str | None


_VISIBLE_IDS: AnySelect = select(
    *columns(
        VisibleIds,
        doctor_id=func.coalesce(
            select(Doctor.user_id).where(Doctor.user_id == bindparam("doctor_id")).scalar_subquery(),
            # Who has left is no doctor of the catalogue any more; the visits are still there, for whoever may see one.
            select(Appointment.doctor_id)
            .where(Appointment.doctor_id == bindparam("doctor_id"))
            .limit(1)
            .scalar_subquery(),
        ),
        patient_id=select(Patient.user_id).where(Patient.user_id == bindparam("patient_id")).scalar_subquery(),
        clinic_id=select(Clinic.clinic_id).where(Clinic.clinic_id == bindparam("clinic_id")).scalar_subquery(),
        time_zone=select(Clinic.time_zone).where(Clinic.clinic_id == bindparam("clinic_id")).scalar_subquery(),
    )
)


def visible_ids(
    session: Session, *, doctor_id: int | None = None, patient_id: int | None = None, clinic_id: int | None = None
) -> VisibleIds:
    """Which of the ids name something that the actor may see. A doctor who has left is one of whom the actor sees a
    visit.
    """
    ids = {"doctor_id": doctor_id, "patient_id": patient_id, "clinic_id": clinic_id}
    return fetch_all(session, VisibleIds, _VISIBLE_IDS, ids)[0]
