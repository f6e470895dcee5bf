"""What the rules of booking need to know of doctor, patient, clinic and treatment, in one statement."""

from datetime import datetime

from sqlalchemy import and_, bindparam, exists, func, select
from sqlalchemy.orm import Session, aliased

from lambda_function.db.base import AnyRow, AnySelect, UtcDateTime
from lambda_function.db.models import (
    Appointment,
    Chair,
    Clinic,
    ClinicPatient,
    Doctor,
    DoctorTreatment,
    PersonName,
    Treatment,
    User,
)
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import HOLDING, MAX_OPEN_VISITS, Status

_DOCTOR = aliased(PersonName)
_RECEPTIONIST = aliased(PersonName)
# At most as many as any limit asks for. The clinic is bound and not joined: MariaDB lets no such subquery look outside.
_OPEN_VISITS = (
    select(Appointment.appointment_id)
    .where(
        Appointment.patient_id == bindparam("patient_id"),
        Appointment.status.in_(sorted(HOLDING)),
        Appointment.starts_at > bindparam("now", type_=UtcDateTime()),
        Appointment.clinic_id == bindparam("counted_clinic_id"),
    )
    .limit(MAX_OPEN_VISITS)
    .subquery()
)

_FACTS: AnySelect = (
    select(
        Doctor.user_id.label("doctor_id"),
        _DOCTOR.full_name.label("doctor_name"),
        Clinic.clinic_id,
        Clinic.name.label("clinic_name"),
        Clinic.active.label("clinic_active"),
        Clinic.time_zone,
        Clinic.lead_minutes,
        Clinic.horizon_days,
        Clinic.cutoff_minutes,
        Clinic.max_open_visits,
        User.user_id.label("patient_id"),
        User.full_name.label("patient_name"),
        Treatment.treatment_id,
        Treatment.active.label("treatment_active"),
        Treatment.code.label("treatment_code"),
        Treatment.name.label("treatment_name"),
        Treatment.duration_minutes,
        Treatment.buffer_before_minutes,
        Treatment.buffer_after_minutes,
        Treatment.needs_approval,
        Treatment.price,
        DoctorTreatment.treatment_id.label("offered_treatment_id"),
        _RECEPTIONIST.full_name.label("receptionist_name"),
        Chair.chair_id,
        exists()
        .where(ClinicPatient.clinic_id == Clinic.clinic_id, ClinicPatient.patient_id == User.user_id)
        .label("is_clinic_patient"),
        select(func.count())
        .select_from(Appointment)
        .where(Appointment.patient_id == bindparam("patient_id"), Appointment.status == Status.REQUESTED)
        .scalar_subquery()
        .label("open_requests"),
        select(func.count()).select_from(_OPEN_VISITS).scalar_subquery().label("open_visits"),
    )
    .select_from(Doctor)
    .join(_DOCTOR, _DOCTOR.user_id == Doctor.user_id)
    .join(Clinic, Clinic.clinic_id == Doctor.clinic_id)
    .outerjoin(
        User,
        and_(User.user_id == bindparam("patient_id"), User.user_type == Role.PATIENT, User.user_id != Doctor.user_id),
    )
    .outerjoin(Treatment, Treatment.treatment_id == bindparam("treatment_id"))
    .outerjoin(
        DoctorTreatment,
        and_(
            DoctorTreatment.doctor_id == Doctor.user_id,
            DoctorTreatment.treatment_id == Treatment.treatment_id,
        ),
    )
    .outerjoin(
        _RECEPTIONIST,
        and_(_RECEPTIONIST.user_id == bindparam("receptionist_id"), _RECEPTIONIST.user_id != Doctor.user_id),
    )
    .outerjoin(Chair, and_(Chair.clinic_id == Clinic.clinic_id, Chair.active))
    .where(Doctor.user_id == bindparam("doctor_id"))
    .order_by(Chair.chair_id)
)


def booking_facts(
    session: Session,
    *,
    doctor_id: int,
    patient_id: int,
    treatment_id: int,
    receptionist_id: int | None,
    now: datetime,
    counted_clinic_id: int | None = None,
) -> tuple[AnyRow, list[int]] | None:
    """The facts with the clinic's active chairs by id, or None when there is no such doctor in practice.

    patient_id, treatment_id and offered_treatment_id are NULL when there is no such patient that the actor may see, no
    such treatment, or the doctor does not offer it. `open_requests` and `open_visits`, which are those ahead in
    `counted_clinic_id`, count what the actor may see: all of it when it is the patient.
    """
    rows = session.execute(
        _FACTS,
        {
            "doctor_id": doctor_id,
            "patient_id": patient_id,
            "treatment_id": treatment_id,
            "receptionist_id": receptionist_id,
            "now": now,
            "counted_clinic_id": counted_clinic_id,
        },
    ).all()
    return (rows[0], [row.chair_id for row in rows if row.chair_id is not None]) if rows else None


def practice_of(session: Session, doctor_id: int) -> AnyRow | None:
    """The doctor_id and default_treatment_id, and clinic_id and time_zone of the doctor's clinic."""
    return session.execute(
        select(Doctor.user_id.label("doctor_id"), Doctor.default_treatment_id, Clinic.clinic_id, Clinic.time_zone)
        .join(Clinic, Clinic.clinic_id == Doctor.clinic_id)
        .where(Doctor.user_id == doctor_id)
    ).one_or_none()
