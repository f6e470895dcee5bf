"""The identifiers of patients, with the words by which they are found. Unscoped, because an identifier may belong to
somebody whom the caller must not see.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, delete, false, insert, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect
from lambda_function.db.criteria import caller_values, here, patient_visible
from lambda_function.db.errors import duplicate
from lambda_function.db.models import Clinic, PatientIdentifier, User
from lambda_function.db.models.people import PATIENT_IDENTIFIER_ROWS
from lambda_function.db.repositories.person_words import OwnedIdentifier, add_words, replace_words
from lambda_function.db.rows import columns, fetch_all, write
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.errors import ContentionError
from lambda_function.domain.identifiers import IdentifierSystem, ScopedIdentifier
from lambda_function.domain.person_words import IDENTIFIER_KINDS, identifier_words


class Holder(NamedTuple):
    """Somebody who has one of the identifiers that were asked for. `here` is whether the actor may see the person, and
    `active` whether the person is an active patient.
    """

    user_id: int
    full_name: str
    birth_date: date | None
    here: bool
    active: bool


_OF_PERSON: AnySelect = (
    select(*columns(ScopedIdentifier, PatientIdentifier))
    .where(PatientIdentifier.user_id == bindparam("user_id"))
    .order_by(PatientIdentifier.system, PatientIdentifier.scope, PatientIdentifier.value)
)


def identifiers_of(session: Session, user_id: int) -> Sequence[ScopedIdentifier]:
    """Returns all identifiers of a person, in the order of systems."""
    return fetch_all(session, ScopedIdentifier, _OF_PERSON, {"user_id": user_id}, unscoped=True)


def holders_of(session: Session, actor: Actor, identifiers: Collection[ScopedIdentifier]) -> Sequence[Holder]:
    """Returns the people who have any of these identifiers, whoever they are."""
    statement: AnySelect = (
        select(
            *columns(
                Holder,
                User,
                here=patient_visible(User.user_id, actor.role),
                active=and_(User.active, here(User), User.user_type == Role.PATIENT),
            )
        )
        .distinct()
        .join(PatientIdentifier, PatientIdentifier.user_id == User.user_id)
        .where(_one_of(identifiers))
    )
    return fetch_all(session, Holder, statement, caller_values(actor), unscoped=True)


def country_of(session: Session, clinic_id: int) -> str:
    """Returns the country of a clinic that exists, which is the scope of most identifiers."""
    return session.scalars(select(Clinic.country).where(Clinic.clinic_id == clinic_id)).one()


def owners_of(session: Session, identifiers: Collection[ScopedIdentifier]) -> Mapping[ScopedIdentifier, int]:
    """Returns those of the identifiers that somebody has, each with the patient's id."""
    statement: AnySelect = select(*columns(OwnedIdentifier, PatientIdentifier)).where(_one_of(identifiers))
    found = fetch_all(session, OwnedIdentifier, statement, unscoped=True) if identifiers else []
    return {each.identifier: each.user_id for each in found}


def add_identifiers(session: Session, user_id: int, identifiers: Collection[ScopedIdentifier]) -> None:
    """Gives identifiers to a patient who has none. Raises ContentionError if somebody has one of them: whoever has
    looked before has just been overtaken.
    """
    if identifiers:
        insert_identifiers(session, [(identifier, user_id) for identifier in identifiers])
        add_words(session, user_id, identifier_words(identifiers))


def replace_identifiers(
    session: Session,
    user_id: int,
    identifiers: Collection[ScopedIdentifier],
    scopes: Collection[tuple[IdentifierSystem, str]],
) -> frozenset[ScopedIdentifier]:
    """Makes these the patient's identifiers in the scopes, keeps those in others, and returns those that were added or
    removed. The caller holds the lock of the patient or their row. Raises ContentionError as add_identifiers does.
    """
    known = set(identifiers_of(session, user_id))
    here = {identifier for identifier in known if (identifier.system, identifier.scope) in scopes}
    wanted = set(identifiers)
    if here == wanted:
        return frozenset()
    if removed := here - wanted:
        write(session, delete(PatientIdentifier).where(_one_of(removed)))
    if added := wanted - here:
        insert_identifiers(session, [(identifier, user_id) for identifier in added])
    replace_words(session, user_id, identifier_words(known - here | wanted), IDENTIFIER_KINDS)
    return frozenset(removed | added)


def _one_of(identifiers: Collection[ScopedIdentifier]) -> ColumnElement[bool]:
    """Returns the criterion for rows of these identifiers, in a form for which both databases use the index."""
    row = PatientIdentifier
    groups = groupby(sorted(identifiers), key=lambda identifier: identifier[:2])
    same = (
        and_(row.system == system, row.scope == scope, row.value.in_([identifier.value for identifier in group]))
        for (system, scope), group in groups
    )
    return or_(false(), *same)


def insert_identifiers(session: Session, owned: Collection[tuple[ScopedIdentifier, int]]) -> None:
    """Adds identifiers, each with the id of its patient, whose words are written elsewhere. Raises ContentionError if
    somebody has one of them.
    """
    rows = [{**identifier._asdict(), "user_id": user_id} for identifier, user_id in sorted(owned)]
    try:
        write(session, insert(PATIENT_IDENTIFIER_ROWS), rows)
    except IntegrityError as error:
        if duplicate(error) is None:
            raise
        raise ContentionError("Somebody was given the same identifier at the same time; try again.") from None
