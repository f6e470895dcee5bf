"""Receptions say which patient acts for which. Every change holds the locks of both: see services/guardians.py."""

from lambda_function.db.repositories import claims
from lambda_function.db.repositories import guardians as guardian_rows
from lambda_function.db.repositories.guardians import Grant, GuardianView
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.errors import InvalidInputError, NotFoundError
from lambda_function.domain.guardians import check_reason, check_ties, ends_on
from lambda_function.domain.people import PersonAction
from lambda_function.domain.permissions import Action, permitted
from lambda_function.services.guardians import note_removal
from lambda_function.services.people import require_patient
from lambda_function.services.person_events import note_person


def page(work: UnitOfWork, patient_id: int, *, after: int, limit: int) -> list[GuardianView]:
    """Returns those who act for the patient today, by user_id. The patient and those who are shown belong to the
    actor's clinics, active or not. Raises NotFoundError and ForbiddenError.
    """
    _require_own_patients(work, Action.READ_GUARDIANS, patient_id)
    return guardian_rows.page(work.session, patient_id, work.actor.clinic_ids, work.today, after=after, limit=limit)


def put(work: UnitOfWork, patient_id: int, guardian_id: int, reason: str | None) -> None:
    """Makes one patient the guardian of another, or renews the reason and the end of that. Repeated, it changes
    nothing.

    Raises NotFoundError and ForbiddenError for people who are not active patients of the actor's clinics, and
    InvalidInputError for oneself, a missing reason, and what domain/guardians.py refuses.
    """
    _require_own_patients(work, Action.SET_GUARDIANS, patient_id, guardian_id)
    if patient_id == guardian_id:
        raise InvalidInputError("Choose another person: nobody is their own guardian.", field="guardian_id")
    claims.lock_patients(work.session, {patient_id, guardian_id})
    born = guardian_rows.lock_born(work.session, {patient_id, guardian_id})
    if born.keys() != {patient_id, guardian_id}:
        raise NotFoundError("There is no such person.")
    birth_date = born[patient_id].birth_date
    check_reason(birth_date, granted_on=work.today, reason=reason)
    both = {"patient_id": patient_id, "guardian_id": guardian_id}
    check_ties(guardian_rows.ties(work.session, **both, today=work.today))
    end = ends_on(birth_date, granted_on=work.today, reason=reason)
    known = guardian_rows.find(work.session, **both)
    if known is not None and (known.reason, known.ends_on) == (reason, end):
        return
    grant = Grant(**both, reason=reason, created_at=work.now, ends_on=end)
    guardian_rows.put(work.session, grant, created_by=work.actor.user_id)
    note_person(work, patient_id, PersonAction.ADD_GUARDIAN, [] if reason is None else ["reason"])
    note_person(work, guardian_id, PersonAction.ADD_DEPENDANT)


def remove(work: UnitOfWork, patient_id: int, guardian_id: int) -> None:
    """Ends that one acts for the other, at once. Both are patients of the actor's clinics, active or not.

    Raises NotFoundError, also if this person is no guardian of the patient, and ForbiddenError.
    """
    _require_own_patients(work, Action.SET_GUARDIANS, patient_id, guardian_id)
    claims.lock_patients(work.session, [patient_id, guardian_id])
    if not guardian_rows.remove(work.session, patient_id=patient_id, guardian_id=guardian_id):
        raise NotFoundError("This person is no guardian of the patient.")
    note_removal(work, patient_id, guardian_id)


def _require_own_patients(work: UnitOfWork, action: Action, *user_ids: int) -> None:
    """Raises NotFoundError or ForbiddenError unless all are patients of the actor's clinics. A reception also sees
    patients who belong to no clinic yet, but only the clinic that knows a person can say who acts for them.
    """
    known: frozenset[int] = frozenset()
    if permitted(work.actor, action):
        known = guardian_rows.members(work.session, user_ids, work.actor.clinic_ids)
    for user_id in user_ids:
        if user_id not in known:
            require_patient(work, user_id, action)
            raise NotFoundError("This person is not a patient of your clinics. Book a visit there first.")
