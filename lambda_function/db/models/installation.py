"""This installation of the service."""

from sqlalchemy.dialects.mysql import CHAR
from sqlalchemy.orm import Mapped, mapped_column

from lambda_function.db.base import EXACT, Base


class Installation(Base):
    """The id of this installation: 32 random hexadecimal digits in one row, which a migration wrote and nothing
    changes. Numbers of rows begin at 1 everywhere; together with it they are unique among all installations.
    """

    __tablename__ = "installation"

    installation_id: Mapped[str] = mapped_column(CHAR(32, collation=EXACT), primary_key=True)
