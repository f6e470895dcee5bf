"""Rules for the mapped classes: each is scoped, and nothing is loaded implicitly."""

from types import CodeType
from typing import Any

import pytest
from sqlalchemy import ForeignKey, select
from sqlalchemy.dialects.mysql import dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, mapped_column, relationship

from lambda_function.db.base import Base
from lambda_function.db.models import Appointment, User
from lambda_function.db.scoping import _OPTIONS, OPEN, SCOPED
from lambda_function.domain.actor import Role

MAPPERS = sorted(Base.registry.mappers, key=str)


def loading_relationships(mapper: Mapper[Any]) -> list[str]:
    """Returns the relationships that run a query when they are read."""
    return [str(relation) for relation in mapper.relationships if relation.lazy != "raise"]


def criteria_code(option: Any) -> CodeType:
    """Returns the code object by which SQLAlchemy caches the result of a criteria function."""
    code: CodeType = option.where_criteria.fn.__code__
    return code


def test_every_mapped_class_is_either_scoped_or_open() -> None:
    mapped = {mapper.class_ for mapper in MAPPERS}
    assert mapped == SCOPED | OPEN
    assert not SCOPED & OPEN


def test_no_two_criteria_share_their_code() -> None:
    codes = [criteria_code(option) for options in _OPTIONS.values() for option in options]
    assert len(set(codes)) == len(codes) == len(Role) * len(SCOPED)


@pytest.mark.parametrize("mapped", [User, Appointment])
def test_each_role_gets_criteria_of_its_own(mapped: type[Any]) -> None:
    scoped = {str(select(mapped).options(*_OPTIONS[role]).compile(dialect=dialect())) for role in Role}
    assert len(scoped) == len(Role)


@pytest.mark.parametrize("mapper", MAPPERS, ids=str)
def test_no_relationship_loads_by_itself(mapper: Mapper[Any]) -> None:
    assert not loading_relationships(mapper)


def test_a_relationship_that_loads_is_found() -> None:
    class Other(DeclarativeBase):
        pass

    class Parent(Other):
        __tablename__ = "parent"
        parent_id: Mapped[int] = mapped_column(primary_key=True)

    class Child(Other):
        __tablename__ = "child"
        child_id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int] = mapped_column(ForeignKey("parent.parent_id"))
        loads: Mapped[Parent] = relationship(viewonly=True)
        raises: Mapped[Parent] = relationship(viewonly=True, lazy="raise")

    assert loading_relationships(Child.__mapper__) == ["Child.loads"]
