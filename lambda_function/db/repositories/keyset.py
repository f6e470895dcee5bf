"""Parts of many rows: those behind a place in their order, up to another.

Spelled out, since of `(a, b) > (x, y)` MySQL makes no range of an index, and would read all that comes before every
time.
"""

from collections.abc import Callable, Sequence
from operator import gt, lt
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

Place = tuple[Any, ...]


def behind(columns: Sequence[Any], place: Place) -> ColumnElement[bool]:
    return or_(*_differing(columns, place, gt))


def up_to(columns: Sequence[Any], place: Place) -> ColumnElement[bool]:
    """The place included."""
    return or_(*_differing(columns, place, lt), and_(*_equal(columns, place)))


def _differing(
    columns: Sequence[Any], place: Place, compare: Callable[[Any, Any], ColumnElement[bool]]
) -> list[ColumnElement[bool]]:
    """By the first column that differs."""
    return [and_(*_equal(columns[:step], place), compare(columns[step], place[step])) for step in range(len(columns))]


def _equal(columns: Sequence[Any], place: Place) -> list[ColumnElement[bool]]:
    return [column == value for column, value in zip(columns, place, strict=False)]
