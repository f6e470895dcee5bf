"""The caller, and the people whom the caller may see. Changing them is in person_changes.py, entering patients in
registration.py.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from lambda_function.db.repositories import people as people_rows
from lambda_function.db.repositories import people_search
from lambda_function.db.repositories.catalogue import has_clinic
from lambda_function.db.repositories.people import PersonView
from lambda_function.db.repositories.people_search import FoundPeople, PeopleFilter
from lambda_function.db.repositories.tokens import find_caller
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.errors import ForbiddenError, InvalidInputError, NotFoundError
from lambda_function.domain.permissions import Action, require
from lambda_function.domain.person_words import sought_words


def identify(work: UnitOfWork, sub: str) -> Actor:
    """Returns the caller whom a verified token names. Raises ForbiddenError for a person who
    is unknown or deactivated.
    """
    actor = find_caller(work.session, sub, work.today)
    if actor is None:
        raise ForbiddenError("This account is unknown or deactivated.")
    return actor


class OwnProfile(NamedTuple):
    """The actor, and the patients for whom the actor acts, by id."""

    person: PersonView
    dependants: Sequence[PersonView]


def own_profile(work: UnitOfWork) -> OwnProfile:
    require(work.actor, Action.READ_OWN_PROFILE)
    rows = people_rows.get_several(work.session, work.actor, work.actor.patient_ids)
    own = next((row for row in rows if row.user_id == work.actor.user_id), None)
    if own is None:
        raise NotFoundError("There is no such person.")
    return OwnProfile(own, [row for row in rows if row is not own])


def get(work: UnitOfWork, user_id: int, *, clinic_id: int | None = None) -> PersonView:
    """Returns a visible person, for whom the language of that clinic, or of the actor's first one, holds by default.
    Raises NotFoundError.
    """
    require(work.actor, Action.READ_PEOPLE)
    row = people_rows.get_one_or_none(work.session, work.actor, user_id, clinic_id=clinic_id)
    if row is None:
        raise NotFoundError("There is no such person.")
    return row


def search(work: UnitOfWork, q: str | None, wanted: PeopleFilter, *, after: int, limit: int) -> FoundPeople:
    """Returns people in the order of user_id. Each word of `q` begins a word of a name, or of contact data that the
    actor may see; without letters and digits it finds nobody.

    Raises InvalidInputError if there is no such clinic, and ForbiddenError for deactivated people, whom only receptions
    may list.
    """
    require(work.actor, Action.READ_PEOPLE if wanted.active else Action.READ_DEACTIVATED)
    words = sought_words(q or "")
    if q is not None and not words:
        return FoundPeople([], until=None)
    found = people_search.find(work.session, work.actor, replace(wanted, words=words), after=after, limit=limit)
    clinic_id = wanted.clinic_id
    if not found.people and clinic_id is not None and not has_clinic(work.session, clinic_id):
        raise InvalidInputError("There is no such clinic. Look clinics up with GET /clinics.", field="clinic_id")
    return found


def require_patient(work: UnitOfWork, user_id: int, action: Action) -> PersonView:
    """Returns the person. Raises NotFoundError unless the actor sees that person, and ForbiddenError unless the person
    is a patient and the actor may do this to patients.
    """
    person = get(work, user_id)
    require(work.actor, action)
    if person.user_type is not Role.PATIENT:
        raise ForbiddenError("Only operators may do this to staff.")
    return person
