"""What a person does on the page behind a link, by the same services and rules as in the API."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from lambda_function.db.repositories import appointments, claims, links, message_facts
from lambda_function.db.repositories.appointments import AppointmentView
from lambda_function.db.repositories.message_facts import RecallFacts
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.appointment import Status, Step, Via
from lambda_function.domain.errors import (
    ContentionError,
    InvalidInputError,
    InvalidTransitionError,
    StaleVersionError,
    ThrottledError,
)
from lambda_function.domain.messages import rfc3339
from lambda_function.domain.notifications import NotificationKind
from lambda_function.services import attendance, lifecycle, moving, person_changes, waitlist
from lambda_function.services.booking import BookingRequest, book
from lambda_function.services.guardians import lock_patient
from lambda_function.services.links.opening import OpenedLink, open_person
from lambda_function.services.moving import ChangeRequest
from lambda_function.services.visits import lock_visit

# How often one visit is booked again, how often one is booked for a recall within a day, and how often one is moved
# within a day.
MAX_BOOKED_AGAIN = 10
MAX_MOVES_A_DAY = 10


class LinkAction(StrEnum):
    """What can be done by a link. The names are published."""

    CONFIRM = "confirm"
    CANCEL = "cancel"
    MOVE = "move"
    BOOK = "book"
    ACCEPT = "accept"
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRequest:
    """Something to do. MOVE and BOOK need a start and a doctor. `reason` is why a visit is cancelled. `seen` is what
    the person saw (see `seen_of`), and None for somebody who acts without having looked.
    """

    action: LinkAction
    starts_at: datetime | None = None
    doctor_id: int | None = None
    reason: str | None = None
    seen: str | None = None


def seen_of(opened: OpenedLink) -> str:
    """Returns what a person sees, as a mark to compare: which visit or offer, when and with whom, or which recall."""
    if opened.visit is not None:
        return f"{opened.visit.appointment_id}.{rfc3339(opened.visit.starts_at)}.{opened.visit.doctor_id}"
    if opened.recall is not None:
        return f"recall.{opened.recall.recall_id}"
    offer = opened.offer
    if offer is None or offer.offer_starts_at is None:
        raise AssertionError("unreachable: a link leads to a visit, a recall, or an offer that stands")
    return f"{offer.waitlist_id}.{rfc3339(offer.offer_starts_at)}.{offer.offer_doctor_id}"


def holds(opened: OpenedLink, request: LinkRequest) -> bool:
    """Returns whether what is asked for holds already, as it does for a request that is repeated."""
    visit = opened.visit
    if visit is None:
        # There is no other way from the visit of a recall back to its times.
        return request.action is LinkAction.CANCEL and _has_cancelled(opened, request)
    # The confirmation may be of another time than the one the person saw.
    stale = _is_stale(opened, request)
    ahead = visit.status in {Status.REQUESTED, Status.BOOKED}
    match request.action:
        case LinkAction.CONFIRM:
            return visit.status is Status.BOOKED and visit.attendance_confirmed_at is not None and not stale
        case LinkAction.CANCEL:
            return visit.status is Status.CANCELLED
        case LinkAction.MOVE | LinkAction.BOOK:
            wanted = (request.starts_at, request.doctor_id or visit.doctor_id)
            return ahead and wanted == (visit.starts_at, visit.doctor_id)
        case LinkAction.ACCEPT:
            return ahead and opened.kind is NotificationKind.OFFER
        case LinkAction.UNSUBSCRIBE:
            return False


def _has_cancelled(opened: OpenedLink, request: LinkRequest) -> bool:
    """Returns whether the visit that the person saw, or whichever was there, is cancelled."""
    if opened.cancelled_id is None:
        return False
    return request.seen is None or request.seen.startswith(f"{opened.cancelled_id}.")


def act(work: UnitOfWork, opened: OpenedLink, request: LinkRequest) -> None:
    """Does what is asked for as the person for whom the link was opened, or nothing if it holds already.

    Raises what the services raise, InvalidTransitionError for an action that this visit or offer does not have, and
    StaleVersionError if the person saw something else: nobody confirms a time that they have not seen.
    """
    if holds(opened, request):
        return
    if _is_stale(opened, request):
        raise StaleVersionError("This has changed since the page was opened.")
    _check_limits(work, opened, request)
    match request.action:
        case LinkAction.BOOK if opened.recall is not None:
            _book_recalled(work, opened, opened.recall, request)
        case LinkAction.BOOK:
            _book_again(work, opened, request)
        case LinkAction.ACCEPT:
            _accept(work, opened)
        case LinkAction.CONFIRM | LinkAction.CANCEL | LinkAction.MOVE:
            _change(work, _visit_of(opened), request)


def unsubscribe(work: UnitOfWork, token: str) -> None:
    """Stops the reminders of check-ups to the person to whom the message went, also by a link that has ended. Raises
    NotFoundError for a token that is wrong.
    """
    open_person(work, token)
    person_changes.change_own(work, {"recalls": False}, None)


def _check_limits(work: UnitOfWork, opened: OpenedLink, request: LinkRequest) -> None:
    """Raises ThrottledError for somebody who changes their mind without end: each change tells the patient, and may
    cost an SMS.
    """
    visit, recall = opened.visit, opened.recall
    if request.action not in {LinkAction.MOVE, LinkAction.BOOK}:
        return
    since = work.now - timedelta(days=1)
    often = False
    if request.action is LinkAction.MOVE and visit is not None:
        often = appointments.moves_since(work.session, visit.appointment_id, Via.LINK, since) >= MAX_MOVES_A_DAY
    elif recall is not None:
        booked = links.booked_since(work.session, recall.patient_id, recall.treatment_id, since)
        often = booked >= MAX_BOOKED_AGAIN
    elif visit is not None:
        often = len(links.booked_before(work.session, visit.appointment_id)) >= MAX_BOOKED_AGAIN
    if often:
        raise ThrottledError("Visits were booked or moved too often by this link. Call the clinic.")


def _is_stale(opened: OpenedLink, request: LinkRequest) -> bool:
    return request.seen not in {None, seen_of(opened)}


def _visit_of(opened: OpenedLink) -> AppointmentView:
    if opened.visit is None:
        raise InvalidTransitionError("There is no visit yet. Accept the offer first, or book one.")
    return opened.visit


def _start_of(request: LinkRequest) -> datetime:
    if request.starts_at is None:
        raise InvalidInputError("Choose a time.", field="starts_at")
    return request.starts_at


def _change(work: UnitOfWork, visit: AppointmentView, request: LinkRequest) -> None:
    """Changes the visit as it was opened. If somebody has changed it since, all begins again with what is true now."""
    number, versions = visit.appointment_id, frozenset({visit.version})
    try:
        match request.action:
            case LinkAction.CONFIRM:
                attendance.confirm(work, number, expected_versions=versions)
            case LinkAction.CANCEL:
                lifecycle.take(work, number, Step.CANCEL, reason=request.reason, expected_versions=versions)
            case _:
                wanted = ChangeRequest(_start_of(request), request.doctor_id, None, None, {}, stays_in_clinic=True)
                moving.change(work, number, wanted, expected_versions=versions)
    except StaleVersionError as error:
        raise ContentionError("The visit was changed at the same time; try again.") from error


def _book_again(work: UnitOfWork, opened: OpenedLink, request: LinkRequest) -> None:
    """Books in place of a visit that was cancelled, at most once: whoever comes second finds the first one's visit."""
    visit = _visit_of(opened)
    starts_at, doctor_id = _start_of(request), request.doctor_id or visit.doctor_id
    locked = lock_visit(work, visit.appointment_id, [doctor_id])
    if len(links.booked_in_turn(work.session, visit.appointment_id)) > 1:
        raise ContentionError("Another visit was booked in place of this one at the same time; try again.")
    if locked.appointment.status is not Status.CANCELLED:
        raise InvalidTransitionError("Only a cancelled visit is booked again.")
    request_of_patient = BookingRequest(
        doctor_id=doctor_id,
        treatment_id=visit.treatment_id,
        starts_at=starts_at,
        patient_id=visit.patient_id,
        in_place_of=visit.appointment_id,
        clinic_id=visit.clinic_id,
    )
    book(work, request_of_patient)


def _book_recalled(work: UnitOfWork, opened: OpenedLink, recall: RecallFacts, request: LinkRequest) -> None:
    """Books what is due, at most once: whoever comes second finds the first one's visit. Facts are read under the locks
    that booking takes anyway.
    """
    if opened.visit is not None:
        raise InvalidTransitionError("There is a visit already. Move or cancel that one.")
    starts_at, doctor_id = _start_of(request), request.doctor_id or recall.doctor_id
    if doctor_id is None:
        raise InvalidInputError("Choose one of the doctors.", field="doctor_id")
    claims.lock_doctors(work.session, [doctor_id])
    lock_patient(work, recall.patient_id)
    now_due = message_facts.recalls(work.session, {recall.recall_id}, work.now).get(recall.recall_id)
    if now_due is None or now_due._replace(due_on=recall.due_on, doctor_id=recall.doctor_id) != recall:
        raise ContentionError("The recall was booked or ended at the same time; try again.")
    book(
        work,
        BookingRequest(
            doctor_id=doctor_id,
            treatment_id=recall.treatment_id,
            starts_at=starts_at,
            patient_id=recall.patient_id,
            clinic_id=recall.clinic_id,
        ),
    )


def _accept(work: UnitOfWork, opened: OpenedLink) -> None:
    if opened.offer is None:
        raise InvalidTransitionError("Nothing is on offer here.")
    booked = waitlist.accept(work, opened.offer.waitlist_id)
    if (booked.starts_at, booked.doctor_id) != (opened.offer.offer_starts_at, opened.offer.offer_doctor_id):
        raise ContentionError("Another time was offered at the same time; try again.")
