"""Changes of a person: by themselves, or of a patient by a reception."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm.attributes import flag_modified

from lambda_function.db.models import User
from lambda_function.db.repositories import claims
from lambda_function.db.repositories import people as people_rows
from lambda_function.db.repositories.people import PersonView
from lambda_function.db.repositories.person_words import replace_words
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.errors import ForbiddenError, NotFoundError
from lambda_function.domain.identifiers import Identifier
from lambda_function.domain.people import PersonAction, check_birth_date, trusts_email
from lambda_function.domain.permissions import Action, permitted, require
from lambda_function.domain.versions import check_version
from lambda_function.services import identifiers as identifiers_entered
from lambda_function.services.guardians import birth_date_changed
from lambda_function.services.identifiers import check_attempts, clinic_of
from lambda_function.services.people import OwnProfile, get, own_profile, require_patient
from lambda_function.services.person_events import note_person

# Names of fields, with their new values.
Changes = Mapping[str, Any]
# The fields of which the words are made by which a person is found.
_IN_WORDS = frozenset({"full_name", "email", "phone", "birth_date"})


def change_own(work: UnitOfWork, changes: Changes, expected: frozenset[int] | None) -> OwnProfile:
    """Changes the actor, and returns the profile. A request that changes nothing keeps the version.

    Raises StaleVersionError unless the version is one of those expected (If-Match; None accepts any version),
    InvalidInputError for a date of birth that cannot be, and ForbiddenError for another one than the one that is known.
    """
    require(work.actor, Action.CHANGE_OWN_PROFILE)
    user = _locked(work, work.actor.user_id, changes, expected)
    if "birth_date" in changes and user.birth_date not in {None, changes["birth_date"]}:
        raise ForbiddenError("Your date of birth is known already. Ask the reception to correct it.")
    _change(work, user, changes)
    return own_profile(work)


def change_patient(
    work: UnitOfWork,
    user_id: int,
    changes: Changes,
    expected: frozenset[int] | None,
    *,
    identifiers: Sequence[Identifier] | None = None,
    clinic_id: int | None = None,
) -> PersonView:
    """Changes a patient, and returns them. The identifiers replace those in the scopes of the clinic, which is one of
    the actor's, or the first; None keeps them.

    Raises what change_own raises, except for another date of birth; NotFoundError for a person who is not visible, and
    ForbiddenError for a visible person who is not a patient; ThrottledError and IdentifierTakenError, of which the
    second is counted.
    """
    if identifiers and permitted(work.actor, Action.CHANGE_PATIENT):
        check_attempts(work)
    require_patient(work, user_id, Action.CHANGE_PATIENT)
    clinic_id = clinic_of(work.actor, clinic_id)
    if identifiers is not None:
        # A merge at the same time moves all of the patient's identifiers under this lock.
        claims.lock_patient(work.session, user_id)
    user = _locked(work, user_id, changes, expected)
    replaced = identifiers is not None and identifiers_entered.replace(work, user_id, clinic_id, identifiers)
    _change(work, user, changes, *(["identifiers"] if replaced else []))
    return get(work, user_id, clinic_id=clinic_id)


def _locked(work: UnitOfWork, user_id: int, changes: Changes, expected: frozenset[int] | None) -> User:
    check_birth_date(changes.get("birth_date"), work.today)
    user = people_rows.get_for_change(work.session, user_id)
    if user is None:
        raise NotFoundError("There is no such person.")
    check_version(user.version, expected)
    return user


def _change(work: UnitOfWork, user: User, changes: Changes, *replaced: str) -> None:
    """Writes what is different. `replaced` are the names of what was changed beside the row."""
    different = {name: value for name, value in changes.items() if getattr(user, name) != value}
    for name, value in different.items():
        setattr(user, name, value)
    # An address that is entered, even the same one again, is tried again.
    if "email" in changes and user.bounced_email_hash is not None:
        user.bounced_email_hash = None
        replaced = (*replaced, "bounced_email_hash")
    if not different and not replaced:
        return
    user.email_trusted = _is_trusted(user, own=user.user_id == work.actor.user_id, changed="email" in different)
    user.updated_at = work.now
    # Raises the version, whatever has changed.
    flag_modified(user, "updated_at")
    note_person(work, user.user_id, PersonAction.CHANGE, [*different, *replaced])
    work.session.flush()
    if different.keys() & _IN_WORDS:
        replace_words(work.session, user.user_id, people_rows.words_of(user))
    # What a reception has entered about who acts for somebody, nobody changes by a date of their own.
    if "birth_date" in different and user.user_id != work.actor.user_id:
        birth_date_changed(work, user.user_id, user.birth_date)


def _is_trusted(user: User, *, own: bool, changed: bool) -> bool:
    """Returns whether the e-mail may link an account by itself from now on: see services/sign_up.py."""
    return own if changed else trusts_email(trusted=user.email_trusted, version=user.version)
