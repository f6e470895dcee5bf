"""Messages for other systems."""

from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from lambda_function.db.base import Base, Id, Instant, table_args


class OutboxMessage(Base):
    """A message, which is written in the transaction of the change that it reports. `published_at` is NULL until the
    bus has taken it. Those rows come first in the index, so that finding them costs the same however many have been
    published.
    """

    __tablename__ = "outbox"
    __table_args__ = table_args(Index(None, "published_at", "outbox_id"))

    outbox_id: Mapped[Id] = mapped_column(primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(64))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[Instant]
    published_at: Mapped[Instant | None]


# For the repository, which writes many rows at a time.
OUTBOX_ROWS = Base.metadata.tables[OutboxMessage.__tablename__]
