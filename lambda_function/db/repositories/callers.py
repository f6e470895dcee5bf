"""Who a token belongs to, an access token or that of a calendar feed. Runs before there is an actor, so unscoped and
in columns.
"""

from collections.abc import Sequence

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
_TOKEN_OWNER = _PERSON.join(CalendarToken, CalendarToken.user_id == User.user_id).where(
    CalendarToken.token_hash == bindparam("token_hash")
)


def find_caller(session: Session, sub: str) -> Actor | None:
    """The active user with this `sub`, as the database knows them now; None when there is none."""
    rows = session.execute(_CALLER, {"sub": sub}, execution_options=UNSCOPED).all()
    # The database's comparison overlooks blanks at the end.
    return _actor(rows) if rows and rows[0].cognito_sub == sub else None


def find_token_owner(session: Session, token_hash: str) -> Actor | None:
    """As find_caller, by the hash of a calendar token."""
    return _actor(session.execute(_TOKEN_OWNER, {"token_hash": token_hash}, execution_options=UNSCOPED).all())


def _actor(rows: Sequence[AnyRow]) -> Actor | None:
    if not rows:
        return None
    clinic_ids = {clinic_id for row in rows for clinic_id in row[3:] if clinic_id is not None}
    return Actor(rows[0].user_id, rows[0].user_type, tuple(sorted(clinic_ids)))
