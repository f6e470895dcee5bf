"""Access to the calendar feed. Only hashes of tokens come here."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.orm import Session

from lambda_function.db.models import CalendarToken
from lambda_function.db.scoping import UNSCOPED


def put_token(session: Session, user_id: int, token_hash: str, now: datetime) -> None:
    """The user's one token from here on."""
    statement = insert(CalendarToken).values(user_id=user_id, token_hash=token_hash, created_at=now)
    session.execute(
        statement.on_duplicate_key_update(token_hash=token_hash, created_at=now), execution_options=UNSCOPED
    )


def remove_token(session: Session, user_id: int) -> bool:
    """Whether there was one."""
    result = session.execute(
        delete(CalendarToken).where(CalendarToken.user_id == user_id),
        execution_options={**UNSCOPED, "synchronize_session": False},
    )
    return bool(result.rowcount)  # type: ignore[attr-defined] # a DELETE answers with a CursorResult
