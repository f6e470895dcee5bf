"""What becomes of the waitlist by the clock: wishes end, offers lapse and pass on, and freed time is offered that no
request has come to, in bounded transactions.

Whatever ends a run loses nothing: the next one goes on with what is written down.
"""

import secrets
from collections.abc import Callable, Iterator
from functools import partial

from lambda_function.db.repositories import freed_time, waitlist
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.errors import ContentionError
from lambda_function.domain.waitlist import SOME_CHAIR, freed_by_visit
from lambda_function.observability import count, gauge_seconds
from lambda_function.services.offer_round import offer_round
from lambda_function.services.offers import note_failure, record_freed_time

BATCH = 200
CLINICS = 100
# No new batch with less than this left, in seconds: it must outlast the waits for locks of one, and its repetition.
RESERVE = 15.0

_RANDOM = secrets.SystemRandom()

SecondsLeft = Callable[[], float]


def keep_up(database: Database, seconds_left: SecondsLeft) -> int:
    """Goes on until nothing is left to do or the time is nearly over; how many offers and wishes have lapsed.

    Raises ContentionError at the end when there were clinics whose offers could not be made.
    """
    lapsed = 0
    for batch in (_expire_wishes, _lapse_offers):
        done = BATCH
        while done == BATCH and seconds_left() > RESERVE:
            done = database.transact(batch)
            lapsed += done
    missed = _offer(database, seconds_left)
    count("WaitlistLapsed", lapsed)
    gauge_seconds("FreedTimeLagSeconds", database.transact(_seconds_behind, commit=False))
    if missed:
        raise ContentionError(f"{missed} clinics could not be looked after.")
    return lapsed


def _expire_wishes(work: UnitOfWork) -> int:
    return waitlist.expire_wishes(work.session, work.now, BATCH)


def _lapse_offers(work: UnitOfWork) -> int:
    """Their time goes to those who stand further behind: otherwise two who never answer would keep it between them."""
    ids = waitlist.lapse_offers(work.session, work.now, BATCH)
    offers = waitlist.offered_visits(work.session, ids)
    record_freed_time(work, [freed_by_visit(offer, chair_id=SOME_CHAIR, after=offer.waitlist_id) for offer in offers])
    return len(ids)


def _offer(database: Database, seconds_left: SecondsLeft) -> int:
    """One round in each clinic, and again while any is left; how many clinics could not be looked after. What is wrong
    in one keeps no other waiting.
    """
    missed: set[int] = set()
    more = True
    while more:
        more = False
        for clinic_id in _clinics_in_turn(database):
            if seconds_left() <= RESERVE:
                return len(missed)
            if clinic_id in missed:
                continue
            try:
                more |= database.transact(partial(offer_round, clinic_id=clinic_id))
            except Exception as error:  # noqa: BLE001 - as the docstring says; it is logged, counted and raised at the end
                note_failure(error)
                missed.add(clinic_id)
    return len(missed)


def _clinics_in_turn(database: Database) -> Iterator[int]:
    """Those with freed time, from any of them on: where time runs out, it is not always the same that get none."""
    last = database.transact(_last_clinic, commit=False)
    start = _RANDOM.randint(0, last)
    for first, until in ((start, last), (0, start)):
        after = first
        while clinic_ids := database.transact(partial(_clinics, after=after, until=until), commit=False):
            yield from clinic_ids
            after = clinic_ids[-1]


def _last_clinic(work: UnitOfWork) -> int:
    return freed_time.last_clinic_id(work.session)


def _clinics(work: UnitOfWork, *, after: int, until: int) -> list[int]:
    return list(freed_time.clinic_ids(work.session, after=after, until=until, limit=CLINICS))


def _seconds_behind(work: UnitOfWork) -> float:
    """The age of the oldest time that waits to be offered, in seconds; 0 when none does."""
    oldest = freed_time.oldest(work.session)
    return 0.0 if oldest is None else (work.now - oldest).total_seconds()
