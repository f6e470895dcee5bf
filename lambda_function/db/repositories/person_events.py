"""What has happened to people, for operators, who see everybody. Unscoped."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session, aliased

from lambda_function.db.base import AnySelect
from lambda_function.db.models import PersonEvent, User
from lambda_function.db.rows import columns, fetch_all
from lambda_function.db.scoping import UNSCOPED


class PersonEventRow(NamedTuple):
    """Something that happened to a person. The two about the actor are None if no user did it."""

    person_event_id: int
    at: datetime
    action: str
    fields: list[str]
    actor_id: int | None
    actor_name: str | None


_ACTOR = aliased(User)
_EVENTS: AnySelect = (
    select(*columns(PersonEventRow, PersonEvent, actor_name=_ACTOR.user_name))
    .outerjoin(_ACTOR, _ACTOR.user_id == PersonEvent.actor_id)
    .where(PersonEvent.user_id == bindparam("user_id"), PersonEvent.person_event_id > bindparam("after"))
    .order_by(PersonEvent.person_event_id)
    .limit(bindparam("most"))
)
_EXISTS = select(exists().where(User.user_id == bindparam("user_id")))


def page(session: Session, user_id: int, *, after: int, limit: int) -> Sequence[PersonEventRow]:
    """Returns the next events of a person, oldest first."""
    values = {"user_id": user_id, "after": after, "most": limit}
    return fetch_all(session, PersonEventRow, _EVENTS, values, unscoped=True)


def has_person(session: Session, user_id: int) -> bool:
    """Returns whether there is or was such a person, who may have been erased or merged into another."""
    return bool(session.scalar(_EXISTS, {"user_id": user_id}, execution_options=UNSCOPED))
