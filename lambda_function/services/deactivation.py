"""People who leave: patients, whom a reception deactivates, and doctors, whom operators do. Rows stay; history is kept.

Both hold the locks that booking takes (docs/decisions/0001): a visit booked at the same time is either seen here, or
refused because the person is gone.
"""

from lambda_function.db.models import ClaimKind
from lambda_function.db.repositories.appointments import Appointments
from lambda_function.db.repositories.calendar import Calendar
from lambda_function.db.repositories.people import close_account
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import Status, Step
from lambda_function.domain.errors import ContentionError, HasBookingsError, NotFoundError
from lambda_function.domain.intervals import Interval
from lambda_function.domain.people import PersonAction
from lambda_function.domain.permissions import Action
from lambda_function.domain.waitlist import Freed
from lambda_function.services.lifecycle import enter
from lambda_function.services.offers import offer_freed
from lambda_function.services.people import require_patient
from lambda_function.services.person_events import note_person
from lambda_function.services.visits import record
from lambda_function.services.waitlist import withdraw_all

PATIENT_GONE = "Patient deactivated"


def deactivate_patient(work: UnitOfWork, user_id: int, *, cancel_visits: bool = True) -> list[int]:
    """Cancels the patient's requested and booked visits that are ahead, ends the patient's waiting, and closes the
    account. Answers the ids of those visits.

    Raises NotFoundError, ForbiddenError for whoever is visible and no patient, HasBookingsError for visits ahead in
    clinics that are not the actor's, or for any when they are not to be cancelled, and ContentionError when the patient
    got a visit with another doctor meanwhile: the request then starts again.
    """
    require_patient(work, user_id, Action.DEACTIVATE_PATIENT)
    calendar = Calendar(work.session)
    doctor_ids = {row.doctor_id for row in calendar.visits_ahead(ClaimKind.PATIENT, user_id, work.now)}
    calendar.lock_doctors(doctor_ids)
    calendar.lock_patient(user_id)
    ahead = calendar.visits_ahead(ClaimKind.PATIENT, user_id, work.now)
    if not doctor_ids.issuperset(row.doctor_id for row in ahead):
        raise ContentionError("The patient got another visit at the same time.")
    elsewhere = [row.appointment_id for row in ahead if row.clinic_id not in work.actor.clinic_ids]
    if elsewhere:
        raise HasBookingsError("There are visits in clinics that are not yours.", elsewhere)
    if ahead and not cancel_visits:
        raise HasBookingsError("There are visits ahead.", [row.appointment_id for row in ahead])
    open_ids = [row.appointment_id for row in ahead if row.status in {Status.REQUESTED, Status.BOOKED}]
    cancelled, freed = [], []
    for visit in Appointments(work.session).all_for_change(open_ids):
        cancelled.append(enter(work, visit, Step.CANCEL, Status.CANCELLED, reason=PATIENT_GONE))
        freed.append(Freed(visit.doctor_id, visit.clinic_id, Interval(visit.starts_at, visit.ends_at)))
    record(work, *cancelled)
    freed += withdraw_all(work, user_id)
    close(work, user_id, Role.PATIENT)
    offer_freed(work, freed)
    return open_ids


def deactivate_doctor(work: UnitOfWork, user_id: int, *, accept_conflicts: bool) -> list[int]:
    """For operators: no route leads here, and it asks no permission. Answers the ids of the visits ahead, which stay
    for a reception to move.

    Raises NotFoundError, and HasBookingsError when there are such visits and they were not accepted.
    """
    calendar = Calendar(work.session)
    if not calendar.lock_doctors([user_id]):
        raise NotFoundError("There is no such doctor.")
    ahead = [row.appointment_id for row in calendar.visits_ahead(ClaimKind.DOCTOR, user_id, work.now)]
    if ahead and not accept_conflicts:
        raise HasBookingsError("There are visits ahead.", ahead)
    close(work, user_id, Role.DOCTOR)
    return ahead


def close(work: UnitOfWork, user_id: int, role: Role) -> None:
    """Deactivates an active person of that role, for callers who have asked what else hangs on it. NotFoundError."""
    if not close_account(work.session, user_id, role, work.now):
        raise NotFoundError("There is no such person.")
    note_person(work, user_id, PersonAction.DEACTIVATE)
