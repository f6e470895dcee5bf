"""Access to the calendar feed."""

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.mysql import CHAR
from sqlalchemy.orm import Mapped, mapped_column

from lambda_function.db.base import EXACT, Base, Id, Instant


class CalendarToken(Base):
    """A user has at most one. Only the SHA-256 of the token is kept, in hexadecimal."""

    __tablename__ = "calendar_token"

    user_id: Mapped[Id] = mapped_column(ForeignKey("user.user_id"), primary_key=True, autoincrement=False)
    token_hash: Mapped[str] = mapped_column(CHAR(64, collation=EXACT), unique=True)
    created_at: Mapped[Instant]
