"""Codes that link an account to the person whom a reception has entered, and the number of wrong guesses."""

from datetime import date

from sqlalchemy import Date, ForeignKey, Index, String
from sqlalchemy.dialects.mysql import CHAR
from sqlalchemy.orm import Mapped, mapped_column

from lambda_function.db.base import EXACT, Base, Id, Instant, table_args


class LinkCode(Base):
    """A link code, of which a person has at most one until it is used. Only its SHA-256 is kept, in hexadecimal."""

    __tablename__ = "link_code"
    __table_args__ = table_args(Index(None, "expires_at"))

    user_id: Mapped[Id] = mapped_column(ForeignKey("user.user_id"), primary_key=True, autoincrement=False)
    code_hash: Mapped[str] = mapped_column(CHAR(64, collation=EXACT), unique=True)
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]


class Refusals(Base):
    """How often somebody was refused on a day of UTC, for actions that are limited to a number of attempts a day."""

    __tablename__ = "refusals"
    __table_args__ = table_args(Index(None, "day"))

    user_id: Mapped[Id] = mapped_column(ForeignKey("user.user_id"), primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(16, collation=EXACT), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    count: Mapped[int]
