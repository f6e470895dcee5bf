"""The waitlist: join, look, withdraw, accept an offer. How offers are made stands in services/offers.py.

Looking at it passes on what has expired, so reading writes. See docs/decisions/0006-waitlist.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lambda_function.db.base import AnyRow
from lambda_function.db.models import WaitlistEntry
from lambda_function.db.repositories.appointments import Appointments, AppointmentView
from lambda_function.db.repositories.booking import practice_of
from lambda_function.db.repositories.calendar import Calendar
from lambda_function.db.repositories.candidates import candidates
from lambda_function.db.repositories.waitlist import Line, Waitlist
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.errors import (
    AlreadyWaitingError,
    InvalidInputError,
    InvalidTransitionError,
    NotFoundError,
    OfferExpiredError,
    TreatmentNotOfferedError,
)
from lambda_function.domain.intervals import Interval
from lambda_function.domain.permissions import Action, Subject, require
from lambda_function.domain.waitlist import OPEN, Freed, WaitlistStatus, check_acceptable
from lambda_function.services.availability import check_known
from lambda_function.services.booking import BookingRequest, book
from lambda_function.services.offers import offer_freed

NOBODY = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """A visit that lies wholly in [wished_from, wished_to). Patients may leave `patient_id` out."""

    treatment_id: int
    wished_from: datetime
    wished_to: datetime
    patient_id: int | None = None
    doctor_id: int | None = None
    clinic_id: int | None = None


def join(work: UnitOfWork, wish: Wish) -> AnyRow:
    """At the end of the line; answers as `get`. Time that is free already is not offered: it can be booked.

    Raises InvalidInputError, TreatmentNotOfferedError, AlreadyWaitingError, and ForbiddenError for a receptionist where
    the wish leads to another clinic.
    """
    require(work.actor, Action.WAIT)
    patient_id = _patient_of(work, wish)
    _check_wish(work, wish)
    _check_reach(work, wish, patient_id)
    # Under the patient's lock, so that joining twice at once is seen.
    if not Calendar(work.session).lock_patient(patient_id):
        raise InvalidInputError("There is no such patient.", field="patient_id")
    entry = WaitlistEntry(
        patient_id=patient_id,
        treatment_id=wish.treatment_id,
        doctor_id=wish.doctor_id,
        clinic_id=wish.clinic_id,
        status=WaitlistStatus.WAITING,
        wished_from=wish.wished_from,
        wished_to=wish.wished_to,
        created_at=work.now,
        updated_at=work.now,
    )
    if Line(work.session, work.now).has_like(entry):
        raise AlreadyWaitingError("The patient waits for this already.")
    Waitlist(work.session).add(entry)
    return get(work, entry.waitlist_id)


def _patient_of(work: UnitOfWork, wish: Wish) -> int:
    """A patient whom the actor may see."""
    patient_id = wish.patient_id
    if patient_id is None and work.actor.role is Role.PATIENT:
        patient_id = work.actor.user_id
    if patient_id is None:
        raise InvalidInputError("Say who waits.", field="patient_id")
    known = Appointments(work.session).known(doctor_id=None, patient_id=patient_id, clinic_id=None)
    if known.patient_id is None:
        raise InvalidInputError("There is no such patient.", field="patient_id")
    return patient_id


def _check_wish(work: UnitOfWork, wish: Wish) -> None:
    if wish.wished_from >= wish.wished_to:
        raise InvalidInputError("`from` is not before `to`.", field="from")
    if wish.wished_to <= work.now:
        raise InvalidInputError("That is in the past.", field="to")
    check_known(work, treatment_id=wish.treatment_id, doctor_id=wish.doctor_id, clinic_id=wish.clinic_id)
    doctors = candidates(
        work.session, treatment_id=wish.treatment_id, doctor_id=wish.doctor_id, clinic_id=wish.clinic_id
    )
    if not doctors:
        raise TreatmentNotOfferedError("Nobody offers this treatment there.", field="treatment_id")


def _check_reach(work: UnitOfWork, wish: Wish, patient_id: int) -> None:
    clinic_id = wish.clinic_id
    if wish.doctor_id is not None:
        practice = practice_of(work.session, wish.doctor_id)
        clinic_id = None if practice is None else practice.clinic_id
    if clinic_id is not None:
        require(work.actor, Action.WAIT, Subject(patient_id, wish.doctor_id or NOBODY, clinic_id))


def page(work: UnitOfWork, *, after: int, limit: int) -> Sequence[AnyRow]:
    """Rows of an entry's columns, in the order of joining. Passes expired offers on: commit it."""
    require(work.actor, Action.WAIT)
    offer_freed(work)
    return Waitlist(work.session).page(after=after, limit=limit)


def get(work: UnitOfWork, waitlist_id: int) -> AnyRow:
    require(work.actor, Action.WAIT)
    entry = Waitlist(work.session).get_one_or_none(waitlist_id)
    if entry is None:
        raise NotFoundError("There is no such entry.")
    return entry


def withdraw(work: UnitOfWork, waitlist_id: int) -> None:
    """What was on offer goes to the first who fits. InvalidTransitionError when it has ended already."""
    entry = get(work, waitlist_id)
    if entry.status not in OPEN or not Line(work.session, work.now).withdraw(entry):
        raise InvalidTransitionError("This entry has ended or changes right now.")
    offer_freed(work, _on_offer(work, entry))


def withdraw_all(work: UnitOfWork, patient_id: int) -> list[Freed]:
    """Ends all waiting of a patient, whose lock is held; answers the time that was on offer, to be offered again."""
    line = Line(work.session, work.now)
    return [part for entry in line.open_of(patient_id) if line.withdraw(entry) for part in _on_offer(work, entry)]


def _on_offer(work: UnitOfWork, entry: AnyRow) -> list[Freed]:
    if entry.status is not WaitlistStatus.OFFERED:
        return []
    practice = practice_of(work.session, entry.offer_doctor_id)
    if practice is None:
        return []
    return [Freed(entry.offer_doctor_id, practice.clinic_id, Interval(entry.offer_starts_at, entry.offer_ends_at))]


def accept(work: UnitOfWork, waitlist_id: int) -> AppointmentView:
    """Books the offered time by all the rules of booking, as the actor; answers as `book`.

    Raises what booking raises, OfferExpiredError and InvalidTransitionError. Whatever is refused stores nothing: where
    somebody else has taken the time, the entry keeps its offer until it expires, since the time may be freed again.
    """
    entry = get(work, waitlist_id)
    check_acceptable(entry.status, entry.offer_expires_at, work.now)
    request = BookingRequest(
        doctor_id=entry.offer_doctor_id,
        treatment_id=entry.treatment_id,
        starts_at=entry.offer_starts_at,
        patient_id=entry.patient_id,
    )
    view = book(work, request)
    if not Line(work.session, work.now).accept(entry):
        raise OfferExpiredError("The offer is no longer there.")
    return view
