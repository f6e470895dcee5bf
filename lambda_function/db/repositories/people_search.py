"""Finds people by the starts of their words, page by page in the order of user_id, with bounded work for each page.

Testing one person costs much more than reading one word of the index. `_look` therefore counts first, up to a limit,
how many people the rarest word finds and how many the caller may see. `find` begins with the fewer of them, and tests
each of these people. If both are too many, it tests the next ids only: such a page ends there, however few it found.
See docs/decisions/0016-search.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, func, literal, or_, select, union, union_all
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect, instant_parameter
from lambda_function.db.criteria import (
    caller_values,
    chart_word_visible,
    contact_visible,
    deactivated,
    in_clinic,
    in_my_clinics,
    indexed,
    is_one_of_mine,
    of_no_clinic,
    sees_patients_of_no_clinic,
)
from lambda_function.db.models import Clinic, User
from lambda_function.db.models.people import PATIENT_IDENTIFIER_ROWS, PATIENT_ROWS, PERSON_WORD_ROWS, USER_ROWS
from lambda_function.db.repositories.people import VIEWS, PersonView, language_of
from lambda_function.db.rows import columns, fetch_all, fetch_one
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.identifiers import IdentifierSystem
from lambda_function.domain.person_words import OPEN_KINDS, SoughtWord, WordKind, sought_birth_date

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
    IDENTIFIER = "IDENTIFIER"  # whoever has the identifier, which at most one person has in each scope


class SoughtIdentifier(NamedTuple):
    """A number in any of these systems, or a user name."""

    systems: frozenset[IdentifierSystem]
    value: str
    user_name: str | None = None


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """Which people to list. An empty `words` finds everybody. Times are half-open. Without `active`, only deactivated
    patients who may come back are listed.
    """

    words: tuple[SoughtWord, ...] = ()
    role: Role | None = None
    clinic_id: int | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    identifier: SoughtIdentifier | None = None
    birth_date: date | None = None
    active: bool = True

    @property
    def roles(self) -> tuple[Role, ...]:
        return tuple(Role) if self.role is None else (self.role,)

    @property
    def all_words(self) -> tuple[SoughtWord, ...]:
        born = () if self.birth_date is None else (sought_birth_date(self.birth_date),)
        return (*self.words, *born)


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


class _Identification(NamedTuple):
    """The systems among which an identifier is looked for, and whether it may be a user name."""

    systems: tuple[IdentifierSystem, ...]
    user_names: bool


@dataclass(frozen=True, slots=True)
class _Shape:
    """What decides the text of a statement."""

    role: Role
    roles: tuple[Role, ...]
    plan: _Plan
    kinds: tuple[frozenset[WordKind], ...]
    filters: frozenset[str]
    identified_by: _Identification | None
    active: bool


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
        **{f"word{number}": word.pattern for number, word in enumerate(wanted.all_words)},
    }
    if wanted.identifier is not None:
        values = {
            **given,
            "identifier": wanted.identifier.value,
            "user_name": wanted.identifier.user_name,
            "scopes": [str(each) for each in actor.clinic_ids],
        }
        return FoundPeople(_read(session, actor, wanted, _Plan(Source.IDENTIFIER, 0), values), None)
    seen = _look(session, actor, wanted, given)
    plan = _plan(seen, unattached=Role.PATIENT in wanted.roles and sees_patients_of_no_clinic(actor.role))
    until = _until(session, seen, plan, given)
    people = _read(session, actor, wanted, plan, {**given, "until": until or _ENDLESS})
    return FoundPeople(people, None if until is None or until >= seen.last_id else until)


def _read(
    session: Session, actor: Actor, wanted: PeopleFilter, plan: _Plan, given: Mapping[str, Any]
) -> Sequence[PersonView]:
    """Returns the people of the page. No scope finds people who are deactivated, so that theirs is in the statement."""
    shape = _Shape(
        role=actor.role,
        roles=wanted.roles,
        plan=plan,
        kinds=tuple(word.kinds for word in wanted.all_words),
        filters=frozenset(name for name in _CRITERIA if getattr(wanted, name) is not None),
        identified_by=_identification(wanted.identifier),
        active=wanted.active,
    )
    values = {**given, **language_of(actor), **caller_values(actor)}
    return fetch_all(session, PersonView, _page(shape), values, unscoped=not wanted.active)


def _identification(wanted: SoughtIdentifier | None) -> _Identification | None:
    return None if wanted is None else _Identification(tuple(sorted(wanted.systems)), wanted.user_name is not None)


def _look(session: Session, actor: Actor, wanted: PeopleFilter, given: Mapping[str, Any]) -> _Outlook:
    lengths = {number: len(word.start) for number, word in enumerate(wanted.all_words)}
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
        case Source.IDENTIFIER:
            return _identified(shape)


def _identified(shape: _Shape) -> Any:
    """Returns the ids of the people who have the identifier, or the user name."""
    if shape.identified_by is None:
        raise AssertionError("a page of this source has an identifier")
    arms = [_holders(shape.role, system) for system in shape.identified_by.systems]
    if shape.identified_by.user_names:
        users = USER_ROWS.c
        arms.append(select(users.user_id).where(users.user_name == bindparam("user_name"), users.user_id > _AFTER))
    return union(*arms)


def _is_identified(shape: _Shape) -> list[ColumnElement[bool]]:
    """Returns the criterion for people whose identifiers the caller sees; everybody's user name is seen."""
    if shape.identified_by is None:
        return []
    named = [User.user_name == bindparam("user_name")] if shape.identified_by.user_names else []
    return [or_(contact_visible(shape.role), *named)]


def _holders(role: Role, system: IdentifierSystem) -> AnySelect:
    """Returns the people who have the identifier, in the scopes of the caller's clinics or among the caller's own."""
    rows = PATIENT_IDENTIFIER_ROWS.c
    scope: ColumnElement[bool]
    if role is Role.PATIENT:
        scope = is_one_of_mine(rows.user_id)
    elif system is IdentifierSystem.CHART:
        scope = rows.scope.in_(bindparam("scopes", expanding=True))
    else:
        scope = rows.scope.in_(select(Clinic.country).where(in_my_clinics(Clinic.clinic_id)))
    same = rows.system == system, rows.value == bindparam("identifier")
    return select(rows.user_id).distinct().where(*same, rows.user_id > _AFTER, scope)


@lru_cache(maxsize=512)
def _page(shape: _Shape) -> AnySelect:
    tested = _tested(shape).subquery("tested")
    words = (_has_word(shape.role, number, kinds) for number, kinds in enumerate(shape.kinds))
    return (
        VIEWS[shape.role]
        .prefix_with("STRAIGHT_JOIN")  # in the order of the ids, until the page is full
        .select_from(tested)
        .join(User, User.user_id == tested.c.user_id)
        .where(
            *words,
            *(_CRITERIA[name] for name in sorted(shape.filters)),
            *([] if shape.active else [deactivated(shape.role)]),
            *_is_identified(shape),
            *([] if len(shape.roles) > 1 else [User.user_type == shape.roles[0]]),
        )
        .order_by(tested.c.user_id)
        .limit(bindparam("page_limit"))
    )


def _has_word(role: Role, number: int, kinds: frozenset[WordKind]) -> ColumnElement[bool]:
    """Returns the criterion for people with such a word, of one of these kinds and one that the caller may search.

    It compares a value, because of EXISTS both databases would make a join, and might begin with a common word.
    """
    words = PERSON_WORD_ROWS.alias()
    contact: ColumnElement[bool] = words.c.kind.in_(sorted(kinds - OPEN_KINDS - {WordKind.CHART}))
    if WordKind.CHART in kinds:
        contact = or_(contact, and_(words.c.kind == WordKind.CHART, chart_word_visible(words.c.word, role)))
    searched = or_(words.c.kind.in_(sorted(kinds & OPEN_KINDS)), and_(contact, contact_visible(role)))
    found = select(literal(1)).where(
        words.c.user_id == User.user_id, words.c.word.like(bindparam(f"word{number}")), searched
    )
    return found.limit(1).correlate(User).scalar_subquery() == 1
