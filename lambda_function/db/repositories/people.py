"""Users, as far as the caller may see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, collate, null, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lambda_function.db.base import COLLATION, AnyRow, AnySelect
from lambda_function.db.errors import duplicate
from lambda_function.db.models import ClinicPatient, Patient, User
from lambda_function.db.scoping import UNSYNCED, contact_visible, here
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.errors import InvalidInputError
from lambda_function.domain.user_names import folded


def _starts_with(column: Any, prefix: str) -> ColumnElement[bool]:
    return column.startswith(prefix, autoescape=True)  # type: ignore[no-any-return]


def add_user(session: Session, user: User) -> None:
    """Raises InvalidInputError when the user name is taken."""
    session.add(user)
    try:
        session.flush()
    except IntegrityError as error:
        if (duplicate(error) or ("", ""))[0] == "uq_user_user_name":
            raise InvalidInputError("This user name is taken.", field="user_name") from None
        raise


class People:
    """Rows have user_id, user_name, user_type, full_name, version, and email and phone, which are NULL where the
    actor may not see them.
    """

    def __init__(self, session: Session, actor: Actor) -> None:
        self._session = session
        self._contact = contact_visible(actor)

    def _rows(self) -> AnySelect:
        return select(
            User.user_id,
            User.user_name,
            User.user_type,
            User.full_name,
            case((self._contact, User.email), else_=null()).label("email"),
            case((self._contact, User.phone), else_=null()).label("phone"),
            User.version,
        )

    def get_one_or_none(self, user_id: int) -> AnyRow | None:
        return self._session.execute(self._rows().where(User.user_id == user_id)).one_or_none()

    def get_for_change(self, user_id: int) -> User | None:
        """The entity, its row locked."""
        return self._session.scalar(
            select(User).where(User.user_id == user_id).with_for_update().execution_options(populate_existing=True)
        )

    def page(self, *, role: Role | None, prefix: str | None, after: int, limit: int) -> Sequence[AnyRow]:
        """In the order of user_id. `prefix` is looked for at the start of full name and user name, and of e-mail
        and phone where the actor may see them: a search must not find out what a page hides.
        """
        statement = self._rows().where(User.user_id > after).order_by(User.user_id).limit(limit)
        if role is not None:
            statement = statement.where(User.user_type == role)
        if prefix is not None:
            contact = or_(_starts_with(User.email, prefix), _starts_with(User.phone, prefix))
            statement = statement.where(
                or_(
                    _starts_with(User.full_name, prefix),
                    _starts_with(collate(User.user_name, COLLATION), prefix),
                    and_(self._contact, contact),
                )
            )
        return self._session.execute(statement).all()

    def id_by_user_name(self, user_name: str, role: Role) -> int | None:
        """In capital or small letters."""
        rows = self._session.execute(
            select(User.user_id, User.user_name).where(User.user_name == user_name, User.user_type == role)
        )
        # The database's comparison overlooks accents, and blanks at the end.
        return next((row.user_id for row in rows if folded(row.user_name) == folded(user_name)), None)

    def add_patient(
        self,
        *,
        user_name: str,
        full_name: str,
        email: str | None,
        phone: str | None,
        clinic_ids: Sequence[int],
        now: datetime,
    ) -> User:
        """Raises InvalidInputError when the user name is taken."""
        user = User(
            user_name=user_name,
            user_type=Role.PATIENT,
            full_name=full_name,
            email=email,
            phone=phone,
            email_trusted=email is not None,
            created_at=now,
            updated_at=now,
        )
        add_user(self._session, user)
        self._session.add(Patient(user_id=user.user_id))
        self._session.flush()
        self._session.add_all(
            ClinicPatient(clinic_id=clinic_id, patient_id=user.user_id, created_at=now) for clinic_id in clinic_ids
        )
        return user


def close_account(session: Session, user_id: int, role: Role, now: datetime) -> bool:
    """Deactivates the person; whether there was an active one of that role. For callers who have checked what else
    hangs on it: see services/deactivation.py.
    """
    result = session.execute(
        update(User)
        .where(User.user_id == user_id, User.user_type == role, User.active)
        .values(active=False, version=User.version + 1, updated_at=now),
        execution_options=UNSYNCED,
    )
    return bool(result.rowcount)  # type: ignore[attr-defined] # an UPDATE answers with a CursorResult


def reopen_account(session: Session, user_id: int, role: Role, now: datetime) -> bool:
    """Lets a deactivated person back in; whether there was one of that role. Those who were erased or merged into
    another never come back. Under the lock of the patient or doctor, since who erases holds it, too.
    """
    result = session.execute(
        update(User)
        .where(User.user_id == user_id, User.user_type == role, User.active.is_(False), here(User))
        .values(active=True, version=User.version + 1, updated_at=now),
        execution_options=UNSYNCED,
    )
    return bool(result.rowcount)  # type: ignore[attr-defined] # an UPDATE answers with a CursorResult
