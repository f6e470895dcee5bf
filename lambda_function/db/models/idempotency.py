"""Answers to requests with an Idempotency-Key."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, ForeignKeyConstraint, Index, SmallInteger
from sqlalchemy.dialects.mysql import CHAR, MEDIUMTEXT
from sqlalchemy.orm import Mapped, mapped_column

from lambda_function.db.base import EXACT, Base, Id, Instant, table_args

_SHA256 = CHAR(64, collation=EXACT)


class IdempotencyKey(Base):
    """A complete answer, which is written in the transaction of the request. Hashes are SHA-256 in hexadecimal: of the
    key, because clients may put anything into it, of the request, and of the caller's rights.
    """

    __tablename__ = "idempotency_key"

    user_id: Mapped[Id] = mapped_column(ForeignKey("user.user_id"), primary_key=True, autoincrement=False)
    key_hash: Mapped[str] = mapped_column(_SHA256, primary_key=True)
    request_hash: Mapped[str] = mapped_column(_SHA256)
    rights_hash: Mapped[str] = mapped_column(_SHA256)
    status: Mapped[int] = mapped_column(SmallInteger)
    headers: Mapped[dict[str, Any]] = mapped_column(JSON)
    body: Mapped[str] = mapped_column(MEDIUMTEXT)
    created_at: Mapped[Instant] = mapped_column(index=True)


class IdempotencySubject(Base):
    """A kept answer names this person, who is or was a patient, so it can be found when the person is erased. The row
    is deleted with the answer. Answers of earlier releases have no such rows.
    """

    __tablename__ = "idempotency_subject"
    __table_args__ = table_args(
        ForeignKeyConstraint(
            ["user_id", "key_hash"], ["idempotency_key.user_id", "idempotency_key.key_hash"], ondelete="CASCADE"
        ),
        Index(None, "user_id", "key_hash"),
    )

    subject_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    user_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=False)
    key_hash: Mapped[str] = mapped_column(_SHA256, primary_key=True)


# For the repository, which fills it by INSERT … SELECT.
SUBJECT_ROWS = Base.metadata.tables[IdempotencySubject.__tablename__]


class IdempotencyLock(Base):
    """The lock on which requests with one key wait. The migration writes the rows, and nothing ever changes them."""

    __tablename__ = "idempotency_lock"

    stripe: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
