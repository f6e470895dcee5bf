"""Search parameters, as FHIR writes them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from pydantic import BeforeValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from lambda_function.api.fhir.resources import IDENTIFIERS, TREATMENTS, USER_NAMES, slot_id_parts
from lambda_function.api.fhir.wire import BASE, own_part
from lambda_function.api.schemas.types import Cursor, SearchText
from lambda_function.db.repositories.people_search import SoughtIdentifier
from lambda_function.domain.errors import DomainError, InvalidInputError, NotFoundError
from lambda_function.domain.identifiers import IdentifierSystem, stored_value
from lambda_function.domain.time_zones import day_start
from lambda_function.services.text_rules import MAX_ID, USER_NAME, day_in

_REFERENCE = re.compile(r"(?:([A-Z][A-Za-z]*)/)?([1-9][0-9]{0,18})")
_ID = re.compile(r"[1-9][0-9]{0,18}")
# Elsewhere in a value, `\` stands before what FHIR would read as a sign of its own.
_ESCAPED = re.compile(r"\\([,$|\\])")
_OR = re.compile(r"(?<!\\)(?:\\\\)*,")
_ABSOLUTE = re.compile(r"(?i:https?)://")
_COUNT = re.compile(r"0|[1-9][0-9]{0,8}")
# Years 1000 to 2999, as for every other date of the API.
_DATE = re.compile(
    r"(?P<prefix>[a-z]{2})?"
    r"(?P<year>[12][0-9]{3})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?P<time>T[0-9]{2}:[0-9]{2}(?P<seconds>:[0-9]{2}(?P<fraction>\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:[0-5][0-9]))?)?)?"
)
_PREFIXES = frozenset({"eq", "ge", "gt", "le", "lt"})


class Reference(NamedTuple):
    """A reference to one of our resources, such as `Patient/7`; `type` is None where it was left out."""

    type: str | None
    id: int


def relative(value: object) -> object:
    """A reference without the address of this service, which may precede it. What is no text stays what it is.

    Raises PydanticCustomError for an address of another server.
    """
    if not isinstance(value, str):
        return value
    place = own_part(value)
    if _ABSOLUTE.match(place):
        raise PydanticCustomError("another_server", "This leads to another server. Refer to a resource of this one.")
    return place


def parse_reference(value: object) -> Reference:
    """Raises PydanticCustomError for what names none of our resources."""
    place = relative(value)
    match = _REFERENCE.fullmatch(place) if isinstance(place, str) else None
    if match is None or int(match[2]) > MAX_ID:
        raise PydanticCustomError("not_a_reference", "Give a reference such as Patient/7.")
    return Reference(match[1], int(match[2]))


def unescaped(value: Any) -> Any:
    """The text of one value. Raises PydanticCustomError for several, between which FHIR's comma means `or`."""
    if not isinstance(value, str):
        return value
    if _OR.search(value):
        raise PydanticCustomError(
            "malformed", "Give one value; write a comma that belongs to it with a backslash before."
        )
    return _ESCAPED.sub(r"\1", value)


def _id_of(kind: str) -> BeforeValidator:
    def check(value: object) -> int:
        reference = parse_reference(value)
        if reference.type not in {None, kind}:
            raise PydanticCustomError("not_a_reference", "Give a reference such as {kind}/7.", {"kind": kind})
        return reference.id

    return BeforeValidator(check)


def _count(greatest: int) -> Any:
    def check(value: object) -> int:
        if isinstance(value, str) and _COUNT.fullmatch(value):
            return min(int(value), greatest)
        raise PydanticCustomError("not_in_range", "Give a whole number that is at least 0.")

    schema = {"type": "integer", "minimum": 0}
    description = (
        f"The most resources that the page may have; a number above {greatest} counts as {greatest}, and 0 asks for "
        "nothing but their number, like `_summary=count`"
    )
    return Annotated[
        int, BeforeValidator(check), WithJsonSchema(schema), Query(alias="_count", description=description)
    ]


REFERENCE_SCHEMA = WithJsonSchema({"type": "string", "pattern": rf"^(https?://[^/]+{BASE}/)?{_REFERENCE.pattern}$"})
PatientReference = Annotated[int, _id_of("Patient"), REFERENCE_SCHEMA]
PractitionerReference = Annotated[int, _id_of("Practitioner"), REFERENCE_SCHEMA]
LocationReference = Annotated[int, _id_of("Location"), REFERENCE_SCHEMA]
ScheduleReference = Annotated[int, _id_of("Schedule"), REFERENCE_SCHEMA]
AnyReference = Annotated[Reference, BeforeValidator(parse_reference), REFERENCE_SCHEMA]
Count = _count(100)
SlotCount = _count(1000)
After = Annotated[
    Cursor | None,
    Query(alias="_cursor", description="Taken from the link `next` of the previous page; left out, the first page"),
]
Summary = Annotated[
    Literal["count", "false"] | None,
    Query(alias="_summary", description="`count` asks for nothing but the number of resources, at most 1000"),
]
Total = Annotated[
    Literal["none", "estimate", "accurate"] | None,
    Query(
        alias="_total",
        description="`accurate` or `estimate` asks for the number of resources on the first page; left out above 1000",
    ),
]
Prefer = Annotated[
    str | None,
    Header(
        alias="Prefer",
        description="`handling=lenient` passes over parameters that are not supported; the link `self` has the others",
    ),
]
SearchToken = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=200)] | None, BeforeValidator(unescaped)
]
NamePart = Annotated[SearchText | None, BeforeValidator(unescaped)]
ResourceId = Annotated[
    Annotated[str, StringConstraints(max_length=100)] | None,
    BeforeValidator(unescaped),
    Query(alias="_id", description="Only the resource with this id"),
]
# JSON is the only format.
Format = Annotated[
    Literal["json", "application/json", "application/fhir+json"] | None,
    Query(alias="_format", description="Only JSON is served"),
]


class Span(NamedTuple):
    """A half-open range; None means without a limit."""

    start: datetime | None
    end: datetime | None

    @property
    def is_empty(self) -> bool:
        return self.start is not None and self.end is not None and self.start >= self.end


NO_SPAN = Span(None, None)


def span_of(values: Sequence[str], zone: ZoneInfo | None, field: str) -> Span:
    """What all of the values allow. A value is a time with its offset, or a day, month or year of `zone`, if it
    is known.

    Raises InvalidInputError on `field`.
    """
    starts, ends = [], []
    for value in values:
        prefix, interval_start, interval_end = _read(value, zone, field)
        if prefix in {"eq", "ge"}:
            starts.append(interval_start)
        if prefix == "gt":
            starts.append(interval_end)
        if prefix in {"eq", "le"}:
            ends.append(interval_end)
        if prefix == "lt":
            ends.append(interval_start)
    return Span(max(starts, default=None), min(ends, default=None))


def _read(value: str, zone: ZoneInfo | None, field: str) -> tuple[str, datetime, datetime]:
    """The prefix, and the first and last instant that the value may mean."""
    match = _DATE.fullmatch(value)
    prefix = (match["prefix"] or "eq") if match else ""
    if match is None or prefix not in _PREFIXES:
        raise InvalidInputError(
            "Give a date, or a time with its offset, from 1000 to 2999; eq, ge, gt, le or lt may precede it.",
            field=field,
        )
    try:
        if match["time"]:
            start = datetime.fromisoformat(value.removeprefix(match["prefix"] or "")).astimezone(UTC)
            return prefix, start, start + _precision(match)
        if zone is None:
            raise InvalidInputError(
                "The time zone of this clinic is not known, so it has no days. Give times with their offset.",
                field=field,
            )
        first = date(int(match["year"]), int(match["month"] or 1), int(match["day"] or 1))
        return prefix, day_start(first, zone), day_start(_next(first, match), zone)
    except (ValueError, OverflowError):
        raise InvalidInputError("This date does not exist.", field=field) from None


def _precision(match: re.Match[str]) -> timedelta:
    if match["fraction"]:
        return timedelta(microseconds=1)
    return timedelta(seconds=1) if match["seconds"] else timedelta(minutes=1)


def _next(first: date, match: re.Match[str]) -> date:
    """The first day after what the value names."""
    if match["day"]:
        return first + timedelta(days=1)
    if match["month"]:
        return (first + timedelta(days=31)).replace(day=1)
    return first.replace(year=first.year + 1)


def id_of(text: str) -> int | None:
    """The id that a text is; None for what cannot be the id of a resource."""
    return int(text) if _ID.fullmatch(text) and int(text) <= MAX_ID else None


def code_of(token: str, field: str) -> str:
    """The treatment's code in `code` or `system|code`."""
    system, bar, code = token.rpartition("|")
    if bar and system != TREATMENTS:
        raise InvalidInputError(f"Use a code of the system {TREATMENTS}.", field=field)
    return code


def identifier_of(token: str, field: str) -> SoughtIdentifier | None:
    """What `value` or `system|value` looks for; None for what nobody has: each identifier has one of our systems.

    Raises InvalidInputError on `field` if there is no value.
    """
    system, bar, written = token.rpartition("|")
    if not written:
        raise InvalidInputError("Give the value of an identifier.", field=field)
    value = stored_value(written)
    systems = {kind for kind in IdentifierSystem if not bar or IDENTIFIERS[kind] == system}
    is_user_name = (not bar or system == USER_NAMES) and re.fullmatch(USER_NAME, written)
    if not is_user_name and (value is None or not systems):
        return None
    return SoughtIdentifier(
        frozenset() if value is None else frozenset(systems), value or "", written if is_user_name else None
    )


def day_of(value: str, field: str) -> date:
    """The one day that the value means, after `eq` or not. Raises InvalidInputError on `field`."""
    day = day_in(value.removeprefix("eq"))
    if day is None:
        raise InvalidInputError("Give a date of the years 1000 to 2999, such as 1990-01-31.", field=field)
    return day


class SlotKey(NamedTuple):
    doctor_id: int
    treatment_id: int
    start: datetime


def slot_key(slot_id: str) -> SlotKey:
    """What a Slot's id stands for. Raises NotFoundError."""
    parts = slot_id_parts(slot_id)
    if parts is None or max(parts[0], parts[1]) > MAX_ID:
        raise NotFoundError("There is no such slot.")
    return SlotKey(*parts)


@contextmanager
def fields_named(names: Mapping[str, str]) -> Iterator[None]:
    """Gives the field of an error the name that the caller knows. `names` maps the names of our services to those."""
    try:
        yield
    except DomainError as error:
        error.field = names.get(error.field or "", error.field)
        raise
