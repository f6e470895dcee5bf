"""Guardians: patients who act for other patients. Receptions say who they are (services/guardian_grants.py), and
domain/guardians.py says until when.

Whoever acts for another patient holds the locks of both, as every change of guardians does, and asks under them whether
they still may. So nothing is done for a patient after the answer that has removed the guardian.
"""

from datetime import date

from lambda_function.db.repositories import claims
from lambda_function.db.repositories import guardians as guardian_rows
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.errors import NotFoundError
from lambda_function.domain.guardians import ends_on
from lambda_function.domain.people import PersonAction
from lambda_function.services.person_events import note_person


def lock_patient(work: UnitOfWork, patient_id: int) -> bool:
    """Locks the patient, and the actor who is to act for them, and returns whether the patient exists. What is read
    after this must ask whether the actor still acts for the patient: see `represented` in db/repositories/guardians.py.
    """
    guardian_id = work.actor.as_guardian_of(patient_id)
    ids = {patient_id} if guardian_id is None else {patient_id, guardian_id}
    return patient_id in claims.lock_patients(work.session, ids)


def require_guardian(work: UnitOfWork, patient_id: int) -> None:
    """Takes the locks, and raises NotFoundError if the actor is to act for another patient and no longer may. Those who
    act for themselves, and staff, need neither.
    """
    guardian_id = work.actor.as_guardian_of(patient_id)
    if guardian_id is None:
        return
    lock_patient(work, patient_id)
    if not guardian_rows.acts_for(work.session, guardian_id, patient_id, work.today):
        raise NotFoundError("There is no such patient.")


def remove_all(work: UnitOfWork, user_id: int) -> None:
    """Ends whom a person acts for, and who acts for them. The caller holds the person's lock as a patient."""
    for grant in guardian_rows.remove_all(work.session, user_id):
        note_removal(work, grant.patient_id, grant.guardian_id)


def note_removal(work: UnitOfWork, patient_id: int, guardian_id: int) -> None:
    note_person(work, patient_id, PersonAction.REMOVE_GUARDIAN)
    note_person(work, guardian_id, PersonAction.REMOVE_DEPENDANT)


def birth_date_changed(work: UnitOfWork, patient_id: int, birth_date: date | None) -> None:
    """Sets the end of all who act for a patient by the new birth date. What has ended does not begin again. The caller
    holds the person's row.
    """
    for grant in guardian_rows.lock_acting(work.session, patient_id, work.today):
        end = ends_on(birth_date, granted_on=grant.created_at.date(), reason=grant.reason)
        if end != grant.ends_on:
            guardian_rows.set_end(work.session, grant, end)
