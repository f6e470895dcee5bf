"""Counts of recalls by clinic and day, for operators, who see all clinics. Unscoped."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import (
    Date,
    Integer,
    Subquery,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.mysql import DATETIME
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect, UtcDateTime
from lambda_function.db.models import Appointment, Clinic, Recall
from lambda_function.db.repositories.recalls import is_ahead, is_of
from lambda_function.db.rows import columns, fetch_all
from lambda_function.domain.appointment import HOLDING
from lambda_function.domain.recalls import RecallStatus


class ClinicOfReport(NamedTuple):
    clinic_id: int
    name: str
    time_zone: str


class RecallsOfDay(NamedTuple):
    """The recalls of a clinic that are due on a day and were not dismissed: how many; for how many of them a visit is
    or was booked in time; and how many are open without a visit ahead.
    """

    clinic_id: int
    due_on: date
    due: int
    booked: int
    waiting: int


_CLINICS = select(*columns(ClinicOfReport, Clinic)).order_by(Clinic.clinic_id)
_AHEAD = exists().where(is_ahead(Appointment, Recall))
# The visit from which the recall comes is no answer to it.
_ANSWERS = and_(
    is_of(Appointment, Recall),
    Appointment.status.in_(sorted(HOLDING)),
    or_(Appointment.appointment_id == Recall.done_by, Appointment.ends_at > Recall.created_at),
    Appointment.appointment_id != func.coalesce(Recall.opened_by, 0),
)


def clinics(session: Session) -> list[ClinicOfReport]:
    return fetch_all(session, ClinicOfReport, _CLINICS, unscoped=True)


def recalls_by_day(
    session: Session, clinic_ids: Collection[int], ends: Mapping[date, datetime], now: datetime
) -> list[RecallsOfDay]:
    """Returns the counts of each clinic and day that has recalls, for the days of `ends`. A visit is booked in time if
    it starts before the instant that `ends` names for the day.
    """
    day = _days(ends)
    booked = exists().where(_ANSWERS, Appointment.starts_at < day.c.ends_at)
    statement: AnySelect = (
        select(
            *columns(
                RecallsOfDay,
                Recall,
                due=func.count(),
                booked=cast(func.sum(case((booked, 1), else_=0)), Integer),
                waiting=cast(func.sum(case((and_(Recall.open_key == 1, ~_AHEAD), 1), else_=0)), Integer),
            )
        )
        .join(day, day.c.due_on == Recall.due_on)
        .where(
            Recall.clinic_id.in_(bindparam("clinic_ids", expanding=True)),
            Recall.due_on.between(min(ends), max(ends)),
            Recall.status != RecallStatus.DISMISSED,
        )
        .group_by(Recall.clinic_id, Recall.due_on)
    )
    values = {"clinic_ids": sorted(clinic_ids), "now": now}
    return fetch_all(session, RecallsOfDay, statement, values, unscoped=True)


def _days(ends: Mapping[date, datetime]) -> Subquery:
    """Returns the days as a table, with types, so that they are compared as days."""
    rows = (
        select(
            cast(literal(day), Date).label("due_on"),
            cast(literal(end, UtcDateTime()), DATETIME(fsp=6)).label("ends_at"),
        )
        for day, end in ends.items()
    )
    return union_all(*rows).subquery("day")
