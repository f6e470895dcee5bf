"""Pages and their cursors. A cursor holds the key of the last row, so it stays right while rows come and go."""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, TypeVar

from aws_lambda_powertools.event_handler.openapi.params import Query

from lambda_function.api.schemas.types import MAX_ID, Cursor, Limit
from lambda_function.domain.errors import InvalidInputError

DEFAULT_LIMIT = 50

_Row = TypeVar("_Row")

PageLimit = Annotated[Limit, Query(description="How many items a page has at most")]
PageCursor = Annotated[Cursor | None, Query(description="`next_cursor` of the page before")]


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
    return InvalidInputError("This cursor is not one of ours.", field="cursor")


def _checked_id(value: Any) -> int:
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


def after_day(cursor: str | None) -> date:
    """The first day that the next page may show."""
    if cursor is None:
        return date.min
    match decode(cursor):
        case [str(day)]:
            try:
                return date.fromisoformat(day) + timedelta(days=1)
            except (ValueError, OverflowError):
                raise _not_ours() from None
    raise _not_ours()


def split(rows: Sequence[_Row], limit: int) -> tuple[Sequence[_Row], _Row | None]:
    """From `limit` + 1 rows asked for: the page, and its last row when there is more after it."""
    return (rows[:limit], rows[limit - 1]) if len(rows) > limit else (rows, None)
