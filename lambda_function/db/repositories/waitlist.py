"""The waitlist: what the caller may see of it, and the line itself, which is unscoped since time goes to whoever is
next. Of the line come columns, never entities; its changes are compare-and-set on one row each.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from lambda_function.db.base import AnyRow, AnySelect, UtcDateTime
from lambda_function.db.models import Doctor, Treatment, User, WaitlistEntry
from lambda_function.db.scoping import UNSCOPED, UNSYNCED, here
from lambda_function.domain.actor import Role
from lambda_function.domain.intervals import Interval
from lambda_function.domain.waitlist import OPEN, WaitlistStatus


def _entries() -> AnySelect:
    """Rows with all columns of an entry except updated_at."""
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


def _instant(name: str) -> Any:
    return bindparam(name, type_=UtcDateTime())


# No visit is longer.
_LONGEST = timedelta(days=1)

_IS_PATIENT = and_(User.active, here(User), User.user_type == Role.PATIENT)
# A row for each open wish, or one without a wish: no row at all tells that there is no such patient.
_WISHES_OF: AnySelect = (
    select(
        WaitlistEntry.treatment_id,
        WaitlistEntry.doctor_id,
        WaitlistEntry.clinic_id,
        WaitlistEntry.wished_from,
        WaitlistEntry.wished_to,
    )
    .select_from(User)
    .outerjoin(
        WaitlistEntry,
        and_(
            WaitlistEntry.patient_id == User.user_id,
            WaitlistEntry.status.in_(sorted(OPEN)),
            WaitlistEntry.wished_to > _instant("now"),
        ),
    )
    .where(User.user_id == bindparam("patient_id"), _IS_PATIENT)
)
_OFFER: AnySelect = (
    select(
        WaitlistEntry.waitlist_id,
        Doctor.user_id.label("doctor_id"),
        Doctor.clinic_id,
        WaitlistEntry.offer_starts_at.label("starts_at"),
        WaitlistEntry.offer_ends_at.label("ends_at"),
        Treatment.buffer_before_minutes,
        Treatment.buffer_after_minutes,
        WaitlistEntry.offer_expires_at.label("expires_at"),
    )
    .join(Doctor, Doctor.user_id == WaitlistEntry.offer_doctor_id)
    .join(Treatment, Treatment.treatment_id == WaitlistEntry.treatment_id)
    .order_by(WaitlistEntry.waitlist_id)
)
_OFFERS: AnySelect = _OFFER.where(WaitlistEntry.waitlist_id.in_(bindparam("waitlist_ids", expanding=True)))
_STANDING: AnySelect = _OFFER.where(
    WaitlistEntry.status == WaitlistStatus.OFFERED,
    Doctor.clinic_id == bindparam("clinic_id"),
    WaitlistEntry.offer_starts_at >= _instant("earliest"),
    WaitlistEntry.offer_starts_at < _instant("end"),
    WaitlistEntry.offer_ends_at > _instant("start"),
    WaitlistEntry.offer_expires_at > _instant("now"),
)
_REACH: AnySelect = (
    select(WaitlistEntry.waitlist_id)
    .where(WaitlistEntry.status == WaitlistStatus.WAITING, WaitlistEntry.waitlist_id > bindparam("after"))
    .order_by(WaitlistEntry.waitlist_id)
    .limit(1)
    .offset(bindparam("skipped"))
)
# By the index in whose order the line is walked, or the server might read and sort all who wait.
_WAITING: AnySelect = (
    _entries()
    .with_hint(WaitlistEntry, "FORCE INDEX (ix_waitlist_entry_status_waitlist_id)")
    .where(
        WaitlistEntry.status == WaitlistStatus.WAITING,
        exists().where(User.user_id == WaitlistEntry.patient_id, _IS_PATIENT),
    )
    .order_by(WaitlistEntry.waitlist_id)
)
_OVER: AnySelect = (
    select(WaitlistEntry.waitlist_id)
    .where(WaitlistEntry.status.in_(sorted(OPEN)), WaitlistEntry.wished_to <= _instant("now"))
    .limit(bindparam("batch"))
    .with_for_update(skip_locked=True)
)
_LAPSED: AnySelect = (
    select(WaitlistEntry.waitlist_id)
    .where(WaitlistEntry.status == WaitlistStatus.OFFERED, WaitlistEntry.offer_expires_at <= _instant("now"))
    .order_by(WaitlistEntry.offer_expires_at)
    .limit(bindparam("batch"))
    .with_for_update(skip_locked=True)
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

    def wishes_of(self, patient_id: int) -> Sequence[AnyRow] | None:
        """The open wishes of an active patient: rows of treatment_id, doctor_id, clinic_id, wished_from and wished_to.
        None when the person is no active patient. Certain only under the patient's lock.
        """
        rows = self._session.execute(
            _WISHES_OF, {"patient_id": patient_id, "now": self._now}, execution_options=UNSCOPED
        ).all()
        return [row for row in rows if row.wished_to is not None] if rows else None

    def withdraw_all(self, patient_id: int) -> Sequence[AnyRow]:
        """Ends whatever the patient, whose lock is held, waits for or is offered; answers what was on offer, as
        `offers`. The entries are locked first: an offer that is being made waits, and finds them as they are left.
        """
        mine = (WaitlistEntry.patient_id == patient_id, WaitlistEntry.status.in_(sorted(OPEN)))
        rows = self._session.execute(
            select(WaitlistEntry.waitlist_id, WaitlistEntry.status)
            .where(*mine)
            .order_by(WaitlistEntry.waitlist_id)
            .with_for_update(),
            execution_options=UNSCOPED,
        ).all()
        offers = self.offers([row.waitlist_id for row in rows if row.status is WaitlistStatus.OFFERED])
        self._put([row.waitlist_id for row in rows], WaitlistStatus.WITHDRAWN)
        return offers

    def offers(self, waitlist_ids: Collection[int]) -> Sequence[AnyRow]:
        """What was last offered to these entries, as a visit of the treatment: rows of waitlist_id, doctor_id,
        clinic_id, starts_at, ends_at, expires_at and the buffers, in the order of joining.
        """
        if not waitlist_ids:
            return []
        return self._session.execute(_OFFERS, {"waitlist_ids": sorted(waitlist_ids)}, execution_options=UNSCOPED).all()

    def standing(self, clinic_id: int, span: Interval) -> Sequence[AnyRow]:
        """The offers that have not lapsed of time in the span with any doctor of the clinic, as `offers`: those of one
        doctor count for the others too, since they share the chairs.
        """
        return self._session.execute(
            _STANDING,
            {
                "clinic_id": clinic_id,
                "earliest": span.start - _LONGEST,
                "start": span.start,
                "end": span.end,
                "now": self._now,
            },
            execution_options=UNSCOPED,
        ).all()

    def reach(self, after: int, number: int) -> int | None:
        """The waitlist_id of the last of the next so many who wait behind `after`; None when there are fewer."""
        given = {"after": after, "skipped": number - 1}
        return self._session.scalar(_REACH, given, execution_options=UNSCOPED)

    def waiting(
        self,
        wanted: Mapping[int, Collection[int]],
        clinic_id: int,
        span: Interval,
        *,
        after: int,
        until: int | None,
        limit: int,
    ) -> Sequence[AnyRow]:
        """Active patients behind `after`, in the order of joining, for whom some of the doctors could do what is
        wished in the span: `wanted` are the treatments that each of them can give.
        """
        anybody = {treatment_id for treatments in wanted.values() for treatment_id in treatments}
        by_doctor = (
            and_(WaitlistEntry.doctor_id == doctor_id, WaitlistEntry.treatment_id.in_(sorted(treatments)))
            for doctor_id, treatments in sorted(wanted.items())
        )
        statement = _WAITING.where(
            WaitlistEntry.waitlist_id > after,
            WaitlistEntry.wished_from < span.end,
            WaitlistEntry.wished_to > span.start,
            or_(WaitlistEntry.clinic_id.is_(None), WaitlistEntry.clinic_id == clinic_id),
            or_(and_(WaitlistEntry.doctor_id.is_(None), WaitlistEntry.treatment_id.in_(sorted(anybody))), *by_doctor),
        )
        if until is not None:
            statement = statement.where(WaitlistEntry.waitlist_id <= until)
        return self._session.execute(statement.limit(limit), execution_options=UNSCOPED).all()

    def end_wishes(self, limit: int) -> int:
        """Writes down that the time of wishes has passed, of so many at most; how many there were. This and `lapse`
        pass over what is changed by somebody else at the same time.
        """
        ids = self._due(_OVER, limit)
        self._put(ids, WaitlistStatus.EXPIRED)
        return len(ids)

    def lapse(self, limit: int) -> Sequence[int]:
        """Leads offers that nobody took in time back to waiting, so many at most; the waitlist_ids."""
        ids = self._due(_LAPSED, limit)
        self._put(ids, WaitlistStatus.WAITING)
        return ids

    def _due(self, statement: AnySelect, limit: int) -> Sequence[int]:
        return self._session.scalars(statement, {"now": self._now, "batch": limit}, execution_options=UNSCOPED).all()

    def _put(self, waitlist_ids: Sequence[int], status: WaitlistStatus) -> None:
        """For entries that are locked."""
        if waitlist_ids:
            statement = update(WaitlistEntry).where(WaitlistEntry.waitlist_id.in_(waitlist_ids))
            self._session.execute(statement.values(status=status, updated_at=self._now), execution_options=UNSYNCED)

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
        result = self._session.execute(statement, execution_options=UNSYNCED)
        return bool(result.rowcount)  # type: ignore[attr-defined] # an UPDATE answers with a CursorResult
