"""The waitlist: what the caller may see of it, and all who wait, in the order of joining. The latter is unscoped,
because freed time goes to whoever is next. Changes compare an entry with what was read, and set it.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from sqlalchemy import BigInteger, and_, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect, instant_parameter
from lambda_function.db.criteria import here
from lambda_function.db.models import Doctor, Treatment, User, WaitlistEntry
from lambda_function.db.repositories.guardians import represented
from lambda_function.db.rows import columns, fetch_all, fetch_one, write
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.actor import Role
from lambda_function.domain.intervals import Interval
from lambda_function.domain.waitlist import OPEN, WaitlistStatus


class Offer(NamedTuple):
    doctor_id: int
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime


class WaitlistRow(NamedTuple):
    waitlist_id: int
    status: WaitlistStatus
    patient_id: int
    treatment_id: int
    doctor_id: int | None
    clinic_id: int | None
    wished_from: datetime
    wished_to: datetime
    offer_doctor_id: int | None
    offer_starts_at: datetime | None
    offer_ends_at: datetime | None
    offer_expires_at: datetime | None
    created_at: datetime

    @property
    def offer(self) -> Offer | None:
        """The last offer, whether or not it still stands, or None if there has been none."""
        match self.offer_doctor_id, self.offer_starts_at, self.offer_ends_at, self.offer_expires_at:
            case int(doctor_id), datetime() as starts_at, datetime() as ends_at, datetime() as expires_at:
                return Offer(doctor_id, starts_at, ends_at, expires_at)
        return None


class OpenWish(NamedTuple):
    treatment_id: int
    doctor_id: int | None
    clinic_id: int | None
    wished_from: datetime
    wished_to: datetime


class OpenEntry(Protocol):
    """An entry that is open, as whoever has locked it has read it."""

    @property
    def waitlist_id(self) -> int: ...
    @property
    def status(self) -> WaitlistStatus: ...


class _OpenEntry(NamedTuple):
    waitlist_id: int
    status: WaitlistStatus


class OfferedVisit(NamedTuple):
    """The last offer to an entry, as a visit of the treatment."""

    waitlist_id: int
    doctor_id: int
    clinic_id: int
    starts_at: datetime
    ends_at: datetime
    buffer_before_minutes: int
    buffer_after_minutes: int
    expires_at: datetime


_ENTRIES: AnySelect = select(*columns(WaitlistRow, WaitlistEntry))
_ENTRY = _ENTRIES.where(WaitlistEntry.waitlist_id == bindparam("waitlist_id"))
_PAGE = (
    _ENTRIES.where(WaitlistEntry.waitlist_id > bindparam("after"))
    .order_by(WaitlistEntry.waitlist_id)
    .limit(bindparam("page_limit"))
)
_PAGE_OF_PATIENT = _PAGE.where(WaitlistEntry.patient_id == bindparam("patient_id"))
# No visit is longer.
_LONGEST = timedelta(days=1)

_IS_PATIENT = and_(User.active, here(User), User.user_type == Role.PATIENT)
# There is a row for each open wish, or one without a wish. If there is no row, there is no such patient.
_WISHES_OF: AnySelect = (
    select(*columns(OpenWish, WaitlistEntry))
    .select_from(User)
    .outerjoin(
        WaitlistEntry,
        and_(
            WaitlistEntry.patient_id == User.user_id,
            WaitlistEntry.status.in_(sorted(OPEN)),
            WaitlistEntry.wished_to > instant_parameter("now"),
        ),
    )
    .where(
        User.user_id == bindparam("patient_id"),
        _IS_PATIENT,
        represented(bindparam("patient_id", type_=BigInteger)),
    )
)
_OPEN_OF: AnySelect = (
    select(*columns(_OpenEntry, WaitlistEntry))
    .where(WaitlistEntry.patient_id == bindparam("patient_id"), WaitlistEntry.status.in_(sorted(OPEN)))
    .order_by(WaitlistEntry.waitlist_id)
    .with_for_update()
)
_OFFER: AnySelect = (
    select(
        *columns(
            OfferedVisit,
            Treatment,
            waitlist_id=WaitlistEntry.waitlist_id,
            doctor_id=Doctor.user_id,
            clinic_id=Doctor.clinic_id,
            starts_at=WaitlistEntry.offer_starts_at,
            ends_at=WaitlistEntry.offer_ends_at,
            expires_at=WaitlistEntry.offer_expires_at,
        )
    )
    .select_from(WaitlistEntry)
    .join(Doctor, Doctor.user_id == WaitlistEntry.offer_doctor_id)
    .join(Treatment, Treatment.treatment_id == WaitlistEntry.treatment_id)
    .order_by(WaitlistEntry.waitlist_id)
)
_OFFERS: AnySelect = _OFFER.where(WaitlistEntry.waitlist_id.in_(bindparam("waitlist_ids", expanding=True)))
_STANDING: AnySelect = _OFFER.where(
    WaitlistEntry.status == WaitlistStatus.OFFERED,
    Doctor.clinic_id == bindparam("clinic_id"),
    WaitlistEntry.offer_starts_at >= instant_parameter("earliest"),
    WaitlistEntry.offer_starts_at < instant_parameter("end"),
    WaitlistEntry.offer_ends_at > instant_parameter("start"),
    WaitlistEntry.offer_expires_at > instant_parameter("now"),
)
_REACH: AnySelect = (
    select(WaitlistEntry.waitlist_id)
    .where(WaitlistEntry.status == WaitlistStatus.WAITING, WaitlistEntry.waitlist_id > bindparam("after"))
    .order_by(WaitlistEntry.waitlist_id)
    .limit(1)
    .offset(bindparam("skipped"))
)
# This names the index in the order of the queue. Otherwise the server might read and sort everybody who waits.
_WAITING: AnySelect = (
    _ENTRIES.with_hint(WaitlistEntry, "FORCE INDEX (ix_waitlist_entry_status_waitlist_id)")
    .where(
        WaitlistEntry.status == WaitlistStatus.WAITING,
        exists().where(User.user_id == WaitlistEntry.patient_id, _IS_PATIENT),
    )
    .order_by(WaitlistEntry.waitlist_id)
)
_OVER: AnySelect = (
    select(WaitlistEntry.waitlist_id)
    .where(WaitlistEntry.status.in_(sorted(OPEN)), WaitlistEntry.wished_to <= instant_parameter("now"))
    .limit(bindparam("batch"))
    .with_for_update(skip_locked=True)
)
_LAPSED: AnySelect = (
    select(WaitlistEntry.waitlist_id)
    .where(WaitlistEntry.status == WaitlistStatus.OFFERED, WaitlistEntry.offer_expires_at <= instant_parameter("now"))
    .order_by(WaitlistEntry.offer_expires_at)
    .limit(bindparam("batch"))
    .with_for_update(skip_locked=True)
)


def page(session: Session, *, patient_id: int | None, after: int, limit: int) -> list[WaitlistRow]:
    """Returns what the actor may see, or the part of it that is about one patient, by waitlist_id, which is the order
    of joining.
    """
    statement = _PAGE if patient_id is None else _PAGE_OF_PATIENT
    values = {"after": after, "page_limit": limit, "patient_id": patient_id}
    return fetch_all(session, WaitlistRow, statement, values)


def get_one_or_none(session: Session, waitlist_id: int) -> WaitlistRow | None:
    """Returns the entry if the actor may see it."""
    return fetch_one(session, WaitlistRow, _ENTRY, {"waitlist_id": waitlist_id})


def add(session: Session, entry: WaitlistEntry) -> None:
    session.add(entry)
    session.flush()


def open_wishes(session: Session, patient_id: int, now: datetime, *, guardian_id: int | None) -> list[OpenWish] | None:
    """Returns what an active patient waits for, or None if the person is not an active patient, or if the caller was
    their guardian and no longer is. This is certain only under the locks of both.
    """
    values = {
        "patient_id": patient_id,
        "now": now,
        "guardian_id": guardian_id,
        "today": now.astimezone(UTC).date(),
    }
    rows = fetch_all(session, OpenWish, _WISHES_OF, values, unscoped=True)
    return [row for row in rows if row.wished_to is not None] if rows else None


def withdraw_all(session: Session, patient_id: int, now: datetime) -> list[OfferedVisit]:
    """Ends everything that the patient, whose lock is held, waits for or is offered, and returns what was on offer. The
    entries are locked first, so that an offer in the making waits and finds them ended.
    """
    entries = fetch_all(session, _OpenEntry, _OPEN_OF, {"patient_id": patient_id}, unscoped=True)
    return withdraw_locked(session, entries, now)


def withdraw_locked(session: Session, entries: Sequence[OpenEntry], now: datetime) -> list[OfferedVisit]:
    """Ends open entries whose rows are locked, and returns what was on offer."""
    visits = offered_visits(session, [each.waitlist_id for each in entries if each.status is WaitlistStatus.OFFERED])
    _set_all(session, [each.waitlist_id for each in entries], WaitlistStatus.WITHDRAWN, now)
    return visits


def offered_visits(session: Session, waitlist_ids: Collection[int]) -> list[OfferedVisit]:
    """Returns the last offers to these entries, in the order of joining."""
    if not waitlist_ids:
        return []
    return fetch_all(session, OfferedVisit, _OFFERS, {"waitlist_ids": sorted(waitlist_ids)}, unscoped=True)


def standing_offers(session: Session, clinic_id: int, span: Interval, now: datetime) -> list[OfferedVisit]:
    """Returns the offers that have not lapsed of time in the span with any doctor of the clinic. Those of one doctor
    matter to the others too, because they share the chairs.
    """
    values = {
        "clinic_id": clinic_id,
        "earliest": span.start - _LONGEST,
        "start": span.start,
        "end": span.end,
        "now": now,
    }
    return fetch_all(session, OfferedVisit, _STANDING, values, unscoped=True)


def last_of_next(session: Session, after: int, number: int) -> int | None:
    """Returns the last waitlist_id of the next `number` entries after `after`, or None if there are fewer."""
    return session.scalar(_REACH, {"after": after, "skipped": number - 1}, execution_options=UNSCOPED)


def waiting(
    session: Session,
    wanted: Mapping[int, Collection[int]],
    clinic_id: int,
    span: Interval,
    *,
    after: int,
    until: int | None,
    limit: int,
) -> list[WaitlistRow]:
    """Returns active patients after `after`, in the order of joining, whose wish some of the doctors could fulfil in
    the span. `wanted` are the treatments that each of the doctors can give.
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
    return fetch_all(session, WaitlistRow, statement.limit(limit), unscoped=True)


def expire_wishes(session: Session, now: datetime, limit: int) -> int:
    """Marks at most `limit` wishes whose time has passed, and returns how many. This and `lapse_offers` skip entries
    that another transaction is changing.
    """
    waitlist_ids = _due(session, _OVER, now, limit)
    _set_all(session, waitlist_ids, WaitlistStatus.EXPIRED, now)
    return len(waitlist_ids)


def lapse_offers(session: Session, now: datetime, limit: int) -> Sequence[int]:
    """Puts at most `limit` entries whose offer nobody took in time back to waiting, and returns their ids."""
    waitlist_ids = _due(session, _LAPSED, now, limit)
    _set_all(session, waitlist_ids, WaitlistStatus.WAITING, now)
    return waitlist_ids


def _due(session: Session, statement: AnySelect, now: datetime, limit: int) -> Sequence[int]:
    return session.scalars(statement, {"now": now, "batch": limit}, execution_options=UNSCOPED).all()


def _set_all(session: Session, waitlist_ids: Sequence[int], status: WaitlistStatus, now: datetime) -> None:
    """Sets columns of entries that are locked."""
    if waitlist_ids:
        statement = update(WaitlistEntry).where(WaitlistEntry.waitlist_id.in_(waitlist_ids))
        write(session, statement.values(status=status, updated_at=now))


def offer(
    session: Session, entry: WaitlistRow, doctor_id: int, visit: Interval, expires_at: datetime, *, now: datetime
) -> bool:
    """Offers the time to the entry, and returns whether it was still waiting."""
    return _set(
        session,
        entry,
        now,
        status=WaitlistStatus.OFFERED,
        offer_doctor_id=doctor_id,
        offer_starts_at=visit.start,
        offer_ends_at=visit.end,
        offer_expires_at=expires_at,
    )


def accept(session: Session, entry: WaitlistRow, appointment_id: int, now: datetime) -> bool:
    """Accepts the offer, by which that visit was booked, and returns whether the entry still had it."""
    return _set(session, entry, now, status=WaitlistStatus.ACCEPTED, appointment_id=appointment_id)


def withdraw(session: Session, entry: WaitlistRow, now: datetime) -> bool:
    """Withdraws the entry, and returns whether it was still as it was read."""
    return _set(session, entry, now, status=WaitlistStatus.WITHDRAWN)


def _set(session: Session, entry: WaitlistRow, now: datetime, **values: Any) -> bool:
    """Compares and sets: the row must still have the status and the offer that were read. Waits for anybody who changes
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
        .values(updated_at=now, **values)
    )
    return write(session, statement) > 0
