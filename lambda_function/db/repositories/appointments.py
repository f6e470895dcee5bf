"""Appointments and their events, as far as the caller may see them. Only changes load an entity."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session, aliased

from lambda_function.db.base import AnySelect
from lambda_function.db.models import (
    Appointment,
    AppointmentEvent,
    AppointmentRegistration,
    Clinic,
    Country,
    PersonName,
    Treatment,
    UserType,
)
from lambda_function.db.models.appointments import APPOINTMENT_ROWS, EVENT_ROWS
from lambda_function.db.repositories.guardians import represented
from lambda_function.db.repositories.recalls import MONTHS_OF_VISIT, OPEN_OF_VISIT, RECALL_STAYS
from lambda_function.db.rows import columns, fetch_all, fetch_one, insert_one, write
from lambda_function.domain.appointment import HOLDING, EventAction, Policy, Status, Via
from lambda_function.domain.registration import Outcome, RegistrationState, registration_of

_DOCTOR = aliased(PersonName)
_PATIENT = aliased(PersonName)
# In a statement that locks, a subquery locks nothing.
_ERASED = select(PersonName.erased_at).where(PersonName.user_id == Appointment.patient_id).scalar_subquery()
_RECEPTIONIST = aliased(PersonName)


class AppointmentView(NamedTuple):
    """An appointment with the names of its people, clinic and treatment. `register` is the code of the country, if it
    has a register. The last three fields are None if there is no outcome for the present version.
    """

    appointment_id: int
    status: Status
    starts_at: datetime
    ends_at: datetime
    clinic_id: int
    clinic_name: str
    country: str
    time_zone: str
    doctor_id: int
    doctor_name: str
    patient_id: int
    patient_name: str
    receptionist_id: int | None
    receptionist_name: str | None
    treatment_id: int
    treatment_code: str
    treatment_name: str
    chair_id: int | None
    patient_note: str | None
    internal_note: str | None
    cancel_reason: str | None
    override_reason: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    attendance_confirmed_at: datetime | None
    register: str | None
    outcome: Outcome | None = None
    outcome_error: str | None = None
    outcome_at: datetime | None = None

    @property
    def registration(self) -> RegistrationState | None:
        """Returns the state of the visit in the register of its country, or None if the country has no register."""
        if self.register is None:
            return None
        return registration_of(self.version, self.outcome, self.outcome_error, self.outcome_at)


class VisitByName(NamedTuple):
    """A visit by user names and its start."""

    doctor: str
    receptionist: str | None
    patient: str
    starts_at: datetime
    time_zone: str


class VisitResources(NamedTuple):
    """The people, the treatment, the status and the time of an appointment, and the clinic's policy and zone, read
    without a lock.
    """

    doctor_id: int
    patient_id: int
    treatment_id: int
    status: Status
    starts_at: datetime
    ends_at: datetime
    buffer_before_minutes: int
    buffer_after_minutes: int
    lead_minutes: int
    horizon_days: int
    cutoff_minutes: int
    time_zone: str
    country: str

    @property
    def policy(self) -> Policy:
        return Policy.in_units(self.lead_minutes, self.horizon_days, self.cutoff_minutes)


class VisitForChange(NamedTuple):
    """An appointment whose row is locked, whether its patient has been erased by now, and whether the caller who acts
    for that patient still does. `recall_months` is after how many months an active patient is due for its treatment
    again, and `open_recall_id` the recall for it that is open. If `recall_stays`, completing the visit changes nothing
    about recalls.
    """

    appointment: Appointment
    erased: bool
    represented: bool
    recall_months: int | None
    open_recall_id: int | None
    recall_stays: bool


class CancelledVisit(NamedTuple):
    """A cancelled appointment, with its status before and the country of its clinic."""

    appointment: Appointment
    before: Status
    country: str


class EventView(NamedTuple):
    """Something that happened to an appointment. The names are None if the system did it."""

    event_id: int
    at: datetime
    user_name: str | None
    user_type: str | None
    action: str
    from_status: Status | None
    to_status: Status
    reason: str | None
    via: str | None
    changes: dict[str, Any]


class LastEvent(NamedTuple):
    """What happened to an appointment last."""

    at: datetime
    action: str
    via: str | None


# An outcome for an older version says nothing about the visit as it is now.
OF_THIS_VERSION = and_(
    AppointmentRegistration.appointment_id == Appointment.appointment_id,
    AppointmentRegistration.version == Appointment.version,
)
VIEW: AnySelect = (
    select(
        *columns(
            AppointmentView,
            Appointment,
            clinic_name=Clinic.name,
            country=Clinic.country,
            time_zone=Clinic.time_zone,
            doctor_name=_DOCTOR.full_name,
            patient_name=_PATIENT.full_name,
            receptionist_name=_RECEPTIONIST.full_name,
            treatment_code=Treatment.code,
            treatment_name=Treatment.name,
            register=Country.code,
            outcome=AppointmentRegistration.status,
            outcome_error=AppointmentRegistration.error,
            outcome_at=AppointmentRegistration.at,
        )
    )
    .join(Clinic, Clinic.clinic_id == Appointment.clinic_id)
    .join(_DOCTOR, _DOCTOR.user_id == Appointment.doctor_id)
    .join(_PATIENT, _PATIENT.user_id == Appointment.patient_id)
    .join(Treatment, Treatment.treatment_id == Appointment.treatment_id)
    .outerjoin(_RECEPTIONIST, _RECEPTIONIST.user_id == Appointment.receptionist_id)
    .outerjoin(Country, Country.code == Clinic.country)
    .outerjoin(AppointmentRegistration, OF_THIS_VERSION)
)
_ONE = VIEW.where(Appointment.appointment_id == bindparam("appointment_id"))

_BY_NAME: AnySelect = (
    select(
        *columns(
            VisitByName,
            Appointment,
            Clinic,
            doctor=_DOCTOR.user_name,
            receptionist=_RECEPTIONIST.user_name,
            patient=_PATIENT.user_name,
        )
    )
    .join(Clinic, Clinic.clinic_id == Appointment.clinic_id)
    .join(_DOCTOR, _DOCTOR.user_id == Appointment.doctor_id)
    .join(_PATIENT, _PATIENT.user_id == Appointment.patient_id)
    .outerjoin(_RECEPTIONIST, _RECEPTIONIST.user_id == Appointment.receptionist_id)
    .where(Appointment.status.in_(sorted(HOLDING)))
    .order_by(Appointment.starts_at, Appointment.appointment_id)
)
_RESOURCES: AnySelect = (
    select(*columns(VisitResources, Appointment, Clinic))
    .join(Clinic, Clinic.clinic_id == Appointment.clinic_id)
    .where(Appointment.appointment_id == bindparam("appointment_id"))
)
MERGED_INTO = aliased(PersonName)
# Of somebody who was merged into another, only a number is left.
ACTOR_NAME = func.coalesce(MERGED_INTO.user_name, PersonName.user_name)
_HISTORY: AnySelect = (
    select(*columns(EventView, AppointmentEvent, user_name=ACTOR_NAME, user_type=UserType.description))
    .outerjoin(PersonName, PersonName.user_id == AppointmentEvent.actor_id)
    .outerjoin(MERGED_INTO, MERGED_INTO.user_id == PersonName.merged_into)
    .outerjoin(UserType, UserType.user_type_id == AppointmentEvent.actor_type)
    .where(
        AppointmentEvent.appointment_id == bindparam("appointment_id"),
        AppointmentEvent.event_id > bindparam("after"),
    )
    .order_by(AppointmentEvent.event_id)
    .limit(bindparam("page_limit"))
)
_LAST_EVENT = (
    select(*columns(LastEvent, AppointmentEvent))
    .where(AppointmentEvent.appointment_id == bindparam("appointment_id"))
    .order_by(AppointmentEvent.event_id.desc())
    .limit(1)
)
_MOVES = select(func.count(AppointmentEvent.event_id)).where(
    AppointmentEvent.appointment_id == bindparam("appointment_id"),
    AppointmentEvent.action == EventAction.MOVE,
    AppointmentEvent.via == bindparam("via"),
    AppointmentEvent.at >= bindparam("since"),
)
_FOR_CHANGE = (
    select(
        Appointment, _ERASED, represented(APPOINTMENT_ROWS.c.patient_id), MONTHS_OF_VISIT, OPEN_OF_VISIT, RECALL_STAYS
    )
    .where(Appointment.appointment_id == bindparam("appointment_id"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
_COUNTRY = select(Clinic.country).where(Clinic.clinic_id == Appointment.clinic_id).scalar_subquery()
_ALL_FOR_CHANGE = (
    select(Appointment, _COUNTRY)
    .where(Appointment.appointment_id.in_(bindparam("appointment_ids", expanding=True)))
    .order_by(Appointment.appointment_id)
    .with_for_update()
    .execution_options(populate_existing=True)
)
_NEW = insert(APPOINTMENT_ROWS)
_NEW_EVENT = insert(EVENT_ROWS)


def add(session: Session, values: Mapping[str, Any]) -> int:
    """Adds an appointment and returns its id."""
    return insert_one(session, _NEW, values)


def add_events(session: Session, events: Sequence[Mapping[str, Any]]) -> None:
    """Adds complete events in one statement."""
    write(session, _NEW_EVENT, events)


def find(session: Session, appointment_id: int) -> AppointmentView | None:
    return fetch_one(session, AppointmentView, _ONE, {"appointment_id": appointment_id})


def from_local_midnight(session: Session, since: Mapping[str, datetime], *, limit: int) -> list[VisitByName]:
    """Returns visits that hold their time, earliest first, in each time zone from its instant in `since` on."""
    after_midnight = or_(
        *(and_(Clinic.time_zone == zone, Appointment.starts_at >= instant) for zone, instant in since.items())
    )
    statement = _BY_NAME.where(Appointment.starts_at >= min(since.values()), after_midnight).limit(limit)
    return fetch_all(session, VisitByName, statement)


def history(session: Session, appointment_id: int, *, after: int, limit: int) -> list[EventView]:
    """Returns what happened to the appointment, oldest first."""
    values = {"appointment_id": appointment_id, "after": after, "page_limit": limit}
    return fetch_all(session, EventView, _HISTORY, values)


def last_event(session: Session, appointment_id: int) -> LastEvent | None:
    return fetch_one(session, LastEvent, _LAST_EVENT, {"appointment_id": appointment_id})


def moves_since(session: Session, appointment_id: int, via: Via, since: datetime) -> int:
    """Returns how often the appointment was moved in that way since then."""
    values = {"appointment_id": appointment_id, "via": via, "since": since}
    return session.execute(_MOVES, values).scalar_one()


def resources_of(session: Session, appointment_id: int) -> VisitResources | None:
    return fetch_one(session, VisitResources, _RESOURCES, {"appointment_id": appointment_id})


def get_for_change(
    session: Session, appointment_id: int, *, guardian_id: int | None, today: date
) -> VisitForChange | None:
    """Returns the entity with its row locked. Lock its doctor, patient and chair first (see claims.py): erasing holds
    the patient's lock. `guardian_id` is the caller who acts for the patient, if the caller does.
    """
    values = {"appointment_id": appointment_id, "guardian_id": guardian_id, "today": today}
    row = session.execute(_FOR_CHANGE, values).one_or_none()
    if row is None:
        return None
    visit, erased_at, is_represented, recall_months, open_recall_id, recall_stays = row
    return VisitForChange(
        visit, erased_at is not None, bool(is_represented), recall_months, open_recall_id, bool(recall_stays)
    )


def cancel_all(session: Session, appointment_ids: Sequence[int], *, reason: str, now: datetime) -> list[CancelledVisit]:
    """Cancels the appointments in two statements, with their rows locked in the order of their ids. Returns each after
    the change, only for reading. The caller has checked that each may be cancelled, and holds
    the locks of get_for_change.
    """
    found = session.execute(_ALL_FOR_CHANGE, {"appointment_ids": appointment_ids}).all()
    changes = {"status": Status.CANCELLED, "cancel_reason": reason, "updated_at": now}
    write(
        session,
        update(Appointment)
        .where(Appointment.appointment_id.in_([visit.appointment_id for visit, _ in found]))
        .values(version=Appointment.version + 1, **changes),
    )
    return [
        CancelledVisit(visit, _changed(session, visit, {**changes, "version": visit.version + 1}), country)
        for visit, country in found
    ]


def _changed(session: Session, visit: Appointment, changes: Mapping[str, Any]) -> Status:
    """Changes the object outside the session, which would otherwise write it again. Returns the previous status."""
    before = visit.status
    session.expunge(visit)
    for name, value in changes.items():
        setattr(visit, name, value)
    return before
