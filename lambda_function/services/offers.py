"""Freed time goes to those who wait for it, in the order of joining.

The transaction that frees time only records it: `record_freed_time`. When that transaction is over, `offer_in` makes a
bounded number of offers. The schedule (services/waitlist_schedule.py) makes the rest, also after a crash in between. An
offer holds nothing: whoever books the time first has it. See docs/decisions/0006-waitlist.md.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from functools import partial
from typing import TypeVar

from lambda_function.db.repositories import freed_time
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.intervals import Interval
from lambda_function.domain.waitlist import FreedTime, merged, offered_span
from lambda_function.observability import count, logger, stack
from lambda_function.services.offer_round import MAX_PART, offer_round

# The most that one transaction records, the earliest first. Later time is offered to nobody.
MAX_PARTS = 1000
# The number of clinics in which a request makes offers before it answers, one round in each.
CLINICS_AT_ONCE = 3

_Result = TypeVar("_Result")


def record_freed_time(work: UnitOfWork, parts: Iterable[FreedTime]) -> None:
    """Records time that can be booked again, unless nobody waits. Sends at most two statements."""
    freed = [part for part in parts if part.time.end > work.now]
    if not freed:
        return
    until = freed_time.awaited_until(work.session)
    if until is not None and until > work.now:
        record_until(work, freed, until)


def record_until(work: UnitOfWork, parts: Iterable[FreedTime], until: datetime) -> None:
    """Does the same as `record_freed_time`, for a caller who knows until when somebody waits."""
    span = offered_span(work.now)
    ahead = merged(parts, Interval(span.start, min(until, span.end)), MAX_PART)[:MAX_PARTS]
    if not ahead:
        return
    rows = [
        {
            "doctor_id": part.doctor_id,
            "clinic_id": part.clinic_id,
            "chair_id": part.chair_id,
            "starts_at": part.time.start,
            "ends_at": part.time.end,
            "occupied": part.occupied,
            "after_waitlist_id": part.after,
            "created_at": work.now,
        }
        for part in ahead
    ]
    freed_time.add(work.session, rows)
    work.freed_in.update(part.clinic_id for part in ahead)


def transact_and_offer(database: Database, run: Callable[[UnitOfWork], _Result], *, commit: bool = True) -> _Result:
    """Runs `Database.transact`, and then makes offers of the freed time before it returns."""
    freed_in: set[int] = set()

    def noting(work: UnitOfWork) -> _Result:
        result = run(work)
        freed_in.clear()
        freed_in.update(work.freed_in)
        return result

    result = database.transact(noting, commit=commit)
    offer_in(database, freed_in)
    return result


def offer_in(database: Database, clinic_ids: Collection[int]) -> None:
    """Runs one round in each of the first few clinics. Raises nothing: what has been committed is answered even if the
    offers fail, and the schedule makes those that are missing.
    """
    for clinic_id in sorted(clinic_ids)[:CLINICS_AT_ONCE]:
        try:
            database.transact(partial(offer_round, clinic_id=clinic_id), retries=0)
        except Exception as error:  # noqa: BLE001 - as the docstring says
            note_failure(error)


def note_failure(error: Exception) -> None:
    """Records for operators that a round in a clinic has failed."""
    count("OffersFailed")
    logger.error("offers not made", error=type(error).__qualname__, stack=stack(error.__traceback__))
