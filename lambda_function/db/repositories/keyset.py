"""Parts of many rows: those after a position in their order, up to another, and the first of several owners.

The conditions are spelled out, because MySQL does not use an index range for `(a, b) > (x, y)`, and would read all
earlier rows every time.
"""

from collections.abc import Callable, Sequence
from operator import gt, lt
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, bindparam, or_, select, union_all

from lambda_function.db.base import AnySelect

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


def first_of(found: AnySelect, owners: Sequence[ColumnElement[bool]], *, limit: str = "page_limit") -> Subquery:
    """Returns the first rows of `found`, which selects an id and then what it is ordered by, and has the parameter
    `limit` as its limit. With `owners`, those are the first of all rows for which one of these conditions holds: each
    of them gives as many, because no index holds the rows of several owners in their order.

    The result has the columns of `found`.
    """
    if not owners:
        return found.subquery()
    together = union_all(*(found.where(owner) for owner in owners)).subquery()
    row_id, *before = together.c
    return select(row_id, *before).order_by(*before, row_id).limit(bindparam(limit)).subquery()
