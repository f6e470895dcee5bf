"""What booking needs to know about doctor, patient, clinic and treatment, and which doctors could give a treatment."""

from collections.abc import Collection
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import BigInteger, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from lambda_function.db.base import AnySelect, instant_parameter
from lambda_function.db.models import (
    Appointment,
    Chair,
    Clinic,
    ClinicPatient,
    Country,
    Doctor,
    DoctorTreatment,
    PersonName,
    Treatment,
    User,
)
from lambda_function.db.models.appointments import APPOINTMENT_ROWS
from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.db.repositories.guardians import represented
from lambda_function.db.rows import columns, fetch_all, fetch_one
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import HOLDING, MAX_OPEN_VISITS, Duration, Policy, Status
from lambda_function.domain.quiet_hours import QuietHours

_DOCTOR = aliased(PersonName)
_RECEPTIONIST = aliased(PersonName)
# At most as many as any limit asks for. The clinic is bound and not joined: MariaDB lets no such subquery look outside.
_OPEN_VISITS = (
    select(Appointment.appointment_id)
    .where(
        Appointment.patient_id == bindparam("patient_id"),
        Appointment.status.in_(sorted(HOLDING)),
        Appointment.starts_at > instant_parameter("now"),
        Appointment.clinic_id == bindparam("counted_clinic_id"),
    )
    .limit(MAX_OPEN_VISITS)
    .subquery()
)


class BookingFacts(NamedTuple):
    """The facts of a booking. `patient_id` and `patient_name` are None if the actor sees no such patient. `represented`
    is false if the actor was the patient's guardian and no longer is.
    """

    doctor_id: int
    doctor_name: str
    clinic_id: int
    clinic_name: str
    clinic_active: bool
    time_zone: str
    country: str
    register: str | None
    lead_minutes: int
    horizon_days: int
    cutoff_minutes: int
    slot_step_minutes: int
    max_open_visits: int | None
    patient_id: int | None
    patient_name: str | None
    represented: bool
    treatment_id: int
    treatment_active: bool
    treatment_code: str
    treatment_name: str
    duration_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    needs_approval: bool
    price: Decimal | None
    offered_treatment_id: int | None
    receptionist_name: str | None
    chair_id: int | None
    is_clinic_patient: bool
    open_requests: int
    open_visits: int

    @property
    def policy(self) -> Policy:
        return Policy.in_units(self.lead_minutes, self.horizon_days, self.cutoff_minutes)

    @property
    def duration(self) -> Duration:
        return Duration.in_minutes(self.duration_minutes, self.buffer_before_minutes, self.buffer_after_minutes)


class Candidate(NamedTuple):
    """A doctor who could give a treatment, with everything that their free starts depend on."""

    doctor_id: int
    clinic_id: int
    country: str
    time_zone: str
    lead_minutes: int
    horizon_days: int
    cutoff_minutes: int
    slot_step_minutes: int
    offer_minutes: int
    quiet_from_minute: int | None
    quiet_to_minute: int | None
    treatment_id: int
    duration_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int

    @property
    def policy(self) -> Policy:
        return Policy.in_units(self.lead_minutes, self.horizon_days, self.cutoff_minutes)

    @property
    def quiet(self) -> QuietHours | None:
        return QuietHours.between(self.quiet_from_minute, self.quiet_to_minute)

    @property
    def duration(self) -> Duration:
        return Duration.in_minutes(self.duration_minutes, self.buffer_before_minutes, self.buffer_after_minutes)


class DoctorClinic(NamedTuple):
    """A doctor with the clinic in which they work."""

    doctor_id: int
    default_treatment_id: int | None
    clinic_id: int
    time_zone: str


_FACTS: AnySelect = (
    select(
        *columns(
            BookingFacts,
            Clinic,
            Treatment,
            doctor_id=Doctor.user_id,
            doctor_name=_DOCTOR.full_name,
            clinic_name=Clinic.name,
            clinic_active=Clinic.active,
            register=Country.code,
            patient_id=User.user_id,
            patient_name=User.full_name,
            represented=represented(bindparam("patient_id", type_=BigInteger)),
            treatment_active=Treatment.active,
            treatment_code=Treatment.code,
            treatment_name=Treatment.name,
            offered_treatment_id=DoctorTreatment.treatment_id,
            receptionist_name=_RECEPTIONIST.full_name,
            chair_id=Chair.chair_id,
            is_clinic_patient=exists().where(
                ClinicPatient.clinic_id == Clinic.clinic_id, ClinicPatient.patient_id == User.user_id
            ),
            open_requests=select(func.count())
            .select_from(Appointment)
            .where(Appointment.patient_id == bindparam("patient_id"), Appointment.status == Status.REQUESTED)
            .scalar_subquery(),
            open_visits=select(func.count()).select_from(_OPEN_VISITS).scalar_subquery(),
        )
    )
    .select_from(Doctor)
    .join(_DOCTOR, _DOCTOR.user_id == Doctor.user_id)
    .join(Clinic, Clinic.clinic_id == Doctor.clinic_id)
    .outerjoin(Country, Country.code == Clinic.country)
    .outerjoin(
        User,
        and_(User.user_id == bindparam("patient_id"), User.user_type == Role.PATIENT, User.user_id != Doctor.user_id),
    )
    .join(Treatment, Treatment.treatment_id == bindparam("treatment_id"))
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
# The fields of a view beside the columns of the appointment. A version that has just been written has no outcome yet,
# so the fields about that keep their defaults.
_NAMES = (
    frozenset(AppointmentView._fields) - set(APPOINTMENT_ROWS.columns.keys()) - set(AppointmentView._field_defaults)
)
if not set(BookingFacts._fields) >= _NAMES:
    raise TypeError(f"BookingFacts has no {', '.join(sorted(_NAMES - set(BookingFacts._fields)))}")
_OFFERED: AnySelect = (
    select(*columns(Candidate, Clinic, Treatment, doctor_id=Doctor.user_id))
    .join(Clinic, Clinic.clinic_id == Doctor.clinic_id)
    .join(DoctorTreatment, DoctorTreatment.doctor_id == Doctor.user_id)
    .join(Treatment, Treatment.treatment_id == DoctorTreatment.treatment_id)
    .where(Clinic.active, Treatment.active)
    .order_by(Doctor.user_id)
)
_FOR_TREATMENT = _OFFERED.where(Treatment.treatment_id == bindparam("treatment_id"))
_IN_CLINIC = _OFFERED.where(Clinic.clinic_id == bindparam("clinic_id"))
_OF_DOCTORS = _IN_CLINIC.where(Doctor.user_id.in_(bindparam("doctor_ids", expanding=True)))
# A visit can stay with its doctor, whatever that doctor offers by now, and keeps a treatment that has ended.
_FOR_MOVE: AnySelect = (
    select(*columns(Candidate, Clinic, Treatment, doctor_id=Doctor.user_id))
    .join(Clinic, Clinic.clinic_id == Doctor.clinic_id)
    .join(Treatment, Treatment.treatment_id == bindparam("treatment_id"))
    .outerjoin(
        DoctorTreatment,
        and_(DoctorTreatment.doctor_id == Doctor.user_id, DoctorTreatment.treatment_id == Treatment.treatment_id),
    )
    .where(
        Clinic.active,
        or_(Doctor.user_id == bindparam("present_doctor_id"), DoctorTreatment.treatment_id.is_not(None)),
    )
    .order_by(Doctor.user_id)
)
_DOCTOR_CLINICS: AnySelect = select(
    *columns(DoctorClinic, Clinic, doctor_id=Doctor.user_id, default_treatment_id=Doctor.default_treatment_id)
).join(Clinic, Clinic.clinic_id == Doctor.clinic_id)
_DOCTOR_CLINIC = _DOCTOR_CLINICS.where(Doctor.user_id == bindparam("doctor_id"))
_CLINICS_OF = _DOCTOR_CLINICS.where(Doctor.user_id.in_(bindparam("doctor_ids", expanding=True)))


def booking_facts(
    session: Session,
    *,
    doctor_id: int,
    patient_id: int,
    treatment_id: int,
    receptionist_id: int | None,
    now: datetime,
    counted_clinic_id: int | None = None,
    guardian_id: int | None = None,
) -> tuple[BookingFacts, list[int]] | None:
    """Returns the facts with the clinic's active chairs by id, or None if there is no such doctor in practice
    or no such treatment.

    `offered_treatment_id` is None if the doctor does not offer the treatment. `open_requests` and `open_visits`, which
    are those ahead in `counted_clinic_id`, count what the actor may see. A patient sees all of their own and of their
    dependants. `guardian_id` is the actor who acts for another patient.
    """
    values = {
        "doctor_id": doctor_id,
        "patient_id": patient_id,
        "treatment_id": treatment_id,
        "receptionist_id": receptionist_id,
        "now": now,
        "counted_clinic_id": counted_clinic_id,
        "guardian_id": guardian_id,
        "today": now.astimezone(UTC).date(),
    }
    rows = fetch_all(session, BookingFacts, _FACTS, values)
    return (rows[0], [row.chair_id for row in rows if row.chair_id is not None]) if rows else None


@lru_cache
def _candidates_statement(*, of_doctor: bool, of_clinic: bool, for_move: bool) -> AnySelect:
    """Builds each of the eight statements once, as in db/repositories/appointments.py."""
    statement = _FOR_MOVE if for_move else _FOR_TREATMENT
    if of_doctor:
        statement = statement.where(Doctor.user_id == bindparam("doctor_id"))
    if of_clinic:
        statement = statement.where(Clinic.clinic_id == bindparam("clinic_id"))
    return statement


def candidates(
    session: Session,
    *,
    treatment_id: int,
    doctor_id: int | None,
    clinic_id: int | None,
    present_doctor_id: int | None = None,
) -> list[Candidate]:
    """Returns each doctor in practice at an active clinic who offers the active treatment, by doctor_id. For a visit
    that is to be moved, which now is with `present_doctor_id`, returns each to whom it can be moved.
    """
    statement = _candidates_statement(
        of_doctor=doctor_id is not None, of_clinic=clinic_id is not None, for_move=present_doctor_id is not None
    )
    values = {
        "treatment_id": treatment_id,
        "doctor_id": doctor_id,
        "clinic_id": clinic_id,
        "present_doctor_id": present_doctor_id,
    }
    return fetch_all(session, Candidate, statement, values)


def candidates_of_clinic(session: Session, clinic_id: int, doctor_ids: Collection[int] | None) -> list[Candidate]:
    """Returns each doctor in practice at the active clinic with each active treatment that they offer, limited to these
    doctors unless they are None.
    """
    if doctor_ids is None:
        return fetch_all(session, Candidate, _IN_CLINIC, {"clinic_id": clinic_id})
    return fetch_all(session, Candidate, _OF_DOCTORS, {"clinic_id": clinic_id, "doctor_ids": sorted(doctor_ids)})


def view_of(appointment: Appointment, facts: BookingFacts) -> AppointmentView:
    """Returns the appointment in the version that was just written, with the names in the facts. Reads nothing."""
    fields = [name for name in AppointmentView._fields if name not in AppointmentView._field_defaults]
    return AppointmentView(*(getattr(facts if name in _NAMES else appointment, name) for name in fields))


def doctor_clinic(session: Session, doctor_id: int) -> DoctorClinic | None:
    """Returns the doctor's clinic, or None if there is no such doctor in practice."""
    return fetch_one(session, DoctorClinic, _DOCTOR_CLINIC, {"doctor_id": doctor_id})


def doctor_clinics(session: Session, doctor_ids: Collection[int]) -> list[DoctorClinic]:
    """Returns the clinics of doctors for operators, including doctors who are not in practice."""
    return fetch_all(session, DoctorClinic, _CLINICS_OF, {"doctor_ids": sorted(doctor_ids)}, unscoped=True)
