"""Everything that the database knows about a person, for a copy of it. Unscoped."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, exists, inspect, or_, select
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect
from lambda_function.db.models import (
    Appointment,
    AppointmentEvent,
    CalendarToken,
    ClinicPatient,
    Doctor,
    DoctorTreatment,
    Guardian,
    IdempotencyKey,
    IdempotencySubject,
    LinkCode,
    Notification,
    OutboxMessage,
    Patient,
    PatientIdentifier,
    PatientImport,
    PersonEvent,
    Recall,
    RecallEvent,
    Receptionist,
    ReceptionistClinic,
    Refusals,
    TimeOff,
    User,
    WaitlistEntry,
    WorkingHours,
    WorkingHoursException,
)
from lambda_function.db.repositories.keyset import Position, behind
from lambda_function.db.rows import columns, fetch_all
from lambda_function.db.scoping import UNSCOPED

# What staff did in visits and about recalls is about them, but what was written there is about the patient.
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
_RECALL_OF_STAFF = (
    Recall.recall_id,
    Recall.clinic_id,
    Recall.treatment_id,
    Recall.doctor_id,
    Recall.due_on,
    Recall.status,
)
_RECALL_EVENT_OF_STAFF = (RecallEvent.recall_event_id, RecallEvent.recall_id, RecallEvent.at, RecallEvent.action)
_EVENT_OF_OTHERS = (PersonEvent.person_event_id, PersonEvent.at, PersonEvent.action)
# Hashes stand for secrets. The copy only shows that there is one.
_SECRETS = frozenset(
    {
        "token_hash",
        "key_hash",
        "code_hash",
        "request_hash",
        "rights_hash",
        "lease",
        "address_hash",
        "bounced_email_hash",
    }
)
_Section = tuple[Sequence[Any], ColumnElement[bool]]
_ANSWER = (IdempotencyKey.created_at, IdempotencyKey.status)


def _all(mapped: type[Any]) -> list[Any]:
    return [getattr(mapped, column.key) for column in inspect(mapped).column_attrs if column.key not in _SECRETS]


def _own_visit(appointment_id: Any, user_id: int) -> ColumnElement[bool]:
    own = select(Appointment.appointment_id).where(Appointment.patient_id == user_id)
    return appointment_id.in_(own)  # type: ignore[no-any-return]


def _own_recall(recall_id: Any, user_id: int) -> ColumnElement[bool]:
    own = select(Recall.recall_id).where(Recall.patient_id == user_id)
    return recall_id.in_(own)  # type: ignore[no-any-return]


def _is_patient(user_id: int) -> ColumnElement[bool]:
    return exists().where(Patient.user_id == user_id)


def _names(user_id: int) -> ColumnElement[bool]:
    return exists().where(
        IdempotencySubject.subject_id == user_id,
        IdempotencySubject.user_id == IdempotencyKey.user_id,
        IdempotencySubject.key_hash == IdempotencyKey.key_hash,
    )


def _by_these_about_others(numbers: Sequence[int]) -> ColumnElement[bool]:
    return PersonEvent.actor_id.in_(numbers) & PersonEvent.user_id.not_in(numbers)


def _recalls(user_id: int) -> Mapping[str, _Section]:
    return {
        "recalls": (_all(Recall), Recall.patient_id == user_id),
        "recalls_as_staff": (_RECALL_OF_STAFF, Recall.doctor_id == user_id),
        "recall_events": (_all(RecallEvent), _own_recall(RecallEvent.recall_id, user_id)),
        "recall_events_as_staff": (
            _RECALL_EVENT_OF_STAFF,
            (RecallEvent.actor_id == user_id) & ~_own_recall(RecallEvent.recall_id, user_id),
        ),
    }


def _sections(user_id: int, merged: Collection[int] = ()) -> Mapping[str, _Section]:
    """Returns the columns and the rows of everything known about a person, except the messages."""
    numbers = sorted({user_id, *merged})
    staff = (Appointment.doctor_id == user_id) | (Appointment.receptionist_id == user_id)
    return MappingProxyType(
        {
            "user": (_all(User), User.user_id == user_id),
            "person_events": (_all(PersonEvent), PersonEvent.user_id.in_(numbers)),
            "person_events_of_others": (_EVENT_OF_OTHERS, _by_these_about_others(numbers)),
            "patient": (_all(Patient), Patient.user_id == user_id),
            "identifiers": (_all(PatientIdentifier), PatientIdentifier.user_id == user_id),
            "imports": (_all(PatientImport), PatientImport.user_id == user_id),
            "guardians": (_all(Guardian), Guardian.patient_id == user_id),
            "guardian_of": (_all(Guardian), Guardian.guardian_id == user_id),
            "guardians_as_staff": ((Guardian.created_at,), Guardian.created_by == user_id),
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
            "waitlist": (
                _all(WaitlistEntry),
                or_(
                    WaitlistEntry.patient_id == user_id,
                    WaitlistEntry.doctor_id == user_id,
                    WaitlistEntry.offer_doctor_id == user_id,
                ),
            ),
            **_recalls(user_id),
            "notifications": (_all(Notification), Notification.user_id == user_id),
            "calendar_token": (_all(CalendarToken), CalendarToken.user_id == user_id),
            "link_code": (_all(LinkCode), LinkCode.user_id == user_id),
            "refusals": (_all(Refusals), Refusals.user_id == user_id),
            # Answers that staff got are about their patients.
            "kept_answers": (_all(IdempotencyKey), (IdempotencyKey.user_id == user_id) & _is_patient(user_id)),
            "kept_answers_as_staff": (_ANSWER, (IdempotencyKey.user_id == user_id) & ~_is_patient(user_id)),
            "kept_answers_to_others": (_ANSWER, (IdempotencyKey.user_id != user_id) & _names(user_id)),
        }
    )


class _AnyMessage(NamedTuple):
    """A message about a visit, an entry of the waitlist or a recall."""

    outbox_id: int
    appointment_id: int | None
    waitlist_id: int | None
    recall_id: int | None


_NEXT_MESSAGES: AnySelect = (
    select(
        *columns(
            _AnyMessage,
            OutboxMessage,
            appointment_id=OutboxMessage.detail["appointment_id"].as_integer(),
            waitlist_id=OutboxMessage.detail["waitlist_id"].as_integer(),
            recall_id=OutboxMessage.detail["recall_id"].as_integer(),
        )
    )
    .where(OutboxMessage.outbox_id > bindparam("after"))
    .order_by(OutboxMessage.outbox_id)
    .limit(bindparam("window"))
)

MESSAGES = "messages"
# These are in the order of the copy.
SECTIONS: tuple[str, ...] = (*_sections(0), MESSAGES)
_WINDOW = 5000


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a section, by column. `after` is the position after which to continue, or None
    if there is nothing more.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    after: Position | None = None


def page(
    session: Session,
    user_id: int,
    section: str,
    *,
    merged: Collection[int] = (),
    after: Position | None,
    limit: int,
) -> Page:
    """Returns at most `limit` rows of a section after a position, with the columns that are about this person.
    `merged` are the ids of those who were merged into them.
    """
    if section == MESSAGES:
        return _messages(session, user_id, after)
    told, where = _sections(user_id, merged)[section]
    position = _position(told[0].class_)
    statement = select(*told, *(column.label(f"_{number}") for number, column in enumerate(position))).where(where)
    if after is not None:
        statement = statement.where(behind(position, after))
    rows = session.execute(statement.order_by(*position).limit(limit), execution_options=UNSCOPED).all()
    names = [column.key for column in told]
    return Page(
        rows=[dict(zip(names, row, strict=False)) for row in rows],
        after=tuple(rows[-1][len(names) :]) if len(rows) == limit else None,
    )


def _position(mapped: type[Any]) -> list[Any]:
    """Returns the columns that order these rows: the primary key, except for the histories, which are found by visits
    and recalls.
    """
    if mapped is AppointmentEvent:
        return [AppointmentEvent.appointment_id, AppointmentEvent.event_id]
    if mapped is RecallEvent:
        return [RecallEvent.recall_id, RecallEvent.recall_event_id]
    mapper = inspect(mapped)
    return [getattr(mapped, mapper.get_property_by_column(column).key) for column in mapper.primary_key]


def _messages(session: Session, user_id: int, after: Position | None) -> Page:
    """Returns those of the next _WINDOW messages that are about the person's visits, wishes and recalls. No index tells
    whose a message is.
    """
    values = {"after": (after or (0,))[0], "window": _WINDOW}
    seen = fetch_all(session, _AnyMessage, _NEXT_MESSAGES, values, unscoped=True)
    own_visits = select(Appointment.appointment_id).where(
        Appointment.patient_id == user_id,
        Appointment.appointment_id.in_({row.appointment_id for row in seen if row.appointment_id}),
    )
    own_wishes = select(WaitlistEntry.waitlist_id).where(
        WaitlistEntry.patient_id == user_id,
        WaitlistEntry.waitlist_id.in_({row.waitlist_id for row in seen if row.waitlist_id}),
    )
    own_recalls = select(Recall.recall_id).where(
        Recall.patient_id == user_id, Recall.recall_id.in_({row.recall_id for row in seen if row.recall_id})
    )
    visits, wishes, recalls = (
        set(session.scalars(own, execution_options=UNSCOPED)) for own in (own_visits, own_wishes, own_recalls)
    )
    ids = [
        row.outbox_id
        for row in seen
        if row.appointment_id in visits or row.waitlist_id in wishes or row.recall_id in recalls
    ]
    told = select(*_all(OutboxMessage)).where(OutboxMessage.outbox_id.in_(ids)).order_by(OutboxMessage.outbox_id)
    found = [dict(row) for row in session.execute(told, execution_options=UNSCOPED).mappings()] if ids else []
    return Page(found, (seen[-1].outbox_id,) if len(seen) == _WINDOW else None)
