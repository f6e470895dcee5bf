"""Passes the messages of the outbox to the bus: each at least once, the oldest first.

A batch is locked, published and marked in one transaction. If that ends between publishing and the commit, its messages
stay unmarked and come again with the same ids, so a message may come twice but is never lost. They are marked row by
row, because ids commit out of order: remembering only the highest one would lose lower ones that commit later.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from lambda_function.db.repositories import outbox
from lambda_function.db.repositories.outbox import UnpublishedMessage
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.observability import count, gauge_seconds
from lambda_function.services.bus import Bus, Message

BATCH = 100
# No batch begins with fewer seconds left than this, which is enough for the requests of one batch to a slow bus.
RESERVE = 15.0


class NotPublishedError(RuntimeError):
    """The bus did not take some messages. They stay in the outbox for the next run."""


@dataclass(frozen=True, slots=True)
class _Batch:
    last_id: int
    claimed: int
    published: int


def relay(database: Database, bus: Bus, seconds_left: Callable[[], float]) -> int:
    """Publishes until nothing is left or the time is nearly over, and returns how many.

    Raises NotPublishedError at the end if some were not taken, whatever happened to the others.
    """
    published = refused = after = 0
    while seconds_left() > RESERVE:
        batch = database.transact(partial(_publish_batch, bus=bus, after=after))
        published += batch.published
        refused += batch.claimed - batch.published
        if batch.claimed < BATCH or not batch.published:
            break
        # Refused messages are skipped, so that they do not hold up all others.
        after = batch.last_id
    count("OutboxPublished", published)
    gauge_seconds("OutboxLagSeconds", database.transact(_seconds_behind, commit=False))
    if refused:
        count("OutboxRefused", refused)
        raise NotPublishedError(
            f"The bus refused {refused} messages and took {published}. The next run sends the refused ones again."
        )
    return published


def _publish_batch(work: UnitOfWork, *, bus: Bus, after: int) -> _Batch:
    rows = outbox.claim(work.session, after=after, limit=BATCH)
    if not rows:
        return _Batch(last_id=after, claimed=0, published=0)
    taken = bus.publish([_message(row) for row in rows])
    if taken:
        outbox.mark_published(work.session, taken, work.now)
    return _Batch(last_id=rows[-1].outbox_id, claimed=len(rows), published=len(taken))


def _message(row: UnpublishedMessage) -> Message:
    """Returns the message with its id in its detail, which is the same whenever it is published again."""
    return Message(row.outbox_id, row.kind, row.created_at, {"message_id": row.outbox_id, **row.detail})


def _seconds_behind(work: UnitOfWork) -> float:
    """Returns the age of the oldest waiting message in seconds, or 0 if none waits."""
    oldest = outbox.oldest_unpublished(work.session)
    return 0.0 if oldest is None else (work.now - oldest).total_seconds()
