"""The owners of tokens: of access tokens and of calendar feeds. Only hashes of calendar tokens come here.

Unscoped, because the owner is looked up before there is an actor.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, bindparam, delete, select
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.orm import Session

from lambda_function.db.models import CalendarToken, Doctor, ReceptionistClinic, User
from lambda_function.db.rows import columns, fetch_all, write
from lambda_function.db.scoping import here
from lambda_function.domain.actor import Actor, Role


class _Caller(NamedTuple):
    """A person in one of the clinics where they work: a receptionist has a row for each."""

    user_id: int
    user_type: Role
    cognito_sub: str | None
    doctor_clinic_id: int | None
    receptionist_clinic_id: int | None


class _TokenOwner(NamedTuple):
    """A caller, with the role and the clinics that the calendar token is bound to."""

    user_id: int
    user_type: Role
    doctor_clinic_id: int | None
    receptionist_clinic_id: int | None
    token_type: Role | None
    token_clinic_ids: list[int] | None


_CLINICS = {"doctor_clinic_id": Doctor.clinic_id, "receptionist_clinic_id": ReceptionistClinic.clinic_id}
_WORKS_AT = (
    select()
    .select_from(User)
    .outerjoin(Doctor, and_(Doctor.user_id == User.user_id, User.user_type == Role.DOCTOR))
    .outerjoin(
        ReceptionistClinic,
        and_(ReceptionistClinic.receptionist_id == User.user_id, User.user_type == Role.RECEPTIONIST),
    )
    .where(User.active, here(User))
    .order_by(ReceptionistClinic.clinic_id)
)
_CALLER = _WORKS_AT.add_columns(*columns(_Caller, User, **_CLINICS)).where(User.cognito_sub == bindparam("sub"))
_TOKEN_OWNER = (
    _WORKS_AT.add_columns(
        *columns(
            _TokenOwner,
            **_CLINICS,
            user_id=User.user_id,
            user_type=User.user_type,
            token_type=CalendarToken.user_type,
            token_clinic_ids=CalendarToken.clinic_ids,
        )
    )
    .join(CalendarToken, CalendarToken.user_id == User.user_id)
    .where(CalendarToken.token_hash == bindparam("token_hash"))
)


def find_caller(session: Session, sub: str) -> Actor | None:
    """Returns the active user with this `sub`, as the database knows them now, or None."""
    rows = fetch_all(session, _Caller, _CALLER, {"sub": sub}, unscoped=True)
    # The database's comparison overlooks blanks at the end.
    return _actor(rows) if rows and rows[0].cognito_sub == sub else None


def find_token_owner(session: Session, token_hash: str) -> Actor | None:
    """Returns the active owner of a calendar token, with those of their clinics to which the token is bound.

    It returns None if the owner has another role by now. A doctor works in one clinic and sees all of their own visits,
    so a doctor is found only while they work there.
    """
    rows = fetch_all(session, _TokenOwner, _TOKEN_OWNER, {"token_hash": token_hash}, unscoped=True)
    owner = _actor(rows)
    if owner is None or rows[0].token_type is not owner.role:
        return None
    clinic_ids = tuple(sorted(set(owner.clinic_ids).intersection(rows[0].token_clinic_ids or ())))
    if owner.role is Role.DOCTOR and not clinic_ids:
        return None
    return replace(owner, clinic_ids=clinic_ids)


def _actor(rows: Sequence[_Caller | _TokenOwner]) -> Actor | None:
    if not rows:
        return None
    found = (clinic_id for row in rows for clinic_id in (row.doctor_clinic_id, row.receptionist_clinic_id))
    clinic_ids = {clinic_id for clinic_id in found if clinic_id is not None}
    return Actor(rows[0].user_id, rows[0].user_type, tuple(sorted(clinic_ids)))


def put_calendar_token(session: Session, owner: Actor, token_hash: str, now: datetime) -> None:
    """Replaces the owner's calendar token, and binds the new one to their role and clinics."""
    values = {
        "token_hash": token_hash,
        "created_at": now,
        "user_type": owner.role,
        "clinic_ids": list(owner.clinic_ids),
    }
    statement = insert(CalendarToken).values(user_id=owner.user_id, **values)
    write(session, statement.on_duplicate_key_update(values))


def remove_calendar_token(session: Session, user_id: int) -> bool:
    """Removes the person's token, and returns whether they had one."""
    return write(session, delete(CalendarToken).where(CalendarToken.user_id == user_id)) > 0
