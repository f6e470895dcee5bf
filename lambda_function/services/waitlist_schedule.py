"""The scheduled work of the waitlist, in bounded transactions: wishes end, offers lapse and pass on, and freed time is
offered that no request has handled.

An interrupted run loses nothing, because the next one continues with what is recorded.
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
# No batch begins with fewer seconds left than this, which is enough for the lock waits of one and its repetition.
RESERVE = 15.0

_RANDOM = secrets.SystemRandom()

SecondsLeft = Callable[[], float]


def keep_up(database: Database, seconds_left: SecondsLeft) -> int:
    """Works until nothing is left to do or the time is nearly over. Returns how many offers and wishes have lapsed.

    Raises ContentionError at the end if there were clinics whose offers could not be made.
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
    """Ends offers that nobody took in time. Their time goes only to those further behind. Otherwise two who never
    answer would keep it between them.
    """
    ids = waitlist.lapse_offers(work.session, work.now, BATCH)
    offers = waitlist.offered_visits(work.session, ids)
    record_freed_time(work, [freed_by_visit(offer, chair_id=SOME_CHAIR, after=offer.waitlist_id) for offer in offers])
    return len(ids)


def _offer(database: Database, seconds_left: SecondsLeft) -> int:
    """Runs one round in each clinic, and again while any time is left. Returns how many clinics failed. A failure in
    one keeps no other waiting.
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
    """Yields clinics with freed time, starting with any of them, so that it is not always the same ones that get no
    turn if time runs out.
    """
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
    """Returns the age of the oldest time that waits to be offered, in seconds, or 0 if none does."""
    oldest = freed_time.oldest(work.session)
    return 0.0 if oldest is None else (work.now - oldest).total_seconds()
