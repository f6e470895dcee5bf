"""Finds people by the starts of their words, page by page in the order of user_id, with bounded work for each page.

Testing one person costs much more than reading one word of the index. `_look` therefore counts first, up to a limit,
how many people the rarest word finds and how many the caller may see. `find` begins with the fewer of them, and tests
each of these people. If both are too many, it tests the next ids only: such a page ends there, however few it found.
See docs/decisions/0016-search.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, func, literal, or_, select, union, union_all
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect, instant_parameter
from lambda_function.db.criteria import (
    caller_values,
    contact_visible,
    in_clinic,
    indexed,
    of_no_clinic,
    sees_patients_of_no_clinic,
)
from lambda_function.db.models import User
from lambda_function.db.models.people import PATIENT_ROWS, PERSON_WORD_ROWS, USER_ROWS
from lambda_function.db.repositories.people import VIEWS, PersonView
from lambda_function.db.rows import columns, fetch_all, fetch_one
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.person_words import OPEN_KINDS, SoughtWord, WordKind

# So many people are tested for one page, at most.
TESTED = 4000
# The number of ids that are tested in a row, which costs less.
NEXT = 6000
# The number of ids among which patients of no clinic are looked for.
SPAN = 40_000
# A word of the index that finds no more people is read completely.
READ = 30_000
# Only so many words of a search are counted. The longest are usually the rarest.
_COUNTED = 3
# No id is greater.
_ENDLESS = 2**63 - 1


class Source(StrEnum):
    """Whom a page tests."""

    WORD = "WORD"  # the first people whom the rarest word finds
    VISIBLE = "VISIBLE"  # all whom an index finds among those whom the caller may see
    VISIBLE_OR_WORD = "VISIBLE_OR_WORD"  # the same, and patients of no clinic whom the rarest word finds
    VISIBLE_OR_NEXT = "VISIBLE_OR_NEXT"  # the same, and patients of no clinic among the next ids
    NEXT = "NEXT"  # the next ids


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """Which people to list. An empty `words` finds everybody. Times are half-open."""

    words: tuple[SoughtWord, ...] = ()
    role: Role | None = None
    clinic_id: int | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None

    @property
    def roles(self) -> tuple[Role, ...]:
        return tuple(Role) if self.role is None else (self.role,)


@dataclass(frozen=True, slots=True)
class FoundPeople:
    """People in the order of user_id. There may be more after `until`, unless it is None."""

    people: Sequence[PersonView]
    until: int | None


class _Count(NamedTuple):
    """How many there are of something, counted up to a limit."""

    kind: str
    number: int
    found: int


class _Id(NamedTuple):
    user_id: int | None


class _Outlook(NamedTuple):
    """What is counted before a page is read. `words` has the people whom each counted word finds."""

    words: Mapping[int, int]
    visible: int
    last_id: int


class _Plan(NamedTuple):
    """Whom a page tests. `rarest` is the number of the word to begin with."""

    source: Source
    rarest: int


@dataclass(frozen=True, slots=True)
class _Shape:
    """What decides the text of a statement."""

    role: Role
    roles: tuple[Role, ...]
    plan: _Plan
    in_phones: tuple[bool, ...]
    filters: frozenset[str]


_AFTER, _UNTIL = bindparam("after", type_=BigInteger), bindparam("until", type_=BigInteger)
_CRITERIA: Mapping[str, ColumnElement[bool]] = MappingProxyType(
    {
        "clinic_id": in_clinic(bindparam("clinic_id", type_=BigInteger)),
        "created_from": User.created_at >= instant_parameter("created_from"),
        "created_to": User.created_at < instant_parameter("created_to"),
    }
)
_WORD, _ROLE, _LAST = "word", "role", "last"


def find(session: Session, actor: Actor, wanted: PeopleFilter, *, after: int, limit: int) -> FoundPeople:
    """Returns at most `limit` people with ids after `after`, of those whom the actor may see."""
    filters = {name: value for name in _CRITERIA if (value := getattr(wanted, name)) is not None}
    given = {
        "after": after,
        "page_limit": limit,
        **filters,
        **{f"word{number}": f"{word.start}%" for number, word in enumerate(wanted.words)},
    }
    seen = _look(session, actor, wanted, given)
    plan = _plan(seen, unattached=Role.PATIENT in wanted.roles and sees_patients_of_no_clinic(actor.role))
    until = _until(session, seen, plan, given)
    in_phones = tuple(word.in_phones for word in wanted.words)
    shape = _Shape(actor.role, wanted.roles, plan, in_phones, frozenset(filters))
    people = fetch_all(session, PersonView, _page(shape), {**given, "until": until or _ENDLESS})
    return FoundPeople(people, None if until is None or until >= seen.last_id else until)


def _look(session: Session, actor: Actor, wanted: PeopleFilter, given: Mapping[str, Any]) -> _Outlook:
    lengths = {number: len(word.start) for number, word in enumerate(wanted.words)}
    counted = tuple(sorted(lengths, key=lambda number: -lengths[number])[:_COUNTED])
    limits = {"read": READ + 1, "tested": TESTED + 1}
    values = {**given, **limits, **caller_values(actor)}
    rows = fetch_all(session, _Count, _counts(actor.role, wanted.roles, counted), values, unscoped=True)
    return _Outlook(
        words={row.number: row.found for row in rows if row.kind == _WORD},
        visible=sum(row.found for row in rows if row.kind == _ROLE),
        last_id=sum(row.found for row in rows if row.kind == _LAST),
    )


def _plan(seen: _Outlook, *, unattached: bool) -> _Plan:
    rarest, hits = min(seen.words.items(), key=lambda item: item[1], default=(0, READ + 1))
    if hits <= TESTED:
        source = Source.WORD
    elif seen.visible > TESTED:
        source = Source.WORD if hits <= READ else Source.NEXT
    elif not unattached:
        source = Source.VISIBLE
    else:
        source = Source.VISIBLE_OR_WORD if hits <= READ else Source.VISIBLE_OR_NEXT
    return _Plan(source, rarest)


def _until(session: Session, seen: _Outlook, plan: _Plan, given: Mapping[str, Any]) -> int | None:
    """Returns the last id of which the page can tell, or None if it can tell of all."""
    match plan.source:
        case Source.NEXT:
            return int(given["after"]) + NEXT
        case Source.VISIBLE_OR_NEXT:
            return int(given["after"]) + SPAN
        case Source.WORD if seen.words[plan.rarest] > TESTED:
            values = {**given, "tested": TESTED - 1}
            found = fetch_one(session, _Id, _last_tested(plan.rarest), values, unscoped=True)
            return None if found is None else found.user_id
        case _:
            return None


def _hits(number: int) -> ColumnElement[bool]:
    """Returns the criterion for rows of words that a word of the search begins, of people after the last page."""
    words = PERSON_WORD_ROWS.c
    return and_(words.word.like(bindparam(f"word{number}")), words.user_id > _AFTER)


@lru_cache
def _counts(role: Role, roles: tuple[Role, ...], counted: tuple[int, ...]) -> AnySelect:
    def count(kind: str, number: int, where: ColumnElement[bool], limit: str) -> AnySelect:
        rows = select(literal(1).label("one")).where(where).limit(bindparam(limit)).subquery()
        return select(*columns(_Count, kind=literal(kind), number=literal(number), found=func.count(rows.c.one)))

    last = select(*columns(_Count, kind=literal(_LAST), number=literal(0), found=func.max(USER_ROWS.c.user_id)))
    visible = (indexed(role, each) for each in roles)
    arms = union_all(
        *(count(_WORD, number, _hits(number), "read") for number in counted),
        *(count(_ROLE, 0, and_(where, ids > _AFTER), "tested") for ids, where in visible),
        last,
    ).subquery()
    return select(*columns(_Count, arms))


@lru_cache
def _last_tested(number: int) -> AnySelect:
    ids = select(*columns(_Id, PERSON_WORD_ROWS)).distinct().where(_hits(number)).order_by(PERSON_WORD_ROWS.c.user_id)
    return ids.offset(bindparam("tested")).limit(1)


def _tested(shape: _Shape) -> Any:
    """Returns the ids of the people whom the page tests."""
    words = PERSON_WORD_ROWS.c
    by_word = select(words.user_id).distinct().where(_hits(shape.plan.rarest), words.user_id <= _UNTIL)
    visible = [
        select(ids.label("user_id")).where(where, ids > _AFTER, ids <= _UNTIL)
        for ids, where in (indexed(shape.role, each) for each in shape.roles)
    ]
    patient_id = PATIENT_ROWS.c.user_id
    match shape.plan.source:
        case Source.WORD:
            return by_word
        case Source.NEXT:
            return select(USER_ROWS.c.user_id).where(USER_ROWS.c.user_id > _AFTER, USER_ROWS.c.user_id <= _UNTIL)
        case Source.VISIBLE:
            return union(*visible)
        case Source.VISIBLE_OR_WORD:
            return union(*visible, by_word.where(of_no_clinic(words.user_id)))
        case Source.VISIBLE_OR_NEXT:
            next_ids = select(patient_id).where(patient_id > _AFTER, patient_id <= _UNTIL, of_no_clinic(patient_id))
            return union(*visible, next_ids)


@lru_cache(maxsize=512)
def _page(shape: _Shape) -> AnySelect:
    tested = _tested(shape).subquery("tested")
    words = (_has_word(shape.role, number, in_phones=in_phones) for number, in_phones in enumerate(shape.in_phones))
    return (
        VIEWS[shape.role]
        .prefix_with("STRAIGHT_JOIN")  # in the order of the ids, until the page is full
        .select_from(tested)
        .join(User, User.user_id == tested.c.user_id)
        .where(
            *words,
            *(_CRITERIA[name] for name in sorted(shape.filters)),
            *([] if len(shape.roles) > 1 else [User.user_type == shape.roles[0]]),
        )
        .order_by(tested.c.user_id)
        .limit(bindparam("page_limit"))
    )


def _has_word(role: Role, number: int, *, in_phones: bool) -> ColumnElement[bool]:
    """Returns the criterion for people with such a word, of a kind that the caller may search.

    It compares a value, because of EXISTS both databases would make a join, and might begin with a common word.
    """
    words = PERSON_WORD_ROWS.alias()
    contact = {WordKind.EMAIL, WordKind.PHONE} if in_phones else {WordKind.EMAIL}
    kinds = or_(words.c.kind.in_(sorted(OPEN_KINDS)), and_(words.c.kind.in_(sorted(contact)), contact_visible(role)))
    found = select(literal(1)).where(
        words.c.user_id == User.user_id, words.c.word.like(bindparam(f"word{number}")), kinds
    )
    return found.limit(1).correlate(User).scalar_subquery() == 1
