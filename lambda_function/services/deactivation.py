"""Deactivates and reactivates people: receptions do it to patients, and operators to everybody. Rows and history are
kept.

All functions hold the locks that booking takes (docs/decisions/0001): a visit that is booked at the same time is either
seen here, or refused because the person is gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lambda_function.db.models import ClaimKind
from lambda_function.db.repositories import appointments, claims, people, recalls
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
from lambda_function.services.freed_hours import free_all_time
from lambda_function.services.offers import record_freed_time
from lambda_function.services.people import require_patient
from lambda_function.services.person_events import note_person
from lambda_function.services.recalls import dismiss_locked
from lambda_function.services.visits import NewEvent, record, visible_to
from lambda_function.services.waitlist import withdraw_all

PATIENT_GONE = "Patient deactivated"
BATCH = 100  # the most visits that one transaction cancels


def deactivate_patient(work: UnitOfWork, user_id: int, *, cancel_visits: bool = True) -> list[int]:
    """Cancels the patient's requested and booked future visits, ends the patient's waiting, dismisses the open recalls,
    and deactivates the account. Returns the ids of those visits.

    Raises NotFoundError; ForbiddenError for a visible person who is not a patient; HasBookingsError for future visits
    in clinics that are not the actor's, for more than BATCH, or for any if they are not to be cancelled; and
    ContentionError if the patient got a visit with another doctor meanwhile, after which the request starts again.
    """
    progress = _deactivate(work, user_id, cancel_visits=cancel_visits, at_once=True)
    if not progress.closed:
        raise ContentionError("The patient was given another visit at the same time; try again.")
    return progress.appointment_ids


@dataclass(frozen=True, slots=True)
class DeactivationProgress:
    """The progress of a deactivation: the visits that it has just cancelled or kept, and
    whether the account is closed.
    """

    appointment_ids: list[int]
    closed: bool


def deactivate_by_batches(work: UnitOfWork, user_id: int, *, cancel_visits: bool) -> DeactivationProgress:
    """Does the same as deactivate_patient, for operators, however many visits are ahead. A call cancels at most BATCH
    visits, and closes the account if nothing is ahead after it. Call it, each time in its own transaction, until it
    does. Visits that the patient books in between are cancelled too. After an interruption, the next call continues.
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
        dismiss_locked(work, recalls.open_of(work.session, user_id), PATIENT_GONE)
        deactivate(work, user_id, Role.PATIENT)
    record_freed_time(work, freed)
    return DeactivationProgress(ids, closed)


def _open(ahead: Sequence[VisitAhead]) -> list[VisitAhead]:
    return [row for row in ahead if row.status in {Status.REQUESTED, Status.BOOKED}]


def _check_ahead(work: UnitOfWork, ahead: Sequence[VisitAhead], *, cancel_visits: bool, at_once: bool) -> None:
    """Raises HasBookingsError. It is called before the locks, so that a refusal makes nobody wait, and again under
    them.
    """
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
    """Cancels visits as lifecycle.enter and record do, but with the same number of statements for a hundred visits as
    for one.
    """
    if not appointment_ids:
        return []
    cancelled = appointments.cancel_all(work.session, appointment_ids, reason=PATIENT_GONE, now=work.now)
    claims.release(work.session, *appointment_ids)
    record(
        work,
        *(
            NewEvent(visit, EventAction.CANCEL, before, country, reason=PATIENT_GONE, announce=False)
            for visit, before, country in cancelled
        ),
    )
    return [freed_by_visit(visit, chair_id=visit.chair_id) for visit, _, _ in cancelled]


def deactivate_doctor(work: UnitOfWork, user_id: int, *, accept_conflicts: bool) -> list[int]:
    """Deactivates a doctor for operators: no route leads here, and it checks no permission. Returns the ids of the
    future visits, which stay until a reception moves them.

    Raises NotFoundError, and HasBookingsError if there are such visits and they were not accepted.
    """
    if not claims.lock_doctors(work.session, [user_id]):
        raise NotFoundError("There is no such doctor.")
    ahead = [row.appointment_id for row in visits_ahead(work.session, ClaimKind.DOCTOR, user_id, work.now)]
    if ahead and not accept_conflicts:
        raise HasBookingsError("The person has visits ahead. Cancel or move them first.", ahead)
    deactivate(work, user_id, Role.DOCTOR)
    return ahead


def deactivate(work: UnitOfWork, user_id: int, role: Role) -> None:
    """Deactivates an active person with that role, or raises NotFoundError. First check what else depends on the
    person.
    """
    if not people.deactivate(work.session, user_id, role, work.now):
        raise NotFoundError("There is no such person.")
    end_access(work, user_id)
    note_person(work, user_id, PersonAction.DEACTIVATE)


def end_access(work: UnitOfWork, user_id: int) -> None:
    """Ends the access that was handed out to the person: the address of the feed and the link code. Neither becomes
    valid again if the person is reactivated or gets the old role back.
    """
    remove_calendar_token(work.session, user_id)
    remove_code(work.session, user_id)


def reactivate_patient(work: UnitOfWork, user_id: int) -> PersonView:
    """Returns the patient, who is active afterwards, even if they were active before. Cancelled visits, withdrawn
    wishes and dismissed recalls stay as they are.

    Raises ForbiddenError, also for staff whom the actor sees, and NotFoundError for patients only of other clinics, and
    for those who were erased or merged into another.
    """
    require(work.actor, Action.REACTIVATE_PATIENT)
    if visible_ids(work.session, patient_id=user_id).patient_id is None:
        require_patient(work, user_id, Action.REACTIVATE_PATIENT)
    reactivate(work, user_id, Role.PATIENT)
    # Staff who were once patients still have the profile of a patient.
    return require_patient(work, user_id, Action.REACTIVATE_PATIENT)


def reactivate(work: UnitOfWork, user_id: int, role: Role) -> bool:
    """Reactivates a deactivated person with that role, under the lock that deactivating and erasing take. The time of a
    doctor who comes back is offered to those who wait. Returns False if there is no such person. It checks no
    permission.
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
    if role is Role.DOCTOR:
        free_all_time(work, [user_id])
    note_person(work, user_id, PersonAction.REACTIVATE)
    work.session.flush()
    return True
