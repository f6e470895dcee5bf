"""Receptions enter patients. Whoever is entered twice has half of their history each time. So a reception is first
shown the patients who may be the same person. A patient of other clinics, whom it may not be shown, joins its clinics
if it knows an identifier, the name and the date of birth.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import NamedTuple

from lambda_function.db.repositories import claims, identifiers
from lambda_function.db.repositories import people as people_rows
from lambda_function.db.repositories.duplicates import possible_duplicates
from lambda_function.db.repositories.identifiers import Holder
from lambda_function.db.repositories.people import PersonView
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.errors import ContentionError, PossibleDuplicateError
from lambda_function.domain.identifiers import Identifier, ScopedIdentifier
from lambda_function.domain.people import NewUser, PersonAction, check_birth_date
from lambda_function.domain.permissions import Action, require
from lambda_function.domain.person_words import folded_name, same_words
from lambda_function.services.identifiers import check_attempts, clinic_of, in_scopes, refusal
from lambda_function.services.people import get
from lambda_function.services.person_events import note_person

DUPLICATES_SHOWN = 20
_LETTERS = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A patient to enter. The scopes of the identifiers are those of the clinic, one of the actor's or the first."""

    patient: NewUser
    identifiers: Sequence[Identifier] = ()
    clinic_id: int | None = None
    accept_duplicate: bool = False


class Registered(NamedTuple):
    """`joined` is whether the person was a patient of other clinics before."""

    person: PersonView
    joined: bool


def made_user_name() -> str:
    """Returns a user name that nobody can guess. Its only word begins with a zero, so that no search for a name or a
    number comes upon it.
    """
    return "0" + "".join(secrets.choice(ascii_lowercase) for _ in range(_LETTERS))


def register(work: UnitOfWork, wanted: Registration) -> Registered:
    """Makes a patient of the actor's clinics, who can sign up later, or lets a patient of other clinics join them.

    Raises, in this order: ThrottledError; InvalidInputError; IdentifierTakenError, which is counted;
    PossibleDuplicateError, unless it is accepted; NameTakenError.
    """
    require(work.actor, Action.CREATE_PATIENT)
    if wanted.identifiers:
        check_attempts(work)
    check_birth_date(wanted.patient.birth_date, work.today)
    clinic_id = clinic_of(work.actor, wanted.clinic_id)
    entered: Sequence[ScopedIdentifier] = ()
    if wanted.identifiers:
        entered = in_scopes(work, clinic_id, wanted.identifiers)
        known_id = _known_elsewhere(work, wanted.patient, entered)
        if known_id is not None:
            _join(work, known_id, wanted.patient, entered)
            return Registered(get(work, known_id, clinic_id=clinic_id), joined=True)
    if not wanted.accept_duplicate:
        _check_duplicates(work, wanted.patient)
    user_id = people_rows.add_patient(work.session, wanted.patient, work.now, work.actor.clinic_ids)
    identifiers.add_identifiers(work.session, user_id, entered)
    fields = [*wanted.patient.fields_entered, *(["identifiers"] if entered else [])]
    note_person(work, user_id, PersonAction.CREATE, fields)
    return Registered(get(work, user_id, clinic_id=clinic_id), joined=False)


def _known_elsewhere(work: UnitOfWork, patient: NewUser, entered: Sequence[ScopedIdentifier]) -> int | None:
    """Returns the one patient of other clinics who has these identifiers and is surely this person, or None if nobody
    has them. Raises IdentifierTakenError if anybody else has one.
    """
    holders = identifiers.holders_of(work.session, work.actor, entered)
    if not holders:
        return None
    if len(holders) == 1 and _is_surely(holders[0], patient):
        return holders[0].user_id
    raise refusal(work)


def _is_surely(holder: Holder, patient: NewUser) -> bool:
    return (
        holder.active
        and not holder.here
        and holder.birth_date is not None
        and holder.birth_date == patient.birth_date
        and folded_name(holder.full_name) == folded_name(patient.full_name)
    )


def _join(work: UnitOfWork, user_id: int, patient: NewUser, entered: Sequence[ScopedIdentifier]) -> None:
    """Makes the person a patient of the actor's clinics too, under the lock that deactivating, merging and erasing
    take. Nothing else of them is changed.
    """
    claims.lock_patient(work.session, user_id)
    holders = identifiers.holders_of(work.session, work.actor, entered)
    if [holder.user_id for holder in holders if _is_surely(holder, patient)] != [user_id]:
        raise ContentionError("This person has just been changed; try again.")
    people_rows.add_to_clinics(work.session, user_id, work.actor.clinic_ids, work.now)
    note_person(work, user_id, PersonAction.JOIN, ["clinics"])


def _check_duplicates(work: UnitOfWork, patient: NewUser) -> None:
    words = same_words(
        full_name=patient.full_name, email=patient.email, phone=patient.phone, birth_date=patient.birth_date
    )
    found = possible_duplicates(work.session, words, DUPLICATES_SHOWN)
    if found:
        raise PossibleDuplicateError(
            "There are patients who may be the same person: look at them first. If it is none of them, send it "
            "again with accept_duplicate.",
            found,
        )
