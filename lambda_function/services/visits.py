"""An appointment under its locks, and its events, shared by moving and by the steps of its life."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lambda_function.db.models import Appointment, ClinicPatient
from lambda_function.db.repositories import appointments, claims, outbox
from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.db.repositories.booking import BookingFacts
from lambda_function.db.repositories.busy import VisitAhead, VisitInSpan, VisitOfDoctor
from lambda_function.db.repositories.outbox import VisitToTell
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Actor
from lambda_function.domain.appointment import EventAction, Policy, Status
from lambda_function.domain.errors import ContentionError, ForbiddenError, InvalidTransitionError, NotFoundError
from lambda_function.domain.messages import REGISTRATION_REQUESTED, kind_of, rfc3339
from lambda_function.domain.permissions import Subject, sees
from lambda_function.services.guardians import lock_patient

BusyVisit = VisitAhead | VisitInSpan | VisitOfDoctor


@dataclass(frozen=True, slots=True)
class LockedVisit:
    """An appointment whose doctor, patient and own row are locked, with its clinic's policy and zone. `erased` is
    whether its patient has been or is being erased. `clinic_of` are the clinics of all locked doctors. `country` is
    that of the visit's clinic. The last three fields are as in VisitForChange.
    """

    appointment: Appointment
    policy: Policy
    time_zone: str
    country: str
    erased: bool
    clinic_of: Mapping[int, int]
    recall_months: int | None
    open_recall_id: int | None
    recall_stays: bool

    @property
    def subject(self) -> Subject:
        visit = self.appointment
        return Subject(visit.patient_id, visit.doctor_id, visit.clinic_id)

    def check_may_say(self, *words: str | None) -> None:
        """Raises InvalidTransitionError for text about a visit of an erased person."""
        if self.erased and any(word is not None for word in words):
            raise InvalidTransitionError("The patient has been erased: nothing can be written about this visit.")


def lock_visit(work: UnitOfWork, appointment_id: int, more_doctors: Collection[int] = ()) -> LockedVisit:
    """Locks in the one order: the visit's doctor and `more_doctors` by id, the patient with a guardian who acts for
    them, then the appointment. Nothing changes an appointment without its doctor's lock.

    Raises NotFoundError, and ContentionError if it was moved, or its patient was merged into another, between finding
    and locking it, after which the request starts again.
    """
    resources = appointments.resources_of(work.session, appointment_id)
    if resources is None:
        raise NotFoundError("There is no such appointment.")
    clinic_of = claims.lock_doctors(work.session, {resources.doctor_id, *more_doctors})
    lock_patient(work, resources.patient_id)
    guardian_id = work.actor.as_guardian_of(resources.patient_id)
    found = appointments.get_for_change(work.session, appointment_id, guardian_id=guardian_id, today=work.today)
    changed = ContentionError("The appointment was moved, or its patient merged, at the same time; try again.")
    if found is None:
        raise changed
    appointment, erased = found.appointment, found.erased
    if (appointment.doctor_id, appointment.patient_id) != (resources.doctor_id, resources.patient_id):
        raise changed
    if not found.represented:
        raise NotFoundError("There is no such appointment.")
    if erased and appointment.patient_id == work.actor.user_id:
        raise ForbiddenError("This account is deactivated.")
    return LockedVisit(
        appointment,
        resources.policy,
        resources.time_zone,
        resources.country,
        erased,
        clinic_of,
        found.recall_months,
        found.open_recall_id,
        found.recall_stays,
    )


@dataclass(frozen=True, slots=True)
class VisibleVisits:
    """The ids of those visits that the actor may learn, and how many more there are."""

    ids: list[int]
    elsewhere: int


def visible_to(actor: Actor, visits: Collection[BusyVisit]) -> VisibleVisits:
    """Takes visits that were read without the actor's scope. Every id that an answer or a refusal names goes through
    here, because the actor may not learn those of other clinics.
    """
    ids = [
        visit.appointment_id
        for visit in visits
        if sees(actor, Subject(visit.patient_id, visit.doctor_id, visit.clinic_id))
    ]
    return VisibleVisits(ids, len(visits) - len(ids))


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What the actor did to an appointment. `before` is its previous status. The new one is in the appointment, whose
    clinic is in `country`. `left_country` is where it was before, if that is another one. With `announce` false, nobody
    is to be told.
    """

    appointment: Appointment | AppointmentView
    action: EventAction
    before: Status | None
    country: str
    reason: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    left_country: str | None = None
    announce: bool = True


def record(work: UnitOfWork, *events: NewEvent, more: Iterable[Mapping[str, object]] = ()) -> None:
    """Adds events to the history and to the outbox, which informs other systems, in two statements, however many.
    `more` are messages that follow from them.

    Flushes first, because the messages include the version.
    """
    if not events:
        return
    work.session.flush()
    appointments.add_events(work.session, [_row(work, event) for event in events])
    outbox.add(work.session, [*(message for event in events for message in _messages_of(work, event)), *more])


def _row(work: UnitOfWork, event: NewEvent) -> dict[str, object]:
    return {
        "appointment_id": event.appointment.appointment_id,
        "at": work.now,
        "actor_id": work.actor.user_id if work.actor.is_user else None,
        "actor_type": work.actor.role if work.actor.is_user else None,
        "action": event.action,
        "from_status": event.before,
        "to_status": event.appointment.status,
        "reason": event.reason,
        "via": work.via,
        "changes": dict(event.changes),
    }


def tell(work: UnitOfWork, kind: str, visits: Iterable[VisitToTell | AppointmentView]) -> None:
    """Adds messages about visits to which nothing has happened to the outbox, in one statement, however many. Other
    systems learn of a new version, and nobody is told.
    """
    messages = [_message(work, kind, visit, visit.country, before=visit.status) for visit in visits]
    if messages:
        outbox.add(work.session, messages)


def _messages_of(work: UnitOfWork, event: NewEvent) -> Iterator[dict[str, object]]:
    """Yields a message without anything personal: without the reason, and with the names of what has
    changed, but not with the values, which hold what people wrote. A country that the visit has left gets another one,
    since the first goes to the country where it is now.
    """
    visit = event.appointment
    yield _message(
        work,
        kind_of(event.action, visit.status),
        visit,
        event.country,
        before=event.before,
        action=event.action,
        changed=sorted(event.changes) if event.before is not None else [],
        announce=event.announce,
    )
    if event.left_country is not None:
        yield _message(work, REGISTRATION_REQUESTED, visit, event.left_country, before=visit.status)


def _message(
    work: UnitOfWork,
    kind: str,
    visit: Appointment | AppointmentView | VisitToTell,
    country: str,
    *,
    before: Status | None,
    action: EventAction | None = None,
    changed: Sequence[str] = (),
    announce: bool = False,
) -> dict[str, object]:
    detail = {
        "appointment_id": visit.appointment_id,
        "version": visit.version,
        "action": action,
        "from_status": before,
        "to_status": visit.status,
        "changed": list(changed),
        "announce": announce,
        "country": country,
        "clinic_id": visit.clinic_id,
        "doctor_id": visit.doctor_id,
        "starts_at": rfc3339(visit.starts_at),
        "at": rfc3339(work.now),
    }
    return {"kind": kind, "detail": detail, "created_at": work.now}


def join_clinic(work: UnitOfWork, facts: BookingFacts) -> None:
    """Makes the patient of a new visit one of the clinic's."""
    if not facts.is_clinic_patient:
        membership = ClinicPatient(clinic_id=facts.clinic_id, patient_id=facts.patient_id, created_at=work.now)
        work.session.add(membership)


def view(work: UnitOfWork, appointment: Appointment) -> AppointmentView:
    """Returns the appointment as it is now."""
    work.session.flush()
    found = appointments.find(work.session, appointment.appointment_id)
    if found is None:
        raise NotFoundError("There is no such appointment.")
    return found
