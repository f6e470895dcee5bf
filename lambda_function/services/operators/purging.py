"""Deletes rows that are kept only for a time."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType

from sqlalchemy.orm import Session

from lambda_function.db.repositories import claims, idempotency, link_codes, notifications, outbox
from lambda_function.db.repositories.refusals import purge_refusals
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.appointment import CLAIMS_KEPT
from lambda_function.services.idempotency import KEPT_FOR

BATCH = 1000
MESSAGES_KEPT = timedelta(days=7)
# So what was said about a yearly visit can still be looked up at the next one.
NOTIFICATIONS_KEPT = timedelta(days=400)
# Days are counted in UTC, so a day ends for everybody at once.
REFUSALS_KEPT = timedelta(days=1)

# Deletes at most this many rows from before that time, and returns how many.
_Purge = Callable[[Session, datetime, int], int]
PURGES: Mapping[str, tuple[timedelta, _Purge]] = MappingProxyType(
    {
        "slot_claims": (CLAIMS_KEPT, claims.purge_past),
        "idempotency_keys": (KEPT_FOR, idempotency.purge_expired),
        "published_messages": (MESSAGES_KEPT, outbox.purge_published),
        "link_codes": (timedelta(), link_codes.purge_expired),
        "wrong_code_counts": (REFUSALS_KEPT, purge_refusals),
        "notifications": (NOTIFICATIONS_KEPT, notifications.purge_old),
    }
)


def purge(database: Database) -> Iterator[tuple[str, int]]:
    """Deletes while it is iterated. After each batch, which is its own transaction, it yields the kind and the number
    of rows. Stopping half-way loses nothing, and the next run continues.
    """
    for name, (kept, purge_batch) in PURGES.items():
        batch = partial(_purge_batch, kept=kept, purge_batch=purge_batch)
        while deleted := database.transact(batch):
            yield name, deleted


def _purge_batch(work: UnitOfWork, kept: timedelta, purge_batch: _Purge) -> int:
    return purge_batch(work.session, work.now - kept, BATCH)
