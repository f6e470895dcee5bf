"""The register of a country, in the database of that country. It has no scope, since only its processor uses it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, bindparam, delete, select
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect
from lambda_function.db.errors import duplicate
from lambda_function.db.models.register import VISIT_ROWS, RegisteredVisit
from lambda_function.db.rows import columns, fetch_all, write
from lambda_function.domain.appointment import Status
from lambda_function.domain.errors import ContentionError


class VisitInRegister(NamedTuple):
    """What a register says about a visit, without when that was written."""

    appointment_id: int
    version: int
    clinic_id: int
    status: Status
    starts_at: datetime
    ends_at: datetime
    local_starts_at: datetime
    local_ends_at: datetime
    treatment_code: str
    insurance: str | None


_LOCKED: AnySelect = (
    select(*columns(VisitInRegister, RegisteredVisit))
    .where(RegisteredVisit.appointment_id.in_(bindparam("appointment_ids", type_=BigInteger, expanding=True)))
    .order_by(RegisteredVisit.appointment_id)
    .with_for_update()
)
_BETWEEN: AnySelect = (
    select(*columns(VisitInRegister, RegisteredVisit))
    .where(RegisteredVisit.appointment_id > bindparam("after"), RegisteredVisit.appointment_id <= bindparam("last"))
    .order_by(RegisteredVisit.appointment_id)
    .limit(bindparam("most"))
)


def lock(session: Session, appointment_ids: Collection[int]) -> dict[int, VisitInRegister]:
    """Returns those of the visits that are in the register, and locks their rows in the order of their ids."""
    values = {"appointment_ids": sorted(appointment_ids)}
    return {row.appointment_id: row for row in fetch_all(session, VisitInRegister, _LOCKED, values, unscoped=True)}


def add(session: Session, rows: Sequence[VisitInRegister], now: datetime) -> None:
    """Adds visits that were not there when they were locked. Raises ContentionError if one of them has been added by
    somebody else since.
    """
    if not rows:
        return
    try:
        write(session, insert(VISIT_ROWS), _values(rows, now))
    except IntegrityError as error:
        if duplicate(error) is None:
            raise
        raise ContentionError("The same visit was registered at the same time; try again.") from None


def change(session: Session, rows: Sequence[VisitInRegister], now: datetime) -> None:
    """Writes visits whose rows are locked, in one statement."""
    if not rows:
        return
    statement = insert(VISIT_ROWS)
    others = {column.name: statement.inserted[column.name] for column in VISIT_ROWS.columns if not column.primary_key}
    write(session, statement.on_duplicate_key_update(others), _values(rows, now))


def remove(session: Session, appointment_ids: Collection[int]) -> None:
    """Removes visits whose rows are locked."""
    if appointment_ids:
        write(session, delete(RegisteredVisit).where(RegisteredVisit.appointment_id.in_(sorted(appointment_ids))))


def between(session: Session, after: int, last: int, limit: int) -> dict[int, VisitInRegister]:
    """Returns at most `limit` visits whose ids are beyond `after`, up to `last`, in the order of their ids."""
    values = {"after": after, "last": last, "most": limit}
    return {row.appointment_id: row for row in fetch_all(session, VisitInRegister, _BETWEEN, values, unscoped=True)}


def _values(rows: Sequence[VisitInRegister], now: datetime) -> list[dict[str, object]]:
    return [{**row._asdict(), "registered_at": now} for row in sorted(rows)]
