"""Who a token belongs to. Runs before there is an actor, so unscoped and in columns."""

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import Session

from lambda_function.db.models import Doctor, ReceptionistClinic, User
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.actor import Actor, Role

_CALLER = (
    select(User.user_id, User.user_type, User.cognito_sub, Doctor.clinic_id, ReceptionistClinic.clinic_id)
    .outerjoin(Doctor, and_(Doctor.user_id == User.user_id, User.user_type == Role.DOCTOR))
    .outerjoin(
        ReceptionistClinic,
        and_(ReceptionistClinic.receptionist_id == User.user_id, User.user_type == Role.RECEPTIONIST),
    )
    .where(User.cognito_sub == bindparam("sub"), User.active)
    .order_by(ReceptionistClinic.clinic_id)
)


def find_caller(session: Session, sub: str) -> Actor | None:
    """The active user with this `sub`, as the database knows them now; None when there is none."""
    rows = session.execute(_CALLER, {"sub": sub}, execution_options=UNSCOPED).all()
    # The database's comparison overlooks blanks at the end.
    if not rows or rows[0].cognito_sub != sub:
        return None
    clinic_ids = {clinic_id for row in rows for clinic_id in row[3:] if clinic_id is not None}
    return Actor(rows[0].user_id, rows[0].user_type, tuple(sorted(clinic_ids)))
