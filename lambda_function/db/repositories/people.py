"""People as far as the caller may see them, and people who have just signed up, who are not callers yet."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnExpressionArgument,
    bindparam,
    case,
    exists,
    null,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect
from lambda_function.db.criteria import contact_visible, here
from lambda_function.db.errors import duplicate
from lambda_function.db.models import ClinicPatient, Patient, User
from lambda_function.db.repositories.person_words import add_words
from lambda_function.db.rows import columns, fetch_all, fetch_one, write
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.errors import ContentionError, NameTakenError
from lambda_function.domain.people import NewUser
from lambda_function.domain.person_words import found_by
from lambda_function.domain.user_names import folded


class PersonView(NamedTuple):
    """A person as the actor may see them: `email` and `phone` are None where they may not."""

    user_id: int
    user_name: str
    user_type: Role
    full_name: str
    email: str | None
    phone: str | None
    version: int


class UnlinkedPatient(NamedTuple):
    """A patient without an account, and whether their e-mail may link one."""

    user_id: int
    email: str
    email_trusted: bool | None
    version: int


class _NamedUser(NamedTuple):
    user_id: int
    user_name: str


def _views(role: Role) -> AnySelect:
    contact = contact_visible(role)
    return select(
        *columns(
            PersonView,
            User,
            email=case((contact, User.email), else_=null()),
            phone=case((contact, User.phone), else_=null()),
        )
    )


VIEWS: Mapping[Role, AnySelect] = MappingProxyType({role: _views(role) for role in Role})
_ONE: Mapping[Role, AnySelect] = MappingProxyType(
    {role: view.where(User.user_id == bindparam("user_id")) for role, view in VIEWS.items()}
)
_SEVERAL: Mapping[Role, AnySelect] = MappingProxyType(
    {
        role: view.where(User.user_id.in_(bindparam("user_ids", expanding=True))).order_by(User.user_id)
        for role, view in VIEWS.items()
    }
)
_FOR_CHANGE = (
    select(User).where(User.user_id == bindparam("user_id")).with_for_update().execution_options(populate_existing=True)
)
_BY_NAME: AnySelect = select(*columns(_NamedUser, User)).where(
    User.user_name == bindparam("user_name"), User.user_type == bindparam("role")
)
# The database's comparison overlooks capital letters and accents.
_UNLINKED_PATIENTS: AnySelect = (
    select(*columns(UnlinkedPatient, User))
    .where(
        User.email == bindparam("email"),
        User.user_type == Role.PATIENT,
        User.cognito_sub.is_(None),
        User.active,
        here(User),
    )
    .order_by(User.user_id)
    .with_for_update()
)


def get_one_or_none(session: Session, actor: Actor, user_id: int) -> PersonView | None:
    return fetch_one(session, PersonView, _ONE[actor.role], {"user_id": user_id})


def get_several(session: Session, actor: Actor, user_ids: Sequence[int]) -> list[PersonView]:
    """Returns those of the people whom the actor may see, by id."""
    return fetch_all(session, PersonView, _SEVERAL[actor.role], {"user_ids": user_ids})


def get_for_change(session: Session, user_id: int) -> User | None:
    """Returns the entity with its row locked."""
    return session.scalar(_FOR_CHANGE, {"user_id": user_id})


def id_by_user_name(session: Session, user_name: str, role: Role) -> int | None:
    """Returns the id of a visible person with that role. The name may be written in capital or small letters."""
    found = fetch_all(session, _NamedUser, _BY_NAME, {"user_name": user_name, "role": role})
    # The database's comparison overlooks accents, and blanks at the end.
    return next((row.user_id for row in found if folded(row.user_name) == folded(user_name)), None)


def add_user(session: Session, user: NewUser, now: datetime) -> int:
    """Adds a user without a profile and returns the id.

    Raises NameTakenError, and ContentionError if another transaction has just taken the account.
    """
    row = User(**asdict(user), email_trusted=user.email is not None, created_at=now, updated_at=now)
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        match duplicate(error):
            case "uq_user_user_name", _:
                raise NameTakenError("This user name is taken.", field="user_name") from None
            case "uq_user_cognito_sub", _:
                raise ContentionError("This account has just been given to another person; try again.") from None
        raise
    words = found_by(full_name=user.full_name, user_name=user.user_name, email=user.email, phone=user.phone)
    add_words(session, row.user_id, words)
    return row.user_id


def add_patient(session: Session, user: NewUser, now: datetime, clinic_ids: Sequence[int] = ()) -> int:
    """Adds a patient of these clinics and returns the id. Raises the same as add_user."""
    user_id = add_user(session, user, now)
    session.add(Patient(user_id=user_id))
    session.flush()
    session.add_all(ClinicPatient(clinic_id=clinic_id, patient_id=user_id, created_at=now) for clinic_id in clinic_ids)
    return user_id


def is_linked(session: Session, sub: str) -> bool:
    """Returns whether any person, active or not, has this account."""
    found = session.scalars(select(User.cognito_sub).where(User.cognito_sub == sub), execution_options=UNSCOPED)
    # The database's comparison overlooks blanks at the end.
    return sub in found


def is_user_name_taken(session: Session, user_name: str) -> bool:
    return bool(session.scalar(select(exists().where(User.user_name == user_name)), execution_options=UNSCOPED))


def lock_unlinked_patients(session: Session, email: str) -> Sequence[UnlinkedPatient]:
    """Returns active patients without an account whose e-mail the database considers equal, by id, with their rows
    locked.
    """
    return fetch_all(session, UnlinkedPatient, _UNLINKED_PATIENTS, {"email": email}, unscoped=True)


def link(session: Session, user_id: int, sub: str, now: datetime) -> None:
    """Gives an account to the person. Raises ContentionError if another transaction has just taken it."""
    changes = {"cognito_sub": sub, "version": User.version + 1, "updated_at": now}
    try:
        write(session, update(User).where(User.user_id == user_id).values(changes))
    except IntegrityError as error:
        if duplicate(error) is None:
            raise
        raise ContentionError("This account has just been given to another person; try again.") from None


def deactivate(session: Session, user_id: int, role: Role, now: datetime) -> bool:
    """Deactivates the person, and returns whether there was an active person with that role. The caller has checked
    what else depends on it: see services/deactivation.py.
    """
    return _set_active(session, user_id, role, User.active, active=False, updated_at=now)


def reactivate(session: Session, user_id: int, role: Role, now: datetime) -> bool:
    """Reactivates a person, and returns whether there was one with that role. People who were erased or merged into
    another never come back. The caller holds the lock of the patient or doctor, as erasing does.
    """
    return _set_active(session, user_id, role, User.active.is_(False), here(User), active=True, updated_at=now)


def _set_active(
    session: Session, user_id: int, role: Role, *where: ColumnExpressionArgument[bool], **values: Any
) -> bool:
    person = update(User).where(User.user_id == user_id, User.user_type == role, *where)
    return write(session, person.values(version=User.version + 1, **values)) > 0


def anonymous(name: str) -> dict[str, Any]:
    """Returns the columns of a person of whom only a number is kept, which `name` contains."""
    return {
        "user_name": name,
        "full_name": name,
        "email": None,
        "phone": None,
        "email_trusted": None,
        "birth_date": None,
        "language": None,
        "contact_by": None,
        "recalls": None,
        "cognito_sub": None,
    }
