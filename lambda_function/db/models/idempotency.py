"""What was answered to requests that carried an Idempotency-Key."""

from typing import Any

from sqlalchemy import JSON, ForeignKey, SmallInteger
from sqlalchemy.dialects.mysql import CHAR, MEDIUMTEXT
from sqlalchemy.orm import Mapped, mapped_column

from lambda_function.db.base import EXACT, Base, Id, Instant

_SHA256 = CHAR(64, collation=EXACT)


class IdempotencyKey(Base):
    """A row is a whole answer: it is written with what the request did, or not at all. Hashes are SHA-256 in
    hexadecimal: of the key, since clients make keys of whatever they have; of the request; and of the rights that the
    caller had.
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


class IdempotencyLock(Base):
    """What requests with one key wait on. The migration writes the rows; nothing ever changes them."""

    __tablename__ = "idempotency_lock"

    stripe: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
