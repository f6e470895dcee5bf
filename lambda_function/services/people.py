"""Users: the caller, the people whom the caller may see and change, and the patients that a reception creates."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from lambda_function.db.models import User
from lambda_function.db.repositories import people as people_rows
from lambda_function.db.repositories import people_search
from lambda_function.db.repositories.catalogue import has_clinic
from lambda_function.db.repositories.people import PersonView
from lambda_function.db.repositories.people_search import FoundPeople, PeopleFilter
from lambda_function.db.repositories.person_words import replace_words
from lambda_function.db.repositories.tokens import find_caller
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.errors import ForbiddenError, InvalidInputError, NotFoundError
from lambda_function.domain.people import NewUser, PersonAction, trusts_email
from lambda_function.domain.permissions import Action, require
from lambda_function.domain.person_words import found_by, sought_words
from lambda_function.domain.versions import check_version
from lambda_function.services.person_events import note_person


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


def get(work: UnitOfWork, user_id: int) -> PersonView:
    require(work.actor, Action.READ_PEOPLE)
    row = people_rows.get_one_or_none(work.session, work.actor, user_id)
    if row is None:
        raise NotFoundError("There is no such person.")
    return row


def search(work: UnitOfWork, q: str | None, wanted: PeopleFilter, *, after: int, limit: int) -> FoundPeople:
    """Returns people in the order of user_id. Each word of `q` begins a word of a name, or of contact data that the
    actor may see; without letters and digits it finds nobody. Raises InvalidInputError if there is no such clinic.
    """
    require(work.actor, Action.READ_PEOPLE)
    words = sought_words(q or "")
    if q is not None and not words:
        return FoundPeople([], until=None)
    found = people_search.find(work.session, work.actor, replace(wanted, words=words), after=after, limit=limit)
    clinic_id = wanted.clinic_id
    if not found.people and clinic_id is not None and not has_clinic(work.session, clinic_id):
        raise InvalidInputError("There is no such clinic. Look clinics up with GET /clinics.", field="clinic_id")
    return found


def change_own(work: UnitOfWork, changes: Mapping[str, str | None], expected: frozenset[int] | None) -> OwnProfile:
    """Changes any of full_name, email and phone, and returns the profile. A request that changes nothing keeps the
    version.

    Raises StaleVersionError unless the version is one of those expected (If-Match). None accepts any version.
    """
    require(work.actor, Action.CHANGE_OWN_PROFILE)
    _change(work, work.actor.user_id, changes, expected)
    return own_profile(work)


def change_patient(
    work: UnitOfWork, user_id: int, changes: Mapping[str, str | None], expected: frozenset[int] | None
) -> PersonView:
    """Changes a patient as change_own changes the actor. Also raises NotFoundError for a person who is not visible, and
    ForbiddenError for a visible person who is not a patient.
    """
    require_patient(work, user_id, Action.CHANGE_PATIENT)
    _change(work, user_id, changes, expected)
    return get(work, user_id)


def require_patient(work: UnitOfWork, user_id: int, action: Action) -> PersonView:
    """Returns the person. Raises NotFoundError unless the actor sees that person, and ForbiddenError unless the person
    is a patient and the actor may do this to patients.
    """
    person = get(work, user_id)
    require(work.actor, action)
    if person.user_type is not Role.PATIENT:
        raise ForbiddenError("Only operators may do this to staff.")
    return person


def _change(work: UnitOfWork, user_id: int, changes: Mapping[str, str | None], expected: frozenset[int] | None) -> None:
    user = people_rows.get_for_change(work.session, user_id)
    if user is None:
        raise NotFoundError("There is no such person.")
    check_version(user.version, expected)
    different = {name: value for name, value in changes.items() if getattr(user, name) != value}
    for name, value in different.items():
        setattr(user, name, value)
    if different:
        user.email_trusted = _is_trusted(user, own=user_id == work.actor.user_id, changed="email" in different)
        user.updated_at = work.now
        note_person(work, user_id, PersonAction.CHANGE, different)
        work.session.flush()
        words = found_by(full_name=user.full_name, user_name=user.user_name, email=user.email, phone=user.phone)
        replace_words(work.session, user_id, words)


def _is_trusted(user: User, *, own: bool, changed: bool) -> bool:
    """Returns whether the e-mail may link an account by itself from now on: see services/sign_up.py."""
    return own if changed else trusts_email(trusted=user.email_trusted, version=user.version)


def create_patient(work: UnitOfWork, patient: NewUser) -> PersonView:
    """Makes a patient of the creator's clinics, who can sign up later. Raises NameTakenError."""
    require(work.actor, Action.CREATE_PATIENT)
    user_id = people_rows.add_patient(work.session, patient, work.now, work.actor.clinic_ids)
    note_person(work, user_id, PersonAction.CREATE, patient.fields_entered)
    return get(work, user_id)
