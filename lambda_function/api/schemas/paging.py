"""Pages and their cursors. A cursor holds the key of the last row, so it stays right while rows come and go."""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import Annotated, Any, Generic, TypeVar

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field
from typing_extensions import TypedDict

from lambda_function.api.schemas.types import Cursor, Limit
from lambda_function.domain.errors import InvalidInputError
from lambda_function.services.text_rules import MAX_ID

DEFAULT_LIMIT = 50
# A Lambda answers with at most 6 MB, and nobody waits for that much over a bad line.
MAX_PAGE_BYTES = 2_000_000
# What a row has beside its texts: the names of the fields, numbers and times, in FHIR too.
_ROW_BYTES = 2_000
# The most that a character becomes when it is escaped twice.
_CHARACTER_BYTES = 4

_Row = TypeVar("_Row")
_Item = TypeVar("_Item")

PageLimit = Annotated[Limit, Query(description="The most items that the page may have")]
PageCursor = Annotated[
    Cursor | None,
    Query(description="`next_cursor` of the previous page, to get the one after it; left out, the first page"),
]
NextCursor = Annotated[
    str | None, Field(description="Send it as `cursor` to get the next page; null when this page is the last")
]


class Page(TypedDict, Generic[_Item]):
    items: list[_Item]
    next_cursor: str | None


def page(
    rows: Sequence[_Row],
    limit: int,
    *,
    key: Callable[[_Row], tuple[int | str | datetime, ...]],
    shown: Callable[[_Row], _Item],
    until: tuple[int | str | datetime, ...] | None = None,
) -> Page[_Item]:
    """The answer from `limit` + 1 rows asked for. `key` is what the cursor after a row says. `until` is the key up to
    which was looked for rows, if that is not the last one: the next page then starts there.
    """
    found, last = split(rows, limit)
    end = until if last is None else None
    cursor = encode(*key(last)) if last is not None else None if end is None else encode(*end)
    return {"items": [shown(row) for row in found], "next_cursor": cursor}


def encode(*key: int | str | datetime) -> str:
    """The cursor after a row with this key."""
    parts = [part.isoformat() if isinstance(part, datetime) else part for part in key]
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def decode(cursor: str) -> list[Any]:
    """The parts of a cursor, each an int or a str. Raises InvalidInputError."""
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        parts = None
    if not isinstance(parts, list):
        raise _not_ours()
    return parts


def _not_ours() -> InvalidInputError:
    return InvalidInputError(
        "This cursor is not valid. Use next_cursor of the previous page, or leave it out.", field="cursor"
    )


def _checked_id(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_ID:
        raise _not_ours()
    return value


def _checked_instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise _not_ours()


def _checked_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _not_ours() from None


def after_id(cursor: str | None) -> int:
    """The id that the next page starts after; 0 on the first page."""
    if cursor is None:
        return 0
    match decode(cursor):
        case [last]:
            return _checked_id(last)
    raise _not_ours()


def after_start(cursor: str | None) -> tuple[datetime, int] | None:
    """The (starts_at, id) that the next page starts after."""
    if cursor is None:
        return None
    match decode(cursor):
        case [str(start), last]:
            return _checked_instant(start), _checked_id(last)
    raise _not_ours()


def after_due(cursor: str | None) -> tuple[date, int] | None:
    """The (due_on, id) that the next page starts after."""
    if cursor is None:
        return None
    match decode(cursor):
        case [str(day), last]:
            return _checked_day(day), _checked_id(last)
    raise _not_ours()


def after_day(cursor: str | None) -> date:
    """The first day that the next page may show."""
    if cursor is None:
        return date.min
    match decode(cursor):
        case [str(day)]:
            try:
                return _checked_day(day) + timedelta(days=1)
            except OverflowError:
                raise _not_ours() from None
    raise _not_ours()


def split(rows: Sequence[_Row], limit: int) -> tuple[Sequence[_Row], _Row | None]:
    """Splits `limit` + 1 rows into the page, and its last row when there is more after it. A page has fewer rows
    where their texts are so long that the answer would not fit, and always one.
    """
    found = rows[:limit]
    # Measuring takes longer than counting, and hardly ever matters.
    if sum(map(_most_bytes, found)) > MAX_PAGE_BYTES:
        sizes = accumulate(map(_bytes, found))
        found = found[: max(1, sum(size <= MAX_PAGE_BYTES for size in sizes))]
    return (found, found[-1]) if len(rows) > len(found) else (found, None)


def _most_bytes(row: object) -> int:
    return _ROW_BYTES + _CHARACTER_BYTES * sum(map(len, _strings(row)))


def _bytes(row: object) -> int:
    """The bytes of a row as the answer travels: the body is JSON, and a text in the JSON that a Lambda answers with."""
    return _ROW_BYTES + sum(len(_json(_json(text)).encode()) for text in _strings(row))


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for part in value.values():
                yield from _strings(part)
        case Sequence():
            for part in value:
                yield from _strings(part)
