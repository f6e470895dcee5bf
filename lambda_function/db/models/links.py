"""The links in messages, each of which opens the page of a visit or an offer without an account."""

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.mysql import CHAR
from sqlalchemy.orm import Mapped, mapped_column

from lambda_function.db.base import EXACT, Base, Id, Instant


class Link(Base):
    """The link in one copy of a message, which opens what the message is about. Only the SHA-256 of its token is kept,
    in hexadecimal.

    When it ends follows from what it leads to, so that a visit that is moved takes its links along.
    """

    __tablename__ = "link"

    token_hash: Mapped[str] = mapped_column(CHAR(64, collation=EXACT), primary_key=True)
    notification_id: Mapped[Id] = mapped_column(
        ForeignKey("notification.notification_id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[Instant]


# For the repository, which writes many rows at a time.
LINK_ROWS = Base.metadata.tables[Link.__tablename__]
