"""What becomes of the waitlist by the clock: wishes end, offers lapse and pass on, and freed time is offered that no
request has come to, in bounded transactions.

Whatever ends a run loses nothing: the next one goes on with what is written down.
"""

from collections.abc import Callable
from functools import partial

from lambda_function.db.repositories import freed_time
from lambda_function.db.repositories.waitlist import Line
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.errors import ContentionError
from lambda_function.domain.waitlist import freed_by_visit
from lambda_function.observability import count, gauge_seconds
from lambda_function.services.offer_round import offer_round
from lambda_function.services.offers import free

BATCH = 200
CLINICS = 100
# No new batch with less than this left, in seconds: it must outlast the waits for locks of one, and its repetition.
RESERVE = 15.0

SecondsLeft = Callable[[], float]


def keep_up(database: Database, seconds_left: SecondsLeft) -> int:
    """Goes on until nothing is left to do or the time is nearly over; how many offers and wishes have lapsed.

    Raises ContentionError at the end when there were clinics whose offers others kept it from making.
    """
    lapsed = 0
    for batch in (_end_wishes, _lapse_offers):
        done = BATCH
        while done == BATCH and seconds_left() > RESERVE:
            done = database.transact(batch)
            lapsed += done
    missed = _offer(database, seconds_left)
    count("WaitlistLapsed", lapsed)
    gauge_seconds("FreedTimeLagSeconds", database.transact(_lag, commit=False))
    if missed:
        raise ContentionError(f"{missed} clinics could not be looked after.")
    return lapsed


def _end_wishes(work: UnitOfWork) -> int:
    return Line(work.session, work.now).end_wishes(BATCH)


def _lapse_offers(work: UnitOfWork) -> int:
    """Their time goes to those who stand further behind: otherwise two who never answer would keep it between them."""
    line = Line(work.session, work.now)
    ids = line.lapse(BATCH)
    free(work, [freed_by_visit(offer, after=offer.waitlist_id) for offer in line.offers(ids)])
    return len(ids)


def _offer(database: Database, seconds_left: SecondsLeft) -> int:
    """Clinic by clinic, each to the end; how many could not be."""
    missed = after = 0
    while clinic_ids := database.transact(partial(_clinics, after=after), commit=False):
        for clinic_id in clinic_ids:
            try:
                while seconds_left() > RESERVE and database.transact(partial(offer_round, clinic_id=clinic_id)):
                    pass
            except ContentionError:
                missed += 1
        after = clinic_ids[-1]
    return missed


def _clinics(work: UnitOfWork, *, after: int) -> list[int]:
    return list(freed_time.clinic_ids(work.session, after=after, limit=CLINICS))


def _lag(work: UnitOfWork) -> float:
    """The age of the oldest time that waits to be offered, in seconds; 0 when none does."""
    oldest = freed_time.oldest(work.session)
    return 0.0 if oldest is None else (work.now - oldest).total_seconds()
