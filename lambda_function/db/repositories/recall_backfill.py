"""Patients who were treated before their treatment had recalls. Unscoped."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session, aliased

from lambda_function.db.base import AnySelect
from lambda_function.db.models import Appointment, Clinic, Patient, Recall, Treatment, User
from lambda_function.db.repositories.recalls import is_of
from lambda_function.db.rows import columns, fetch_all
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import HOLDING, Status
from lambda_function.domain.quiet_hours import QuietHours
from lambda_function.domain.recalls import RecallStatus


class RecalledTreatment(NamedTuple):
    treatment_id: int
    code: str
    recall_months: int | None


class LastVisit(NamedTuple):
    """The last visit of a patient who has no recall, with what decides about the notices of its clinic."""

    patient_id: int
    clinic_id: int
    clinic_name: str
    doctor_id: int
    starts_at: datetime
    time_zone: str
    recall_notice_days: tuple[int, ...]
    quiet_from_minute: int | None
    quiet_to_minute: int | None

    @property
    def quiet(self) -> QuietHours | None:
        return QuietHours.between(self.quiet_from_minute, self.quiet_to_minute)


_LATER = aliased(Appointment)
_TREATMENTS = select(*columns(RecalledTreatment, Treatment)).where(Treatment.active).order_by(Treatment.code)
_PATIENTS = (
    select(Patient.user_id)
    .where(Patient.user_id > bindparam("after"))
    .order_by(Patient.user_id)
    .limit(bindparam("page_limit"))
)
_SAME = is_of(Appointment, Recall)
_LAST_VISITS: AnySelect = (
    select(*columns(LastVisit, Appointment, Clinic, clinic_id=Clinic.clinic_id, clinic_name=Clinic.name))
    .join(Clinic, Clinic.clinic_id == Appointment.clinic_id)
    .join(User, User.user_id == Appointment.patient_id)
    .where(
        Appointment.patient_id.in_(bindparam("patient_ids", expanding=True)),
        Appointment.treatment_id == bindparam("treatment_id"),
        Appointment.status == Status.COMPLETED,
        User.active,
        User.user_type == Role.PATIENT,
        Clinic.active,
        ~exists().where(
            _LATER.patient_id == Appointment.patient_id,
            _LATER.treatment_id == Appointment.treatment_id,
            _LATER.status.in_(sorted(HOLDING)),
            or_(
                _LATER.starts_at > Appointment.starts_at,
                and_(_LATER.starts_at == Appointment.starts_at, _LATER.appointment_id > Appointment.appointment_id),
            ),
        ),
        ~exists().where(_SAME, Recall.open_key == 1),
        # Whoever dismissed a recall after the visit has decided that the patient is not recalled.
        ~exists().where(_SAME, Recall.status == RecallStatus.DISMISSED, Recall.closed_at >= Appointment.starts_at),
    )
)


def treatments(session: Session) -> list[RecalledTreatment]:
    """Returns the active treatments by their codes."""
    return fetch_all(session, RecalledTreatment, _TREATMENTS, unscoped=True)


def patient_ids(session: Session, after: int, limit: int) -> list[int]:
    """Returns the next patients in the order of their ids, whatever has become of them."""
    return list(session.scalars(_PATIENTS, {"after": after, "page_limit": limit}, execution_options=UNSCOPED))


def last_visits(session: Session, treatment_id: int, patient_ids: Collection[int]) -> list[LastVisit]:
    """Returns the last completed visit of the treatment of each of these patients who is active, has no later one that
    was not cancelled or missed, has no open recall for it, and none that was dismissed since.
    """
    values = {"treatment_id": treatment_id, "patient_ids": sorted(patient_ids)}
    return fetch_all(session, LastVisit, _LAST_VISITS, values, unscoped=True)
