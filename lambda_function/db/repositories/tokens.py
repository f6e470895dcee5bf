"""The owners of tokens: of access tokens and of calendar feeds. Only hashes of calendar tokens come here.

Unscoped, because the owner is looked up before there is an actor.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import and_, bindparam, delete, select
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.orm import Session, aliased

from lambda_function.db.criteria import here
from lambda_function.db.models import CalendarToken, Doctor, Guardian, ReceptionistClinic, User
from lambda_function.db.repositories.guardians import acting
from lambda_function.db.rows import columns, fetch_all, write
from lambda_function.domain.actor import Actor, Role


class _Caller(NamedTuple):
    """A person in one of the clinics where they work, or with one of the patients for whom they act: a receptionist has
    a row for each clinic, and a guardian for each dependant.
    """

    user_id: int
    user_type: Role
    cognito_sub: str | None
    doctor_clinic_id: int | None
    receptionist_clinic_id: int | None
    dependant_id: int | None


class _TokenOwner(NamedTuple):
    """A caller, with the role and the clinics that the calendar token is bound to."""

    user_id: int
    user_type: Role
    doctor_clinic_id: int | None
    receptionist_clinic_id: int | None
    dependant_id: int | None
    token_type: Role | None
    token_clinic_ids: list[int] | None


_DEPENDANT = aliased(User)
_REACH = {
    "doctor_clinic_id": Doctor.clinic_id,
    "receptionist_clinic_id": ReceptionistClinic.clinic_id,
    "dependant_id": _DEPENDANT.user_id,
}
_PERSON = {"user_id": User.user_id, "user_type": User.user_type}
_ACTS_FOR = (
    select()
    .select_from(User)
    .outerjoin(Doctor, and_(Doctor.user_id == User.user_id, User.user_type == Role.DOCTOR))
    .outerjoin(
        ReceptionistClinic,
        and_(ReceptionistClinic.receptionist_id == User.user_id, User.user_type == Role.RECEPTIONIST),
    )
    .outerjoin(Guardian, and_(Guardian.guardian_id == User.user_id, User.user_type == Role.PATIENT, acting(Guardian)))
    .outerjoin(
        _DEPENDANT,
        and_(
            _DEPENDANT.user_id == Guardian.patient_id,
            _DEPENDANT.user_type == Role.PATIENT,
            _DEPENDANT.active,
            here(_DEPENDANT),
        ),
    )
    .where(User.active, here(User))
    .order_by(ReceptionistClinic.clinic_id)
)
_CALLERS = _ACTS_FOR.add_columns(*columns(_Caller, **_REACH, **_PERSON, cognito_sub=User.cognito_sub))
_CALLER = _CALLERS.where(User.cognito_sub == bindparam("sub"))
_PATIENT = _CALLERS.where(User.user_id == bindparam("user_id"), User.user_type == Role.PATIENT)
_TOKEN_OWNER = (
    _ACTS_FOR.add_columns(
        *columns(
            _TokenOwner,
            **_REACH,
            **_PERSON,
            token_type=CalendarToken.user_type,
            token_clinic_ids=CalendarToken.clinic_ids,
        )
    )
    .join(CalendarToken, CalendarToken.user_id == User.user_id)
    .where(CalendarToken.token_hash == bindparam("token_hash"))
)


def find_caller(session: Session, sub: str, today: date) -> Actor | None:
    """Returns the active user with this `sub`, as the database knows them now, or None. `today` is the day in UTC, for
    guardians whose time has ended.
    """
    rows = fetch_all(session, _Caller, _CALLER, {"sub": sub, "today": today}, unscoped=True)
    # The database's comparison overlooks blanks at the end.
    return _actor(rows) if rows and rows[0].cognito_sub == sub else None


def find_token_owner(session: Session, token_hash: str, today: date) -> Actor | None:
    """Returns the active owner of a calendar token, with those of their clinics to which the token is bound, and with
    the patients for whom they act on that day of UTC.

    It returns None if the owner has another role by now. A doctor works in one clinic and sees all of their own visits,
    so a doctor is found only while they work there.
    """
    rows = fetch_all(session, _TokenOwner, _TOKEN_OWNER, {"token_hash": token_hash, "today": today}, unscoped=True)
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
    dependant_ids = {row.dependant_id for row in rows if row.dependant_id is not None}
    return Actor(rows[0].user_id, rows[0].user_type, tuple(sorted(clinic_ids)), tuple(sorted(dependant_ids)))


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


def find_patient(session: Session, user_id: int, today: date) -> Actor | None:
    """Returns the active patient with this id, with the patients for whom they act on that day of UTC, or None."""
    rows = fetch_all(session, _Caller, _PATIENT, {"user_id": user_id, "today": today}, unscoped=True)
    return _actor(rows)
