"""Access to the calendar feed."""

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.dialects.mysql import CHAR
from sqlalchemy.orm import Mapped, mapped_column

from lambda_function.db.base import EXACT, Base, Id, Instant, RoleId
from lambda_function.domain.actor import Role


class CalendarToken(Base):
    """A calendar token, of which a user has at most one. Only its SHA-256 is kept, in hexadecimal.

    `user_type` and `clinic_ids` are the owner's when it was made. It is not valid for another role and shows no other
    clinics. They are NULL for a token of a release before 0014, which opens nothing.
    """

    __tablename__ = "calendar_token"

    user_id: Mapped[Id] = mapped_column(ForeignKey("user.user_id"), primary_key=True, autoincrement=False)
    token_hash: Mapped[str] = mapped_column(CHAR(64, collation=EXACT), unique=True)
    created_at: Mapped[Instant]
    user_type: Mapped[Role | None] = mapped_column(RoleId)
    clinic_ids: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
