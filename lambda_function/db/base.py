"""The declarative base, its naming convention and the column types that carry a rule."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import BigInteger, BindParameter, Dialect, Enum, MetaData, Select, SmallInteger, String, bindparam
from sqlalchemy.dialects.mysql import DATETIME
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

from lambda_function.domain.actor import Role
from lambda_function.domain.people import Language

# These names are part of the interface: repositories recognise violations by them.
NAMING_CONVENTION = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

# The newest collation of both MySQL and MariaDB that tells one emoji from another.
CHARSET = "utf8mb4"
COLLATION = "utf8mb4_unicode_520_ci"
EXACT = "utf8mb4_bin"

# A SELECT with its row type: see columns in db/rows.py.
AnySelect = Select[*tuple[Any, ...]]


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored as DATETIME(6) in UTC. Refuses naive values: MySQL would store them silently."""

    impl = DATETIME
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(fsp=6)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime: instants are aware UTC everywhere")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def instant_parameter(name: str) -> BindParameter[datetime]:
    """Returns a parameter of a statement that takes an aware instant."""
    return bindparam(name, type_=UtcDateTime())


def stored_enum(values: type[StrEnum]) -> Enum:
    """Returns the column type that stores the values of an enum. SQLAlchemy would store the names of the members."""
    return Enum(values, values_callable=lambda members: [member.value for member in members])


LANGUAGE = stored_enum(Language)


ROLE_IDS = {Role.PATIENT: 1, Role.DOCTOR: 2, Role.RECEPTIONIST: 3}
_ROLES = {number: role for role, number in ROLE_IDS.items()}


class RoleId(TypeDecorator[Role]):
    """A role, stored as its id in `user_type`; migration 0001 writes the three rows."""

    impl = SmallInteger
    cache_ok = True

    def process_bind_param(self, value: Role | None, dialect: Dialect) -> int | None:
        return None if value is None else ROLE_IDS[value]

    def process_result_value(self, value: int | None, dialect: Dialect) -> Role | None:
        return None if value is None else _ROLES[value]


class Hours(TypeDecorator[tuple[int, ...]]):
    """Numbers of hours, stored as text such as `48,2`, and as an empty text for none."""

    impl = String
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(64)

    def process_bind_param(self, value: tuple[int, ...] | None, dialect: Dialect) -> str | None:
        return None if value is None else ",".join(map(str, value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[int, ...] | None:
        return None if value is None else tuple(int(hours) for hours in value.split(",") if hours)


Id = Annotated[int, mapped_column(BigInteger)]
Name = Annotated[str, mapped_column(String(200))]
Note = Annotated[str, mapped_column(String(2000))]
Reason = Annotated[str, mapped_column(String(500))]
Instant = Annotated[datetime, mapped_column(UtcDateTime())]

TABLE_OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": CHARSET,
    "mysql_collate": COLLATION,
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    __table_args__: Any = TABLE_OPTIONS


def table_args(*items: Any) -> tuple[Any, ...]:
    """Returns the constraints and indexes of a table, followed by the options that every table has."""
    return (*items, TABLE_OPTIONS)
