"""The waitlist: join, look, withdraw, accept an offer. services/offers.py says how offers are made.

What is over is shown as over, whether or not the schedule has recorded it: see `status_at` in domain/waitlist.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lambda_function.db.models import WaitlistEntry
from lambda_function.db.repositories import waitlist as waitlist_rows
from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.db.repositories.booking import candidates, doctor_clinic
from lambda_function.db.repositories.catalogue import visible_ids
from lambda_function.db.repositories.waitlist import OfferedVisit, OpenEntry, OpenWish, WaitlistRow
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.errors import (
    AlreadyWaitingError,
    InvalidInputError,
    InvalidTransitionError,
    NotFoundError,
    OfferExpiredError,
    TooManyWaitingError,
    TreatmentNotOfferedError,
)
from lambda_function.domain.permissions import Action, Subject, require
from lambda_function.domain.waitlist import (
    MAX_OPEN_WISHES,
    OPEN,
    SOME_CHAIR,
    FreedTime,
    WaitlistStatus,
    check_acceptable,
    freed_by_visit,
    status_at,
    waits_for_the_same,
)
from lambda_function.services.booking import BookingRequest, book
from lambda_function.services.catalogue import check_ids
from lambda_function.services.guardians import lock_patient, require_guardian
from lambda_function.services.offers import record_freed_time


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish for a visit that lies wholly in [wished_from, wished_to). Patients who wait themselves may leave out
    `patient_id`.
    """

    treatment_id: int
    wished_from: datetime
    wished_to: datetime
    patient_id: int | None = None
    doctor_id: int | None = None
    clinic_id: int | None = None


def join(work: UnitOfWork, wish: Wish) -> WaitlistRow:
    """Adds an entry at the end of the queue, and returns it as `get` does. Time that is already free is not offered,
    because it can be booked.

    Raises InvalidInputError, TreatmentNotOfferedError, AlreadyWaitingError, TooManyWaitingError, and ForbiddenError for
    a receptionist if the wish leads to another clinic.
    """
    require(work.actor, Action.WAIT)
    patient_id = _patient_of(work, wish)
    _check_wish(work, wish)
    _check_reach(work, wish, patient_id)
    # Under the patient's lock, a simultaneous change of wishes or a deactivation is either seen here or sees this.
    lock_patient(work, patient_id)
    guardian_id = work.actor.as_guardian_of(patient_id)
    _check_others(wish, waitlist_rows.open_wishes(work.session, patient_id, work.now, guardian_id=guardian_id))
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
    waitlist_rows.add(work.session, entry)
    return get(work, entry.waitlist_id)


def _check_others(wish: Wish, others: Sequence[OpenWish] | None) -> None:
    """Checks what the patient already waits for, if there is such a patient."""
    if others is None:
        raise InvalidInputError("There is no such patient. Look patients up with GET /users.", field="patient_id")
    if any(waits_for_the_same(wish, other) for other in others):
        raise AlreadyWaitingError("The patient is already waiting for this treatment at overlapping times.")
    if len(others) >= MAX_OPEN_WISHES:
        raise TooManyWaitingError(
            f"The patient has {MAX_OPEN_WISHES} open wishes already; withdraw one that is not needed any more."
        )


def _patient_of(work: UnitOfWork, wish: Wish) -> int:
    """Returns a patient whom the actor may see."""
    patient_id = wish.patient_id
    if patient_id is None and work.actor.role is Role.PATIENT:
        patient_id = work.actor.user_id
    if patient_id is None:
        raise InvalidInputError(
            "`patient_id` is required when staff add somebody to the waitlist. Give the patient's id.",
            field="patient_id",
        )
    _check_visible(work, patient_id)
    return patient_id


def _check_visible(work: UnitOfWork, patient_id: int) -> None:
    if visible_ids(work.session, patient_id=patient_id).patient_id is None:
        raise InvalidInputError("There is no such patient. Look patients up with GET /users.", field="patient_id")


def _check_wish(work: UnitOfWork, wish: Wish) -> None:
    if wish.wished_from >= wish.wished_to:
        raise InvalidInputError("The range must end after it starts.", field="from")
    if wish.wished_to <= work.now:
        raise InvalidInputError("Choose an end in the future.", field="to")
    check_ids(work, treatment_id=wish.treatment_id, doctor_id=wish.doctor_id, clinic_id=wish.clinic_id)
    doctors = candidates(
        work.session, treatment_id=wish.treatment_id, doctor_id=wish.doctor_id, clinic_id=wish.clinic_id
    )
    if not doctors:
        raise TreatmentNotOfferedError("No doctor offers this treatment there.", field="treatment_id")


def _check_reach(work: UnitOfWork, wish: Wish, patient_id: int) -> None:
    clinic_id = wish.clinic_id
    if wish.doctor_id is not None:
        clinic = doctor_clinic(work.session, wish.doctor_id)
        clinic_id = None if clinic is None else clinic.clinic_id
    if clinic_id is not None:
        require(work.actor, Action.WAIT, Subject(patient_id, wish.doctor_id, clinic_id))


def page(work: UnitOfWork, *, patient_id: int | None, after: int, limit: int) -> list[WaitlistRow]:
    """Returns entries in the order of joining. Raises InvalidInputError for a patient whom the actor does not see."""
    require(work.actor, Action.WAIT)
    entries = waitlist_rows.page(work.session, patient_id=patient_id, after=after, limit=limit)
    if not entries and patient_id is not None:
        _check_visible(work, patient_id)
    return entries


def get(work: UnitOfWork, waitlist_id: int) -> WaitlistRow:
    require(work.actor, Action.WAIT)
    entry = waitlist_rows.get_one_or_none(work.session, waitlist_id)
    if entry is None:
        raise NotFoundError("There is no such entry.")
    return entry


def withdraw(work: UnitOfWork, waitlist_id: int) -> None:
    """Withdraws an entry. What was on offer goes to the first whom it fits. Raises NotFoundError, and
    InvalidTransitionError if the entry has already ended.
    """
    entry = get(work, waitlist_id)
    require_guardian(work, entry.patient_id)
    if _status(work, entry) not in OPEN or not waitlist_rows.withdraw(work.session, entry, work.now):
        raise InvalidTransitionError(
            "This entry has ended or is being changed. Read it again; if it is still open, try again."
        )
    if entry.status is WaitlistStatus.OFFERED:
        record_freed_time(
            work, [_left_by(work, offer) for offer in waitlist_rows.offered_visits(work.session, [waitlist_id])]
        )


def withdraw_all(work: UnitOfWork, patient_id: int) -> list[FreedTime]:
    """Ends all waiting of a patient, whose lock is held, and returns the time that was on
    offer, which is to be freed.
    """
    return [_left_by(work, offer) for offer in waitlist_rows.withdraw_all(work.session, patient_id, work.now)]


def withdraw_locked(work: UnitOfWork, entries: Sequence[OpenEntry]) -> list[FreedTime]:
    """Ends open entries whose rows are locked, and returns the same as `withdraw_all`."""
    return [_left_by(work, offer) for offer in waitlist_rows.withdraw_locked(work.session, entries, work.now)]


def _left_by(work: UnitOfWork, offer: OfferedVisit) -> FreedTime:
    """Returns what was on offer, for anybody whom it fits, or, once it has lapsed, only for those further behind."""
    after = offer.waitlist_id if offer.expires_at <= work.now else 0
    return freed_by_visit(offer, chair_id=SOME_CHAIR, after=after)


def _status(work: UnitOfWork, entry: WaitlistRow) -> WaitlistStatus:
    return status_at(entry.status, entry.wished_to, entry.offer_expires_at, work.now)


def accept(work: UnitOfWork, waitlist_id: int) -> AppointmentView:
    """Books the offered time by all the rules of booking, as the actor, and returns the same as `book`.

    Raises what booking raises, OfferExpiredError and InvalidTransitionError. A refusal stores nothing: if another
    person has taken the time, the entry keeps its offer until it expires, because the time may be freed again.
    """
    entry = get(work, waitlist_id)
    check_acceptable(entry.status, entry.offer_expires_at, work.now)
    offer = entry.offer
    if offer is None:
        raise AssertionError("unreachable: an entry that can be accepted has an offer")
    request = BookingRequest(
        doctor_id=offer.doctor_id,
        treatment_id=entry.treatment_id,
        starts_at=offer.starts_at,
        patient_id=entry.patient_id,
        offered_until=offer.ends_at,
    )
    view = book(work, request)
    if entry.clinic_id not in {None, view.clinic_id}:
        raise OfferExpiredError("The doctor no longer works in the clinic that was asked for.")
    if not waitlist_rows.accept(work.session, entry, view.appointment_id, work.now):
        raise OfferExpiredError("The offer is no longer there.")
    return view
