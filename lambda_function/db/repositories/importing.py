"""Patients from a clinic's file, many in each statement. Unscoped."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect
from lambda_function.db.models import Clinic, ImportLock, PatientImport, User
from lambda_function.db.models.people import (
    CLINIC_PATIENT_ROWS,
    PATIENT_IMPORT_ROWS,
    PATIENT_ROWS,
    PERSON_EVENT_ROWS,
    PERSON_WORD_ROWS,
    USER_ROWS,
)
from lambda_function.db.repositories.identifiers import insert_identifiers
from lambda_function.db.repositories.people import words_of
from lambda_function.db.rows import columns, fetch_all, write
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.identifiers import ScopedIdentifier
from lambda_function.domain.people import NewUser, PersonAction
from lambda_function.domain.person_words import identifier_words
from lambda_function.domain.written_text import as_stored


class Place(NamedTuple):
    """A clinic, with the country in which its patients have their numbers."""

    clinic_id: int
    name: str
    country: str


class ImportedPatient(NamedTuple):
    """Somebody who becomes a patient, with the hash of the key in the clinic's file."""

    key_hash: str
    user: NewUser
    identifiers: Collection[ScopedIdentifier]


class _NamedUser(NamedTuple):
    user_name: str
    user_id: int


_PLACE: AnySelect = select(*columns(Place, Clinic)).where(Clinic.name == bindparam("name"))
_ONLY_ONE = select(ImportLock.stripe).with_for_update()
_KNOWN = select(PatientImport.key_hash).where(
    PatientImport.clinic_id == bindparam("clinic_id"), PatientImport.key_hash.in_(bindparam("hashes", expanding=True))
)
_IDS: AnySelect = select(*columns(_NamedUser, User)).where(User.user_name.in_(bindparam("names", expanding=True)))


def place_of(session: Session, clinic: str) -> Place | None:
    """Returns the clinic with this name, which is in its stored form."""
    found = fetch_all(session, Place, _PLACE, {"name": clinic}, unscoped=True)
    # The database's comparison overlooks capital letters and accents.
    return next((place for place in found if as_stored(place.name) == clinic), None)


def wait_for_others(session: Session) -> None:
    """Returns when no other transaction is importing. Until this one ends, others wait here."""
    session.scalars(_ONLY_ONE, execution_options=UNSCOPED).one()


def known_keys(session: Session, clinic_id: int, hashes: Collection[str]) -> frozenset[str]:
    """Returns those of the keys whose rows have become patients of the clinic, by their hashes."""
    values = {"clinic_id": clinic_id, "hashes": hashes}
    return frozenset(session.scalars(_KNOWN, values, execution_options=UNSCOPED))


def add_patients(session: Session, clinic_id: int, patients: Sequence[ImportedPatient], now: datetime) -> None:
    """Adds patients of the clinic, with all that belongs to them. Their addresses count as entered at registration.

    The caller has waited for other imports. Raises ContentionError if somebody has been given one of the identifiers
    since the caller looked.
    """
    owned = _add_users(session, patients, now)
    numbers = [(identifier, user_id) for user_id, each in owned.items() for identifier in each.identifiers]
    if numbers:
        insert_identifiers(session, numbers)
    keys = [
        {"clinic_id": clinic_id, "key_hash": each.key_hash, "user_id": user_id, "created_at": now}
        for user_id, each in owned.items()
    ]
    write(session, insert(PATIENT_IMPORT_ROWS), keys)
    members = [{"clinic_id": clinic_id, "patient_id": user_id, "created_at": now} for user_id in owned]
    write(session, insert(CLINIC_PATIENT_ROWS), members)
    write(session, insert(PERSON_EVENT_ROWS), [_event(user_id, each, now) for user_id, each in owned.items()])
    write(
        session, insert(PERSON_WORD_ROWS), [word for user_id, each in owned.items() for word in _words(user_id, each)]
    )


def _add_users(session: Session, patients: Sequence[ImportedPatient], now: datetime) -> Mapping[int, ImportedPatient]:
    """Returns the patients by the ids that the database gave them, which are found by the new user names."""
    added = {"created_at": now, "updated_at": now}
    rows = [{**asdict(each.user), **added, "email_trusted": each.user.email is not None} for each in patients]
    write(session, insert(USER_ROWS), rows)
    by_name = {each.user.user_name: each for each in patients}
    found = fetch_all(session, _NamedUser, _IDS, {"names": list(by_name)}, unscoped=True)
    owned = {row.user_id: by_name[row.user_name] for row in found}
    write(session, insert(PATIENT_ROWS), [{"user_id": user_id} for user_id in owned])
    return owned


def _event(user_id: int, patient: ImportedPatient, now: datetime) -> dict[str, object]:
    fields = sorted([*patient.user.fields_entered, *(["identifiers"] if patient.identifiers else [])])
    return {"user_id": user_id, "at": now, "actor_id": None, "action": PersonAction.CREATE, "fields": fields}


def _words(user_id: int, patient: ImportedPatient) -> list[dict[str, object]]:
    words = sorted(words_of(patient.user) | identifier_words(patient.identifiers))
    return [{"user_id": user_id, "kind": kind.value, "word": word} for kind, word in words]
