"""Answers kept under idempotency keys, and the rows on which requests with one key wait for each other.

The wait is on a row that is always there, not on the key's own: waiters for a row whose writer rolls back deadlock
among themselves. Keys share these rows by their hash; who shares one by chance waits for nothing but its turn.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Delete, String, and_, bindparam, delete, exists, insert, select, tuple_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from lambda_function.db.base import AnyRow
from lambda_function.db.errors import is_contention
from lambda_function.db.models import IdempotencyKey, IdempotencyLock, IdempotencySubject, Patient
from lambda_function.db.models.idempotency import SUBJECT_ROWS
from lambda_function.db.repositories.keyset import Position, behind
from lambda_function.db.scoping import UNSCOPED, UNSYNCED
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


# Of the people named those who are or were patients: nobody else is ever forgotten. It locks no patient: under READ
# COMMITTED a SELECT that feeds an INSERT reads what is committed.
_SUBJECTS = insert(SUBJECT_ROWS).from_select(
    ["subject_id", "user_id", "key_hash"],
    select(Patient.user_id, bindparam("user_id", type_=BigInteger), bindparam("key_hash", type_=String(64))).where(
        Patient.user_id.in_(bindparam("named", expanding=True))
    ),
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
        named: Collection[int],
        now: datetime,
    ) -> None:
        """`named` are the user ids of whoever the answer is about; those of patients are kept with it."""
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
        if named:
            given = {"user_id": self._user_id, "key_hash": key_hash, "named": sorted(named)}
            self._session.execute(_SUBJECTS, given, execution_options=UNSCOPED)

    def remove(self, key_hash: str) -> None:
        remove(self._session, [(self._user_id, key_hash)])


def purge_expired(session: Session, before: datetime, limit: int) -> int:
    """Removes at most so many keys that were used before that time, whoever's; how many there were. To be called, each
    time in a transaction of its own, until it removes less than the limit.
    """
    statement = delete(IdempotencyKey).where(IdempotencyKey.created_at < before)
    return _removed(session, statement.with_dialect_options(mysql_limit=limit))


def remove_answers_of(session: Session, user_id: int, limit: int) -> int:
    """At most so many of the answers to this person; how many. As purge_expired, until there are less."""
    statement = delete(IdempotencyKey).where(IdempotencyKey.user_id == user_id)
    return _removed(session, statement.with_dialect_options(mysql_limit=limit))


def remove_answers_about(session: Session, user_id: int, limit: int) -> int:
    """At most so many of the answers that are known to name this person, whoever got them; how many. As purge_expired,
    until there are less. Names those of what an answer was kept with, not those of `unattributed`.
    """
    statement = select(IdempotencySubject.user_id, IdempotencySubject.key_hash)
    statement = statement.where(IdempotencySubject.subject_id == user_id).limit(limit)
    return remove(
        session, [(row.user_id, row.key_hash) for row in session.execute(statement, execution_options=UNSCOPED)]
    )


def remove(session: Session, keys: Collection[tuple[int, str]]) -> int:
    """The answers under these keys, each a user_id and a key_hash; how many there still were."""
    if not keys:
        return 0
    key = tuple_(IdempotencyKey.user_id, IdempotencyKey.key_hash)
    return _removed(session, delete(IdempotencyKey).where(key.in_(sorted(keys))))


def attributions(session: Session, after: Position | None, limit: int) -> Sequence[AnyRow]:
    """At most `limit` of all kept answers behind a position in their order. `attributed` says whether
    `remove_answers_about` finds the answer; the other columns are its position.
    """
    position = (IdempotencyKey.created_at, IdempotencyKey.user_id, IdempotencyKey.key_hash)
    known = exists().where(
        IdempotencySubject.user_id == IdempotencyKey.user_id, IdempotencySubject.key_hash == IdempotencyKey.key_hash
    )
    statement = select(
        IdempotencyKey.created_at, IdempotencyKey.user_id, IdempotencyKey.key_hash, known.label("attributed")
    ).order_by(*position)
    if after is not None:
        statement = statement.where(behind(position, after))
    return session.execute(statement.limit(limit), execution_options=UNSCOPED).all()


def bodies(session: Session, keys: Collection[tuple[int, str]]) -> Sequence[AnyRow]:
    """user_id, key_hash and body of the answers under these keys."""
    key = tuple_(IdempotencyKey.user_id, IdempotencyKey.key_hash)
    statement = select(IdempotencyKey.user_id, IdempotencyKey.key_hash, IdempotencyKey.body)
    return session.execute(statement.where(key.in_(sorted(keys))), execution_options=UNSCOPED).all()


def _removed(session: Session, statement: Delete) -> int:
    result = session.execute(statement, execution_options=UNSYNCED)
    return int(result.rowcount)  # type: ignore[attr-defined] # a DELETE answers with a CursorResult
