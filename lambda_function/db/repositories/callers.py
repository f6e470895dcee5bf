"""Who a token belongs to, an access token or that of a calendar feed. Runs before there is an actor, so unscoped and
in columns.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from lambda_function.db.base import AnyRow
from lambda_function.db.models import CalendarToken, Doctor, ReceptionistClinic, User
from lambda_function.db.scoping import UNSCOPED, here
from lambda_function.domain.actor import Actor, Role

_PERSON = (
    select(User.user_id, User.user_type, User.cognito_sub, Doctor.clinic_id, ReceptionistClinic.clinic_id)
    .outerjoin(Doctor, and_(Doctor.user_id == User.user_id, User.user_type == Role.DOCTOR))
    .outerjoin(
        ReceptionistClinic,
        and_(ReceptionistClinic.receptionist_id == User.user_id, User.user_type == Role.RECEPTIONIST),
    )
    .where(User.active, here(User))
    .order_by(ReceptionistClinic.clinic_id)
)
_CALLER = _PERSON.where(User.cognito_sub == bindparam("sub"))
_TOKEN_OWNER = (
    _PERSON.add_columns(CalendarToken.user_type.label("token_type"), CalendarToken.clinic_ids.label("token_clinic_ids"))
    .join(CalendarToken, CalendarToken.user_id == User.user_id)
    .where(CalendarToken.token_hash == bindparam("token_hash"))
)


def find_caller(session: Session, sub: str) -> Actor | None:
    """The active user with this `sub`, as the database knows them now; None when there is none."""
    rows = session.execute(_CALLER, {"sub": sub}, execution_options=UNSCOPED).all()
    # The database's comparison overlooks blanks at the end.
    return _actor(rows) if rows and rows[0].cognito_sub == sub else None


def find_token_owner(session: Session, token_hash: str) -> Actor | None:
    """As find_caller, by the hash of a calendar token, with those of the owner's clinics that the token is bound to.
    None when the owner is something else by now. A doctor, who works in one clinic and sees all of their own visits, is
    found while they work there.
    """
    rows = session.execute(_TOKEN_OWNER, {"token_hash": token_hash}, execution_options=UNSCOPED).all()
    owner = _actor(rows)
    if owner is None or rows[0].token_type is not owner.role:
        return None
    clinic_ids = tuple(sorted(set(owner.clinic_ids).intersection(rows[0].token_clinic_ids or ())))
    if owner.role is Role.DOCTOR and not clinic_ids:
        return None
    return replace(owner, clinic_ids=clinic_ids)


def _actor(rows: Sequence[AnyRow]) -> Actor | None:
    if not rows:
        return None
    clinic_ids = {clinic_id for row in rows for clinic_id in row[3:5] if clinic_id is not None}
    return Actor(rows[0].user_id, rows[0].user_type, tuple(sorted(clinic_ids)))
