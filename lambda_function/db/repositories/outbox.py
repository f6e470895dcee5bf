"""The outbox: unscoped, since it belongs to no caller. Of it come columns, never entities."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Session

from lambda_function.db.base import AnyRow, AnySelect
from lambda_function.db.models import OutboxMessage
from lambda_function.db.models.outbox import OUTBOX_ROWS
from lambda_function.db.scoping import UNSCOPED, UNSYNCED

_NEW = insert(OUTBOX_ROWS)
_NEXT: AnySelect = (
    select(OutboxMessage.outbox_id, OutboxMessage.kind, OutboxMessage.detail, OutboxMessage.created_at)
    .where(OutboxMessage.published_at.is_(None), OutboxMessage.outbox_id > bindparam("after"))
    .order_by(OutboxMessage.outbox_id)
    .limit(bindparam("batch"))
    .with_for_update(skip_locked=True)
)


def add(session: Session, messages: Sequence[Mapping[str, Any]]) -> None:
    """Each with kind, detail and created_at; all in one statement."""
    session.execute(_NEW, messages, execution_options=UNSCOPED)


def claim(session: Session, *, after: int, limit: int) -> Sequence[AnyRow]:
    """Rows of outbox_id, kind, detail and created_at: the oldest unpublished messages with ids beyond `after`, locked.

    Passes over what others have locked: another relay's batch, and what is not committed yet, which may commit
    later than messages with greater ids.
    """
    return session.execute(_NEXT, {"after": after, "batch": limit}, execution_options=UNSCOPED).all()


def mark_published(session: Session, outbox_ids: Collection[int], at: datetime) -> None:
    statement = update(OutboxMessage).where(OutboxMessage.outbox_id.in_(outbox_ids)).values(published_at=at)
    session.execute(statement, execution_options=UNSYNCED)


def oldest_unpublished(session: Session) -> datetime | None:
    """When the first of those that still wait was written."""
    statement = select(OutboxMessage.created_at).where(OutboxMessage.published_at.is_(None))
    return session.scalar(statement.order_by(OutboxMessage.outbox_id).limit(1), execution_options=UNSCOPED)


def purge_published(session: Session, before: datetime, limit: int) -> int:
    """Deletes at most `limit` messages that were published before then, and answers how many."""
    statement = delete(OutboxMessage).where(OutboxMessage.published_at < before).ext(mysql.limit(limit))
    result = session.execute(statement, execution_options=UNSYNCED)
    return int(result.rowcount)  # type: ignore[attr-defined] # a DELETE answers with a CursorResult
