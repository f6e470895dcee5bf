"""The words by which people are found. They are written in the transaction that writes the person. Unscoped."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import bindparam, delete, insert, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import tuple_

from lambda_function.db.base import AnySelect
from lambda_function.db.models import PatientIdentifier, PersonWord, User
from lambda_function.db.models.people import PERSON_WORD_ROWS
from lambda_function.db.rows import columns, fetch_all, write
from lambda_function.domain.identifiers import IdentifierSystem, ScopedIdentifier
from lambda_function.domain.person_words import ROW_KINDS, FoundBy, WordKind, found_by, identifier_words


class _Named(NamedTuple):
    """What the words of a person are made of."""

    user_id: int
    full_name: str
    user_name: str
    email: str | None
    phone: str | None
    birth_date: date | None
    gone: bool


class OwnedIdentifier(NamedTuple):
    """An identifier, and whose it is."""

    user_id: int
    system: IdentifierSystem
    scope: str
    value: str

    @property
    def identifier(self) -> ScopedIdentifier:
        return ScopedIdentifier(self.system, self.scope, self.value)


class _Word(NamedTuple):
    user_id: int
    kind: int
    word: str


class Words(NamedTuple):
    """The words that a person should have, and those that the rows say."""

    right: frozenset[FoundBy]
    stored: frozenset[FoundBy]


_NAMED: AnySelect = (
    select(*columns(_Named, User, gone=or_(User.erased_at.is_not(None), User.merged_into.is_not(None))))
    .where(User.user_id.in_(bindparam("user_ids", expanding=True)))
    .order_by(User.user_id)
)
_WORDS: AnySelect = select(*columns(_Word, PersonWord)).where(
    PersonWord.user_id.in_(bindparam("user_ids", expanding=True))
)
_NUMBERED: AnySelect = select(*columns(OwnedIdentifier, PatientIdentifier)).where(
    PatientIdentifier.user_id.in_(bindparam("user_ids", expanding=True))
)
_OF_PERSON = PersonWord.user_id == bindparam("owner_id")
_OF_KINDS = PersonWord.kind.in_(bindparam("kinds", expanding=True))


def add_words(session: Session, user_id: int, words: Collection[FoundBy]) -> None:
    """Adds words that the person does not have yet."""
    if words:
        rows = [{"user_id": user_id, "kind": kind.value, "word": word} for kind, word in sorted(words)]
        write(session, insert(PERSON_WORD_ROWS), rows)


def replace_words(
    session: Session, user_id: int, words: Collection[FoundBy], kinds: Collection[WordKind] = ROW_KINDS
) -> None:
    """Makes these the person's words of these kinds. The caller has changed or locked the row of the person."""
    write(session, delete(PersonWord).where(_OF_PERSON, _OF_KINDS), {"owner_id": user_id, "kinds": sorted(kinds)})
    add_words(session, user_id, words)


def read_words(session: Session, user_ids: Collection[int], *, lock: bool = False) -> Mapping[int, Words]:
    """Returns the words of each person by id, with the rows of the people locked if the words shall be changed."""
    given = {"user_ids": sorted(user_ids)}
    people = fetch_all(session, _Named, _NAMED.with_for_update() if lock else _NAMED, given, unscoped=True)
    stored = defaultdict(set)
    for row in fetch_all(session, _Word, _WORDS, given, unscoped=True):
        stored[row.user_id].add(FoundBy(WordKind(row.kind), row.word))
    numbers = defaultdict(list)
    for numbered in fetch_all(session, OwnedIdentifier, _NUMBERED, given, unscoped=True):
        numbers[numbered.user_id].append(numbered.identifier)
    return {
        person.user_id: Words(_right(person, numbers[person.user_id]), frozenset(stored[person.user_id]))
        for person in people
    }


def _right(person: _Named, identifiers: Collection[ScopedIdentifier]) -> frozenset[FoundBy]:
    if person.gone:
        return frozenset()
    row = found_by(
        full_name=person.full_name,
        user_name=person.user_name,
        email=person.email,
        phone=person.phone,
        birth_date=person.birth_date,
    )
    return row | identifier_words(identifiers)


def correct_words(session: Session, user_ids: Collection[int]) -> int:
    """Makes the words of these people right, and returns how many people had wrong ones."""
    wrong = {
        user_id: words
        for user_id, words in read_words(session, user_ids, lock=True).items()
        if words.right != words.stored
    }
    removed = [(user_id, *word) for user_id, words in wrong.items() for word in words.stored - words.right]
    added = [
        {"user_id": user_id, "kind": kind.value, "word": word}
        for user_id, words in wrong.items()
        for kind, word in sorted(words.right - words.stored)
    ]
    if removed:
        key = tuple_(PersonWord.user_id, PersonWord.kind, PersonWord.word)
        write(
            session, delete(PersonWord).where(key.in_([(user_id, kind.value, word) for user_id, kind, word in removed]))
        )
    if added:
        write(session, insert(PERSON_WORD_ROWS), added)
    return len(wrong)
