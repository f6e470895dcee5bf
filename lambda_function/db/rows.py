"""Rows with named fields, and the functions by which repositories use the database.

A row is a NamedTuple. `columns` makes its SELECT list from its fields, so a statement and its row always agree, and
mypy knows each column from here to the answer.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import ColumnElement, CursorResult, Executable, inspect
from sqlalchemy.orm import Session
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from lambda_function.db.scoping import UNSCOPED, UNSYNCED

_Row = TypeVar("_Row", bound=NamedTuple)
_Values = Mapping[str, Any]


def columns(row: type[NamedTuple], *sources: Any, **named: Any) -> list[ColumnElement[Any]]:
    """Returns the SELECT list of a row, in the order of its fields and labelled with their names.

    A field comes from `named`, or else from the one of `sources` (mapped classes, aliases or subqueries) that has a
    column of its name.

    Raises:
        TypeError: a field has no source or several, or `named` names no field. Statements are built on import, so that
            a mistake stops the first test and not the first request.
    """
    unknown = named.keys() - set(row._fields)
    if unknown:
        raise TypeError(f"{row.__name__} has no {', '.join(sorted(unknown))}")
    return [named[name].label(name) if name in named else _only(row, name, sources) for name in row._fields]


def _only(row: type[NamedTuple], name: str, sources: Sequence[Any]) -> ColumnElement[Any]:
    found = [column for source in sources if (column := _column(source, name)) is not None]
    if len(found) != 1:
        raise TypeError(f"{row.__name__}.{name} has {len(found)} sources and needs one")
    labelled: ColumnElement[Any] = found[0].label(name)
    return labelled


def _column(source: Any, name: str) -> Any:
    if isinstance(getattr(source, "c", None), ReadOnlyColumnCollection):
        return source.c.get(name)
    return getattr(source, name) if name in inspect(source).mapper.column_attrs else None


def fetch_all(
    session: Session, row: type[_Row], statement: Executable, values: _Values | None = None, *, unscoped: bool = False
) -> list[_Row]:
    """Returns all rows. `unscoped` is for repositories that must see what the actor may not: see db/scoping.py."""
    result = session.execute(statement, values, execution_options=UNSCOPED if unscoped else {})
    return [row._make(found) for found in result]


def fetch_one(
    session: Session, row: type[_Row], statement: Executable, values: _Values | None = None, *, unscoped: bool = False
) -> _Row | None:
    """Returns the row, or None if there is none. Raises MultipleResultsFound if there are several."""
    found = session.execute(statement, values, execution_options=UNSCOPED if unscoped else {}).one_or_none()
    return None if found is None else row._make(found)


def write(session: Session, statement: Executable, values: _Values | Sequence[_Values] | None = None) -> int:
    """Runs an INSERT, UPDATE or DELETE and returns how many rows it touched. Entities that the session has loaded are
    not brought up to date.
    """
    result = cast("CursorResult[Any]", session.execute(statement, values, execution_options=UNSYNCED))
    return result.rowcount


def insert_one(session: Session, statement: Executable, values: _Values) -> int:
    """Runs an INSERT of one row and returns the id that the database gave it. Flushing an entity would cost more than
    the statement itself.
    """
    result = cast("CursorResult[Any]", session.execute(statement, values, execution_options=UNSCOPED))
    return cast("tuple[int]", result.inserted_primary_key)[0]
