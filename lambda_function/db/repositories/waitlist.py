"""The waitlist: what the caller may see of it, and the line itself, which is unscoped since time goes to whoever is
next. Of the line come columns, never entities; its changes are compare-and-set on one row each.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session

from lambda_function.db.base import AnyRow, AnySelect
from lambda_function.db.models import DoctorTreatment, User, WaitlistEntry
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.intervals import Interval
from lambda_function.domain.waitlist import OPEN, Freed, WaitlistStatus


def _entries() -> AnySelect:
    """Rows with all columns of an entry save updated_at."""
    return select(
        WaitlistEntry.waitlist_id,
        WaitlistEntry.status,
        WaitlistEntry.patient_id,
        WaitlistEntry.treatment_id,
        WaitlistEntry.doctor_id,
        WaitlistEntry.clinic_id,
        WaitlistEntry.wished_from,
        WaitlistEntry.wished_to,
        WaitlistEntry.offer_doctor_id,
        WaitlistEntry.offer_starts_at,
        WaitlistEntry.offer_ends_at,
        WaitlistEntry.offer_expires_at,
        WaitlistEntry.created_at,
    )


class Waitlist:
    """What the actor may see."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def page(self, *, after: int, limit: int) -> Sequence[AnyRow]:
        """By waitlist_id, which is the order of joining."""
        statement = _entries().where(WaitlistEntry.waitlist_id > after)
        return self._session.execute(statement.order_by(WaitlistEntry.waitlist_id).limit(limit)).all()

    def get_one_or_none(self, waitlist_id: int) -> AnyRow | None:
        return self._session.execute(_entries().where(WaitlistEntry.waitlist_id == waitlist_id)).one_or_none()

    def add(self, entry: WaitlistEntry) -> None:
        self._session.add(entry)
        self._session.flush()


class Line:
    """Everybody who waits."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session = session
        self._now = now

    def has_like(self, entry: WaitlistEntry) -> bool:
        """Whether the patient waits for just this already; certain only under the patient's lock."""
        statement = select(WaitlistEntry.waitlist_id).where(
            WaitlistEntry.patient_id == entry.patient_id,
            WaitlistEntry.treatment_id == entry.treatment_id,
            WaitlistEntry.doctor_id.is_not_distinct_from(entry.doctor_id),
            WaitlistEntry.clinic_id.is_not_distinct_from(entry.clinic_id),
            WaitlistEntry.status.in_(sorted(OPEN)),
            WaitlistEntry.wished_to > self._now,
        )
        return self._session.scalar(statement.limit(1), execution_options=UNSCOPED) is not None

    def open_of(self, patient_id: int) -> Sequence[AnyRow]:
        """What the patient waits for or is offered, in the order of joining, locked: an offer that is being made waits,
        and finds them as they are left.
        """
        statement = _entries().where(WaitlistEntry.patient_id == patient_id, WaitlistEntry.status.in_(sorted(OPEN)))
        statement = statement.order_by(WaitlistEntry.waitlist_id).with_for_update()
        return self._session.execute(statement, execution_options=UNSCOPED).all()

    def concerned(self, freed: Collection[Freed]) -> Sequence[AnyRow]:
        """The open entries that something is to be done about, in the order of joining: offers and wishes whose time
        has passed, offers that stand in the freed time, and those who wait for some of it.
        """
        parts = [(part.doctor_id, part.clinic_id, part.time.start, part.time.end) for part in freed]
        statement = _entries().where(*concerned_by(parts, self._now))
        return self._session.execute(statement.order_by(WaitlistEntry.waitlist_id), execution_options=UNSCOPED).all()

    def lapse(self, entry: AnyRow) -> bool:
        """Ends an offer or a wish whose time has passed; whether nobody did so before."""
        over = entry.wished_to <= self._now
        return self._set(entry, status=WaitlistStatus.EXPIRED if over else WaitlistStatus.WAITING)

    def offer(self, entry: AnyRow, doctor_id: int, visit: Interval, expires_at: datetime) -> bool:
        """Whether the entry was still waiting, and so has the offer now."""
        return self._set(
            entry,
            status=WaitlistStatus.OFFERED,
            offer_doctor_id=doctor_id,
            offer_starts_at=visit.start,
            offer_ends_at=visit.end,
            offer_expires_at=expires_at,
        )

    def accept(self, entry: AnyRow) -> bool:
        """Whether the entry still had this offer."""
        return self._set(entry, status=WaitlistStatus.ACCEPTED)

    def withdraw(self, entry: AnyRow) -> bool:
        """Whether the entry was still as it was read."""
        return self._set(entry, status=WaitlistStatus.WITHDRAWN)

    def _set(self, entry: AnyRow, **values: Any) -> bool:
        """Compare and set: the row must be in the state, and have the offer, that was read. Waits for whoever changes
        it at the same time.
        """
        statement = (
            update(WaitlistEntry)
            .where(
                WaitlistEntry.waitlist_id == entry.waitlist_id,
                WaitlistEntry.status == entry.status,
                WaitlistEntry.offer_expires_at.is_not_distinct_from(entry.offer_expires_at),
                WaitlistEntry.offer_starts_at.is_not_distinct_from(entry.offer_starts_at),
            )
            .values(updated_at=self._now, **values)
        )
        result = self._session.execute(statement, execution_options={**UNSCOPED, "synchronize_session": False})
        return bool(result.rowcount)  # type: ignore[attr-defined] # an UPDATE answers with a CursorResult


def concerned_by(freed: Collection[tuple[Any, Any, Any, Any]], now: Any) -> tuple[ColumnElement[bool], ...]:
    """The criteria of `Line.concerned`, for values or bound parameters: of each freed time the doctor, the clinic,
    the start and the end.
    """
    return (
        WaitlistEntry.status.in_(sorted(OPEN)),
        or_(
            WaitlistEntry.wished_to <= now,
            and_(WaitlistEntry.status == WaitlistStatus.OFFERED, WaitlistEntry.offer_expires_at <= now),
            *(_offered(doctor_id, start, end) for doctor_id, _, start, end in freed),
            *(_waits_for(*part) for part in freed),
        ),
    )


def _offered(doctor_id: Any, start: Any, end: Any) -> ColumnElement[bool]:
    return and_(
        WaitlistEntry.status == WaitlistStatus.OFFERED,
        WaitlistEntry.offer_doctor_id == doctor_id,
        WaitlistEntry.offer_starts_at < end,
        WaitlistEntry.offer_ends_at > start,
    )


def _waits_for(doctor_id: Any, clinic_id: Any, start: Any, end: Any) -> ColumnElement[bool]:
    """Active patients whose wish the doctor can fulfil in some of the time."""
    return and_(
        WaitlistEntry.status == WaitlistStatus.WAITING,
        WaitlistEntry.wished_from < end,
        WaitlistEntry.wished_to > start,
        or_(WaitlistEntry.doctor_id.is_(None), WaitlistEntry.doctor_id == doctor_id),
        or_(WaitlistEntry.clinic_id.is_(None), WaitlistEntry.clinic_id == clinic_id),
        exists().where(
            DoctorTreatment.doctor_id == doctor_id, DoctorTreatment.treatment_id == WaitlistEntry.treatment_id
        ),
        exists().where(User.user_id == WaitlistEntry.patient_id, User.active),
    )
