"""Answers kept under idempotency keys, and the rows on which requests with one key wait for each other.

The wait is on a row that is always there, not on the key's own: waiters for a row whose writer rolls back deadlock
among themselves. Keys share these rows by their hash; who shares one by chance waits for nothing but its turn.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, or_, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from lambda_function.db.base import AnyRow
from lambda_function.db.models import IdempotencyKey, IdempotencyLock
from lambda_function.db.scoping import UNSCOPED
from lambda_function.db.trouble import is_contention
from lambda_function.domain.errors import IdempotencyInFlightError

STRIPES = 1024

# One statement, since the order of the two is certain: the key is read, as it is then, once the lock is there.
_LOCKED = (
    select(
        IdempotencyKey.request_hash,
        IdempotencyKey.rights_hash,
        IdempotencyKey.status,
        IdempotencyKey.headers,
        IdempotencyKey.body,
        IdempotencyKey.created_at,
    )
    .select_from(IdempotencyLock)
    .outerjoin(
        IdempotencyKey,
        and_(IdempotencyKey.user_id == bindparam("user_id"), IdempotencyKey.key_hash == bindparam("key_hash")),
    )
    .where(IdempotencyLock.stripe == bindparam("stripe"))
    .with_for_update()
)


def stripe(key_hash: str) -> int:
    """The row that requests with this key wait on."""
    return int(key_hash[:8], 16) % STRIPES


class KeysOf:
    """Of one user."""

    def __init__(self, session: Session, user_id: int) -> None:
        self._session = session
        self._user_id = user_id

    def lock(self, key_hash: str) -> AnyRow | None:
        """The answer kept under the key: request_hash, rights_hash, status, headers, body, created_at. Holds the key
        until the transaction ends, so it must come before all other locks. Raises IdempotencyInFlightError when
        somebody else holds it for too long.
        """
        given = {"user_id": self._user_id, "key_hash": key_hash, "stripe": stripe(key_hash)}
        try:
            row = self._session.execute(_LOCKED, given).one()
        except DBAPIError as error:
            if not is_contention(error):
                raise
            raise IdempotencyInFlightError("A request with this key is still running; ask again.") from error
        return None if row.created_at is None else row

    def add(
        self,
        key_hash: str,
        *,
        request_hash: str,
        rights_hash: str,
        status: int,
        headers: Mapping[str, Any],
        body: str,
        now: datetime,
    ) -> None:
        self._session.add(
            IdempotencyKey(
                user_id=self._user_id,
                key_hash=key_hash,
                request_hash=request_hash,
                rights_hash=rights_hash,
                status=status,
                headers=dict(headers),
                body=body,
                created_at=now,
            )
        )
        self._session.flush()

    def remove(self, key_hash: str) -> None:
        statement = delete(IdempotencyKey).where(
            IdempotencyKey.user_id == self._user_id, IdempotencyKey.key_hash == key_hash
        )
        self._session.execute(statement, execution_options={**UNSCOPED, "synchronize_session": False})


def purge_expired(session: Session, before: datetime, limit: int) -> int:
    """Removes at most so many keys that were used before that time, whoever's; how many there were. To be called, each
    time in a transaction of its own, until it removes less than the limit.
    """
    statement = delete(IdempotencyKey).where(IdempotencyKey.created_at < before)
    result = session.execute(
        statement.with_dialect_options(mysql_limit=limit),
        execution_options={**UNSCOPED, "synchronize_session": False},
    )
    return int(result.rowcount)  # type: ignore[attr-defined] # a DELETE answers with a CursorResult


def forget_person(session: Session, user_id: int) -> int:
    """Removes the kept answers to this person, and those to others in which the person is named, by id, since letters
    beyond ASCII are escaped in a body; how many there were. Reads the whole table.
    """
    named = rf'"(user_id|patient_id)":{user_id}[,}}]|"Patient/{user_id}"'
    statement = delete(IdempotencyKey).where(
        or_(IdempotencyKey.user_id == user_id, IdempotencyKey.body.regexp_match(named))
    )
    result = session.execute(statement, execution_options={**UNSCOPED, "synchronize_session": False})
    return int(result.rowcount)  # type: ignore[attr-defined] # a DELETE answers with a CursorResult
