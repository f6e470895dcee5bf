"""People who have just signed up. Runs before there is an actor, so unscoped and in columns."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lambda_function.db.base import AnyRow
from lambda_function.db.errors import duplicate
from lambda_function.db.models import Patient, User
from lambda_function.db.scoping import UNSCOPED, UNSYNCED, here
from lambda_function.domain.actor import Role
from lambda_function.domain.errors import ContentionError


def is_linked(session: Session, sub: str) -> bool:
    """To anybody, active or not."""
    found = session.scalars(select(User.cognito_sub).where(User.cognito_sub == sub), execution_options=UNSCOPED)
    # The database's comparison overlooks blanks at the end.
    return sub in found


def is_taken(session: Session, user_name: str) -> bool:
    return bool(session.scalar(select(exists().where(User.user_name == user_name)), execution_options=UNSCOPED))


def lock_unlinked_patients(session: Session, email: str) -> Sequence[AnyRow]:
    """user_id, email, email_trusted and version of active patients without an account whose e-mail the database holds
    for the same: it overlooks capital letters and accents.
    """
    statement = (
        select(User.user_id, User.email, User.email_trusted, User.version)
        .where(
            User.email == email,
            User.user_type == Role.PATIENT,
            User.cognito_sub.is_(None),
            User.active,
            here(User),
        )
        .order_by(User.user_id)
        .with_for_update()
    )
    return session.execute(statement, execution_options=UNSCOPED).all()


def link(session: Session, user_id: int, sub: str, now: datetime) -> None:
    """Raises ContentionError when somebody else has just got the account."""
    statement = update(User).where(User.user_id == user_id)
    with _overtaken():
        session.execute(
            statement.values(cognito_sub=sub, version=User.version + 1, updated_at=now),
            execution_options=UNSYNCED,
        )


def add(session: Session, *, sub: str, user_name: str, full_name: str, email: str | None, now: datetime) -> int:
    """The id of a new patient of no clinic. Raises ContentionError when somebody else has just got the name or the
    account.
    """
    user = User(
        user_name=user_name,
        user_type=Role.PATIENT,
        full_name=full_name,
        email=email,
        email_trusted=email is not None,
        cognito_sub=sub,
        created_at=now,
        updated_at=now,
    )
    session.add(user)
    with _overtaken():
        session.flush()
    session.add(Patient(user_id=user.user_id))
    session.flush()
    return user.user_id


@contextmanager
def _overtaken() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if duplicate(error) is None:
            raise
        raise ContentionError("Somebody else was faster; try again.") from None
