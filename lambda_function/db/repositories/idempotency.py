"""Answers kept under idempotency keys, and the rows on which requests with one key wait for each other.

They wait for a row that always exists, not for the key's own, because waiters for a row whose writer rolls back would
deadlock among themselves. Keys share these rows by their hash, and keys that share one by chance only wait for their
turn.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Delete, String, and_, bindparam, delete, exists, insert, select, tuple_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect
from lambda_function.db.errors import is_contention
from lambda_function.db.models import IdempotencyKey, IdempotencyLock, IdempotencySubject, Patient
from lambda_function.db.models.idempotency import SUBJECT_ROWS
from lambda_function.db.repositories.keyset import Position, behind
from lambda_function.db.rows import columns, fetch_all, write
from lambda_function.domain.errors import IdempotencyInFlightError

STRIPES = 1024


class StoredAnswer(NamedTuple):
    """An answer kept under a key, with hashes of the request and of the rights that the caller had."""

    request_hash: str
    rights_hash: str
    status: int
    headers: Mapping[str, Any]
    body: str
    created_at: datetime


class Attribution(NamedTuple):
    """A kept answer, and whether `remove_answers_about` finds it. The first three columns are its position."""

    created_at: datetime
    user_id: int
    key_hash: str
    attributed: bool

    @property
    def position(self) -> Position:
        return self.created_at, self.user_id, self.key_hash


class AnswerBody(NamedTuple):
    user_id: int
    key_hash: str
    body: str


class _Key(NamedTuple):
    user_id: int
    key_hash: str


_KEY = tuple_(IdempotencyKey.user_id, IdempotencyKey.key_hash)
# This is one statement, because its order is certain: the key is read after the lock has been granted.
_LOCKED: AnySelect = (
    select(*columns(StoredAnswer, IdempotencyKey))
    .select_from(IdempotencyLock)
    .outerjoin(
        IdempotencyKey,
        and_(IdempotencyKey.user_id == bindparam("user_id"), IdempotencyKey.key_hash == bindparam("key_hash")),
    )
    .where(IdempotencyLock.stripe == bindparam("stripe"))
    .with_for_update()
)
# Selects the named people who are or were patients, because nobody else is ever erased. It locks no patient: under READ
# COMMITTED a SELECT that feeds an INSERT reads what is committed.
_SUBJECTS = insert(SUBJECT_ROWS).from_select(
    ["subject_id", "user_id", "key_hash"],
    select(Patient.user_id, bindparam("user_id", type_=BigInteger), bindparam("key_hash", type_=String(64))).where(
        Patient.user_id.in_(bindparam("named", expanding=True))
    ),
)
_ABOUT: AnySelect = (
    select(*columns(_Key, IdempotencySubject))
    .where(IdempotencySubject.subject_id == bindparam("subject_id"))
    .limit(bindparam("most"))
)
_ORDER = (IdempotencyKey.created_at, IdempotencyKey.user_id, IdempotencyKey.key_hash)
_ATTRIBUTIONS: AnySelect = select(
    *columns(
        Attribution,
        IdempotencyKey,
        attributed=exists().where(
            IdempotencySubject.user_id == IdempotencyKey.user_id,
            IdempotencySubject.key_hash == IdempotencyKey.key_hash,
        ),
    )
).order_by(*_ORDER)
_BODIES: AnySelect = select(*columns(AnswerBody, IdempotencyKey))


def stripe(key_hash: str) -> int:
    """Returns the row on which requests with this key wait."""
    return int(key_hash[:8], 16) % STRIPES


def lock(session: Session, user_id: int, key_hash: str) -> StoredAnswer | None:
    """Returns the answer kept under the user's key. It holds the key until the transaction ends, so it must come before
    all other locks. Raises IdempotencyInFlightError if another request holds the key for too long.
    """
    values = {"user_id": user_id, "key_hash": key_hash, "stripe": stripe(key_hash)}
    try:
        [found] = fetch_all(session, StoredAnswer, _LOCKED, values)
    except DBAPIError as error:
        if not is_contention(error):
            raise
        raise IdempotencyInFlightError("The first request with this key is still running; try again.") from error
    # The lock always has a row, but the joined key may be missing.
    return None if found.created_at is None else found


def add(session: Session, user_id: int, key_hash: str, answer: StoredAnswer, named: Collection[int]) -> None:
    """Keeps an answer under the user's key. `named` are the user ids of everybody whom it is about. Those of patients
    are stored with it.
    """
    session.add(IdempotencyKey(user_id=user_id, key_hash=key_hash, **answer._asdict()))
    session.flush()
    if named:
        write(session, _SUBJECTS, {"user_id": user_id, "key_hash": key_hash, "named": sorted(named)})


def purge_expired(session: Session, before: datetime, limit: int) -> int:
    """Removes at most `limit` keys that were used before that time, whoever used them, and answers how many it removed.
    Call it, each time in a transaction of its own, until it removes fewer than `limit`.
    """
    return _removed(session, delete(IdempotencyKey).where(IdempotencyKey.created_at < before), limit)


def remove_answers_of(session: Session, user_id: int, limit: int) -> int:
    """Removes at most `limit` answers to this person, and returns how many. Repeat it like purge_expired."""
    return _removed(session, delete(IdempotencyKey).where(IdempotencyKey.user_id == user_id), limit)


def remove_answers_about(session: Session, user_id: int, limit: int) -> int:
    """Removes at most `limit` answers that are recorded as being about this person, whoever got them, and returns how
    many. Repeat it like purge_expired. For answers without such a record, see `attributions`.
    """
    keys = fetch_all(session, _Key, _ABOUT, {"subject_id": user_id, "most": limit}, unscoped=True)
    return remove(session, keys)


def remove(session: Session, keys: Collection[tuple[int, str]]) -> int:
    """Removes the answers under these keys, each a user_id and a key_hash, and answers how many it removed."""
    return write(session, delete(IdempotencyKey).where(_KEY.in_(sorted(keys)))) if keys else 0


def attributions(session: Session, after: Position | None, limit: int) -> Sequence[Attribution]:
    """Returns at most `limit` of all kept answers after a position, in the order of their positions."""
    statement = _ATTRIBUTIONS if after is None else _ATTRIBUTIONS.where(behind(_ORDER, after))
    return fetch_all(session, Attribution, statement.limit(limit), unscoped=True)


def bodies(session: Session, keys: Collection[tuple[int, str]]) -> Sequence[AnswerBody]:
    """Returns the bodies of the answers under these keys."""
    return fetch_all(session, AnswerBody, _BODIES.where(_KEY.in_(sorted(keys))), unscoped=True)


def _removed(session: Session, statement: Delete, limit: int) -> int:
    return write(session, statement.with_dialect_options(mysql_limit=limit))
