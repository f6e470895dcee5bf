"""Clinics, treatments and doctors: what everybody may look up. Rows, ordered by id, active ones only."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from lambda_function.db.base import AnyRow
from lambda_function.db.models import Clinic, Doctor, DoctorTreatment, PersonName, Treatment


class Catalogue:
    def __init__(self, session: Session) -> None:
        self._session = session

    def clinics(self, *, after: int, limit: int) -> Sequence[AnyRow]:
        return self._session.execute(
            select(
                Clinic.clinic_id,
                Clinic.name,
                Clinic.country,
                Clinic.time_zone,
                Clinic.lead_minutes,
                Clinic.horizon_days,
                Clinic.cutoff_minutes,
                Clinic.slot_step_minutes,
            )
            .where(Clinic.active, Clinic.clinic_id > after)
            .order_by(Clinic.clinic_id)
            .limit(limit)
        ).all()

    def treatments(self, *, after: int, limit: int) -> Sequence[AnyRow]:
        return self._session.execute(
            select(
                Treatment.treatment_id,
                Treatment.code,
                Treatment.name,
                Treatment.duration_minutes,
                Treatment.buffer_before_minutes,
                Treatment.buffer_after_minutes,
                Treatment.needs_approval,
                Treatment.price,
            )
            .where(Treatment.active, Treatment.treatment_id > after)
            .order_by(Treatment.treatment_id)
            .limit(limit)
        ).all()

    def doctors(self, *, clinic_id: int | None, treatment_id: int | None, after: int, limit: int) -> Sequence[AnyRow]:
        """Rows of user_id, full_name, clinic_id."""
        statement = (
            select(Doctor.user_id, PersonName.full_name, Doctor.clinic_id)
            .join(PersonName, PersonName.user_id == Doctor.user_id)
            .join(Clinic, Clinic.clinic_id == Doctor.clinic_id)
            .where(Clinic.active, Doctor.user_id > after)
            .order_by(Doctor.user_id)
            .limit(limit)
        )
        if clinic_id is not None:
            statement = statement.where(Doctor.clinic_id == clinic_id)
        if treatment_id is not None:
            statement = (
                statement.join(DoctorTreatment, DoctorTreatment.doctor_id == Doctor.user_id)
                .join(Treatment, Treatment.treatment_id == DoctorTreatment.treatment_id)
                .where(Treatment.active, Treatment.treatment_id == treatment_id)
            )
        return self._session.execute(statement).all()

    def treatments_of(self, doctor_ids: Sequence[int]) -> dict[int, list[int]]:
        """What each of the doctors offers today, in one statement."""
        rows = self._session.execute(
            select(DoctorTreatment.doctor_id, DoctorTreatment.treatment_id)
            .join(Treatment, Treatment.treatment_id == DoctorTreatment.treatment_id)
            .where(Treatment.active, DoctorTreatment.doctor_id.in_(doctor_ids))
            .order_by(DoctorTreatment.doctor_id, DoctorTreatment.treatment_id)
        )
        offered: dict[int, list[int]] = defaultdict(list)
        for doctor_id, treatment_id in rows:
            offered[doctor_id].append(treatment_id)
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
