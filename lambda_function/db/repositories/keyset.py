"""Conditions for a part of many rows: those after a position in their order, up to another.

They are spelled out, because MySQL does not use an index range for `(a, b) > (x, y)`, and would read all earlier rows
every time.
"""

from collections.abc import Callable, Sequence
from operator import gt, lt
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

Position = tuple[Any, ...]


def behind(columns: Sequence[Any], position: Position) -> ColumnElement[bool]:
    return or_(*_differing(columns, position, gt))


def up_to(columns: Sequence[Any], position: Position) -> ColumnElement[bool]:
    """Returns the condition for rows up to the position, which is included."""
    return or_(*_differing(columns, position, lt), and_(*_equal(columns, position)))


def _differing(
    columns: Sequence[Any], position: Position, compare: Callable[[Any, Any], ColumnElement[bool]]
) -> list[ColumnElement[bool]]:
    """Compares by the first column that differs."""
    return [
        and_(*_equal(columns[:step], position), compare(columns[step], position[step])) for step in range(len(columns))
    ]


def _equal(columns: Sequence[Any], position: Position) -> list[ColumnElement[bool]]:
    return [column == value for column, value in zip(columns, position, strict=False)]
