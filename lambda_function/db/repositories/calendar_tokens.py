"""Access to the calendar feed. Only hashes of tokens come here."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.orm import Session

from lambda_function.db.models import CalendarToken
from lambda_function.db.scoping import UNSCOPED, UNSYNCED
from lambda_function.domain.actor import Actor


def put_token(session: Session, owner: Actor, token_hash: str, now: datetime) -> None:
    """The owner's one token from here on, bound to their role and clinics."""
    values = {
        "token_hash": token_hash,
        "created_at": now,
        "user_type": owner.role,
        "clinic_ids": list(owner.clinic_ids),
    }
    statement = insert(CalendarToken).values(user_id=owner.user_id, **values)
    session.execute(statement.on_duplicate_key_update(values), execution_options=UNSCOPED)


def remove_token(session: Session, user_id: int) -> bool:
    """Whether there was one."""
    result = session.execute(
        delete(CalendarToken).where(CalendarToken.user_id == user_id),
        execution_options=UNSYNCED,
    )
    return bool(result.rowcount)  # type: ignore[attr-defined] # a DELETE answers with a CursorResult
