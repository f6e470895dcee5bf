"""Deactivating people, and reactivating them: a reception does it to patients, operators to everybody. Rows and history
are kept.

All hold the locks that booking takes (docs/decisions/0001): a visit booked at the same time is either seen here, or
refused because the person is gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lambda_function.db.models import ClaimKind
from lambda_function.db.repositories import appointments, claims, people
from lambda_function.db.repositories.busy import VisitAhead, visits_ahead
from lambda_function.db.repositories.catalogue import visible_ids
from lambda_function.db.repositories.link_codes import remove_code
from lambda_function.db.repositories.people import PersonView
from lambda_function.db.repositories.tokens import remove_calendar_token
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import EventAction, Status
from lambda_function.domain.errors import ContentionError, HasBookingsError, NotFoundError
from lambda_function.domain.people import PersonAction
from lambda_function.domain.permissions import Action, require
from lambda_function.domain.waitlist import FreedTime, freed_by_visit
from lambda_function.services.offers import record_freed_time
from lambda_function.services.people import require_patient
from lambda_function.services.person_events import note_person
from lambda_function.services.visits import NewEvent, record, visible_to
from lambda_function.services.waitlist import withdraw_all

PATIENT_GONE = "Patient deactivated"
BATCH = 100  # visits that one transaction cancels at most


def deactivate_patient(work: UnitOfWork, user_id: int, *, cancel_visits: bool = True) -> list[int]:
    """Cancels the patient's requested and booked visits that are ahead, ends the patient's waiting, and closes the
    account. Answers the ids of those visits.

    Raises NotFoundError, ForbiddenError for whoever is visible and no patient, HasBookingsError for visits ahead in
    clinics that are not the actor's, for more than BATCH, or for any when they are not to be cancelled, and
    ContentionError when the patient got a visit with another doctor meanwhile: the request then starts again.
    """
    progress = _deactivate(work, user_id, cancel_visits=cancel_visits, at_once=True)
    if not progress.closed:
        raise ContentionError("The patient was given another visit at the same time; try again.")
    return progress.appointment_ids


@dataclass(frozen=True, slots=True)
class DeactivationProgress:
    """How far a deactivation is: the visits that it has just cancelled or kept, and whether the account is closed."""

    appointment_ids: list[int]
    closed: bool


def deactivate_by_batches(work: UnitOfWork, user_id: int, *, cancel_visits: bool) -> DeactivationProgress:
    """Does what deactivate_patient does, for operators, however many visits are ahead: a call cancels at most BATCH
    visits, and the one after which nothing is ahead closes the account. Call it, each time in a transaction of its own,
    until it does. The patient may book in between: those visits are cancelled too. What was stopped half-way goes on
    with the next call.
    """
    return _deactivate(work, user_id, cancel_visits=cancel_visits, at_once=False)


def _deactivate(work: UnitOfWork, user_id: int, *, cancel_visits: bool, at_once: bool) -> DeactivationProgress:
    require_patient(work, user_id, Action.DEACTIVATE_PATIENT)
    ahead = visits_ahead(work.session, ClaimKind.PATIENT, user_id, work.now)
    _check_ahead(work, ahead, cancel_visits=cancel_visits, at_once=at_once)
    doctor_ids = {row.doctor_id for row in _open(ahead)[:BATCH]}
    claims.lock_doctors(work.session, doctor_ids)
    claims.lock_patient(work.session, user_id)
    ahead = visits_ahead(work.session, ClaimKind.PATIENT, user_id, work.now)
    _check_ahead(work, ahead, cancel_visits=cancel_visits, at_once=at_once)
    still_open = _open(ahead)
    ids = [row.appointment_id for row in still_open if row.doctor_id in doctor_ids][:BATCH]
    freed = _cancel(work, ids)
    closed = len(ids) == len(still_open)
    if closed:
        freed += withdraw_all(work, user_id)
        deactivate(work, user_id, Role.PATIENT)
    record_freed_time(work, freed)
    return DeactivationProgress(ids, closed)


def _open(ahead: Sequence[VisitAhead]) -> list[VisitAhead]:
    return [row for row in ahead if row.status in {Status.REQUESTED, Status.BOOKED}]


def _check_ahead(work: UnitOfWork, ahead: Sequence[VisitAhead], *, cancel_visits: bool, at_once: bool) -> None:
    """Raises HasBookingsError. Called before the locks, so that a refusal makes nobody wait, and again under them."""
    seen = visible_to(work.actor, ahead)
    if len(seen.ids) < len(ahead):
        raise HasBookingsError(
            "The person has visits in other clinics. Ask those clinics to cancel them first.",
            seen.ids,
            elsewhere=seen.elsewhere,
        )
    if ahead and not cancel_visits:
        raise HasBookingsError("The person has visits ahead. Cancel or move them first.", seen.ids)
    if at_once and len(ahead) > BATCH:
        raise HasBookingsError(
            f"The person has more than {BATCH} visits ahead. Cancel some first, or ask the operators.",
            seen.ids,
        )


def _cancel(work: UnitOfWork, appointment_ids: Sequence[int]) -> list[FreedTime]:
    """Cancels visits as lifecycle.enter and record do, in as many statements for a hundred visits as for one."""
    if not appointment_ids:
        return []
    cancelled = appointments.cancel_all(work.session, appointment_ids, reason=PATIENT_GONE, now=work.now)
    claims.release(work.session, *appointment_ids)
    record(work, *(NewEvent(visit, EventAction.CANCEL, before, reason=PATIENT_GONE) for visit, before in cancelled))
    return [freed_by_visit(visit, chair_id=visit.chair_id) for visit, _ in cancelled]


def deactivate_doctor(work: UnitOfWork, user_id: int, *, accept_conflicts: bool) -> list[int]:
    """Deactivates a doctor for operators: no route leads here, and it asks no permission. Answers the ids of the visits
    ahead, which stay for a reception to move.

    Raises NotFoundError, and HasBookingsError when there are such visits and they were not accepted.
    """
    if not claims.lock_doctors(work.session, [user_id]):
        raise NotFoundError("There is no such doctor.")
    ahead = [row.appointment_id for row in visits_ahead(work.session, ClaimKind.DOCTOR, user_id, work.now)]
    if ahead and not accept_conflicts:
        raise HasBookingsError("The person has visits ahead. Cancel or move them first.", ahead)
    deactivate(work, user_id, Role.DOCTOR)
    return ahead


def deactivate(work: UnitOfWork, user_id: int, role: Role) -> None:
    """Deactivates an active person of that role, or raises NotFoundError. Ask first what else depends on it."""
    if not people.deactivate(work.session, user_id, role, work.now):
        raise NotFoundError("There is no such person.")
    end_access(work, user_id)
    note_person(work, user_id, PersonAction.DEACTIVATE)


def end_access(work: UnitOfWork, user_id: int) -> None:
    """Ends what was handed out to the person: the address of the feed and the link code. Neither is valid again when
    the person comes back, or is again what they were.
    """
    remove_calendar_token(work.session, user_id)
    remove_code(work.session, user_id)


def reactivate_patient(work: UnitOfWork, user_id: int) -> PersonView:
    """Answers the patient, who is active again, or still. What was cancelled and withdrawn stays so.

    Raises ForbiddenError, also for staff whom the actor sees, and NotFoundError: for patients of other clinics alone,
    and for those who were erased or merged into another.
    """
    require(work.actor, Action.REACTIVATE_PATIENT)
    if visible_ids(work.session, patient_id=user_id).patient_id is None:
        require_patient(work, user_id, Action.REACTIVATE_PATIENT)
    reactivate(work, user_id, Role.PATIENT)
    # Staff who were patients once have the profile of a patient still.
    return require_patient(work, user_id, Action.REACTIVATE_PATIENT)


def reactivate(work: UnitOfWork, user_id: int, role: Role) -> bool:
    """Lets a deactivated person of that role back in, under the lock that deactivating and erasing take; False where
    there is nobody to let in. It asks no permission.
    """
    match role:
        case Role.PATIENT:
            claims.lock_patient(work.session, user_id)
        case Role.DOCTOR:
            claims.lock_doctors(work.session, [user_id])
        case Role.RECEPTIONIST:
            pass
    if not people.reactivate(work.session, user_id, role, work.now):
        return False
    note_person(work, user_id, PersonAction.REACTIVATE)
    work.session.flush()
    return True
