"""Everything that the database knows about a person, to be handed over or to be forgotten. Unscoped, and in columns."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, inspect, or_, select, update
from sqlalchemy.orm import Session

from lambda_function.db.models import (
    Appointment,
    AppointmentEvent,
    CalendarToken,
    ClinicPatient,
    Doctor,
    DoctorTreatment,
    IdempotencyKey,
    LinkCode,
    OutboxMessage,
    Patient,
    PersonEvent,
    Receptionist,
    ReceptionistClinic,
    Refusals,
    TimeOff,
    User,
    WaitlistEntry,
    WorkingHours,
    WorkingHoursException,
)
from lambda_function.db.repositories import idempotency
from lambda_function.db.scoping import UNSCOPED

_UNSYNCED = {**UNSCOPED, "synchronize_session": False}
# What staff did in other people's visits is theirs; what was written there is the patient's.
_OF_STAFF = (
    Appointment.appointment_id,
    Appointment.clinic_id,
    Appointment.treatment_id,
    Appointment.doctor_id,
    Appointment.receptionist_id,
    Appointment.status,
    Appointment.starts_at,
    Appointment.ends_at,
)
_EVENT_OF_STAFF = (
    AppointmentEvent.event_id,
    AppointmentEvent.appointment_id,
    AppointmentEvent.at,
    AppointmentEvent.actor_type,
    AppointmentEvent.action,
    AppointmentEvent.from_status,
    AppointmentEvent.to_status,
)
# Hashes stand for secrets: that there is one is what there is to know.
_SECRETS = frozenset({"token_hash", "key_hash", "code_hash", "request_hash", "rights_hash"})


def _all(mapped: type[Any]) -> list[Any]:
    return [getattr(mapped, column.key) for column in inspect(mapped).column_attrs if column.key not in _SECRETS]


def _own_visit(appointment_id: Any, user_id: int) -> ColumnElement[bool]:
    own = select(Appointment.appointment_id).where(Appointment.patient_id == user_id)
    return appointment_id.in_(own)  # type: ignore[no-any-return]


def _is_patient(user_id: int) -> ColumnElement[bool]:
    return exists().where(Patient.user_id == user_id)


def _sections(user_id: int) -> Mapping[str, tuple[Sequence[Any], ColumnElement[bool]]]:
    """Which columns of which rows make up what is known about a person."""
    staff = (Appointment.doctor_id == user_id) | (Appointment.receptionist_id == user_id)
    return MappingProxyType(
        {
            "user": (_all(User), User.user_id == user_id),
            "person_events": (_all(PersonEvent), PersonEvent.user_id == user_id),
            "person_events_of_others": (
                (PersonEvent.person_event_id, PersonEvent.at, PersonEvent.action),
                (PersonEvent.actor_id == user_id) & (PersonEvent.user_id != user_id),
            ),
            "patient": (_all(Patient), Patient.user_id == user_id),
            "doctor": (_all(Doctor), Doctor.user_id == user_id),
            "receptionist": (_all(Receptionist), Receptionist.user_id == user_id),
            "patient_of_clinics": (_all(ClinicPatient), ClinicPatient.patient_id == user_id),
            "receptionist_of_clinics": (_all(ReceptionistClinic), ReceptionistClinic.receptionist_id == user_id),
            "treatments": (_all(DoctorTreatment), DoctorTreatment.doctor_id == user_id),
            "working_hours": (_all(WorkingHours), WorkingHours.doctor_id == user_id),
            "working_hours_exceptions": (_all(WorkingHoursException), WorkingHoursException.doctor_id == user_id),
            "time_off": (_all(TimeOff), TimeOff.doctor_id == user_id),
            "appointments": (_all(Appointment), Appointment.patient_id == user_id),
            "appointments_as_staff": (_OF_STAFF, staff),
            "events": (_all(AppointmentEvent), _own_visit(AppointmentEvent.appointment_id, user_id)),
            "events_as_staff": (
                _EVENT_OF_STAFF,
                (AppointmentEvent.actor_id == user_id) & ~_own_visit(AppointmentEvent.appointment_id, user_id),
            ),
            "messages": (
                _all(OutboxMessage),
                _own_visit(OutboxMessage.detail["appointment_id"].as_integer(), user_id),
            ),
            "waitlist": (
                _all(WaitlistEntry),
                or_(
                    WaitlistEntry.patient_id == user_id,
                    WaitlistEntry.doctor_id == user_id,
                    WaitlistEntry.offer_doctor_id == user_id,
                ),
            ),
            "calendar_token": (_all(CalendarToken), CalendarToken.user_id == user_id),
            "link_code": (_all(LinkCode), LinkCode.user_id == user_id),
            "refusals": (_all(Refusals), Refusals.user_id == user_id),
            # What staff were answered is about their patients.
            "kept_answers": (_all(IdempotencyKey), (IdempotencyKey.user_id == user_id) & _is_patient(user_id)),
            "kept_answers_as_staff": (
                (IdempotencyKey.created_at, IdempotencyKey.key_hash, IdempotencyKey.status),
                (IdempotencyKey.user_id == user_id) & ~_is_patient(user_id),
            ),
        }
    )


def everything(session: Session, user_id: int) -> dict[str, list[dict[str, Any]]]:
    """By section, rows as the columns that tell about this person."""
    found = {}
    for name, (columns, where) in _sections(user_id).items():
        rows = session.execute(select(*columns).where(where).order_by(columns[0]), execution_options=UNSCOPED)
        found[name] = [dict(row._mapping) for row in rows]  # noqa: SLF001 - public, despite its name
    return found


def forget_patient(session: Session, user_id: int, *, anonymous: str, now: datetime) -> None:
    """Leaves the visits without words: who (a number), when, where and which treatment. The person is called
    `anonymous` from then on.
    """
    changes = (
        update(Appointment)
        .where(Appointment.patient_id == user_id)
        .values(
            patient_note=None,
            internal_note=None,
            cancel_reason=None,
            override_reason=None,
            version=Appointment.version + 1,
            updated_at=now,
        ),
        update(AppointmentEvent)
        .where(_own_visit(AppointmentEvent.appointment_id, user_id))
        .values(reason=None, changes={}),
        delete(WaitlistEntry).where(WaitlistEntry.patient_id == user_id),
        delete(CalendarToken).where(CalendarToken.user_id == user_id),
        delete(LinkCode).where(LinkCode.user_id == user_id),
        delete(Refusals).where(Refusals.user_id == user_id),
        delete(ClinicPatient).where(ClinicPatient.patient_id == user_id),
        update(User)
        .where(User.user_id == user_id)
        .values(
            user_name=anonymous,
            full_name=anonymous,
            email=None,
            phone=None,
            cognito_sub=None,
            erased_at=now,
            email_trusted=None,
            version=User.version + 1,
            updated_at=now,
        ),
    )
    idempotency.forget_person(session, user_id)
    for change in changes:
        session.execute(change, execution_options=_UNSYNCED)
