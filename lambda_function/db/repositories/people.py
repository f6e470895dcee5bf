"""People as far as the caller may see them, and people who have just signed up, who are not callers yet."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    ColumnExpressionArgument,
    bindparam,
    case,
    exists,
    func,
    literal,
    null,
    select,
    update,
)
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import coalesce

from lambda_function.db.base import LANGUAGE, AnySelect
from lambda_function.db.criteria import chart_visible, contact_visible, here
from lambda_function.db.errors import duplicate
from lambda_function.db.models import Clinic, ClinicPatient, Patient, User
from lambda_function.db.models.people import CLINIC_PATIENT_ROWS, PATIENT_IDENTIFIER_ROWS
from lambda_function.db.repositories.person_words import add_words
from lambda_function.db.rows import columns, fetch_all, fetch_one, write
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.errors import ContentionError, NameTakenError
from lambda_function.domain.people import Channel, Language, NewUser
from lambda_function.domain.person_words import FoundBy, found_by
from lambda_function.domain.user_names import folded


class PersonView(NamedTuple):
    """A person as the actor may see them. Where the actor may not see the contact data, `contact_visible` is false and
    everything from `email` to `recalls` is None.

    `contact_by` is what the person chose; language and recalls are what holds. `bounced_email_hash` is the hash of an
    address from which mail has come back. `identifiers` are those that the actor may see, in any order, each with
    `system` and `value`; None stands for none.
    """

    user_id: int
    user_name: str
    user_type: Role
    full_name: str
    contact_visible: bool
    email: str | None
    phone: str | None
    birth_date: date | None
    identifiers: Sequence[Mapping[str, str]] | None
    language: Language | None
    contact_by: Channel | None
    bounced_email_hash: str | None
    recalls: bool | None
    active: bool
    version: int


class UnlinkedPatient(NamedTuple):
    """A patient without an account, and whether their e-mail may link one."""

    user_id: int
    email: str
    email_trusted: bool | None
    version: int


class OwnAddress(NamedTuple):
    """The e-mail address of a person, and whether it may link an account."""

    email: str | None
    email_trusted: bool | None
    version: int


class _NamedUser(NamedTuple):
    user_id: int
    user_name: str


def _views(role: Role) -> AnySelect:
    contact = contact_visible(role)

    def shown(value: Any) -> Any:
        return case((contact, value), else_=null())

    return select(
        *columns(
            PersonView,
            User,
            contact_visible=contact,
            email=shown(User.email),
            phone=shown(User.phone),
            birth_date=shown(User.birth_date),
            identifiers=shown(_identifiers(role)),
            language=shown(coalesce(User.language, _language_by_default(role), literal(Language.EN, LANGUAGE))),
            contact_by=shown(User.contact_by),
            bounced_email_hash=shown(User.bounced_email_hash),
            recalls=shown(coalesce(User.recalls, User.user_type == Role.PATIENT)),
        )
    )


def _identifiers(role: Role) -> ColumnElement[Any]:
    """Returns the identifiers of a person whose contact data the caller sees, as one value: a list, or NULL if there
    are none.
    """
    row = PATIENT_IDENTIFIER_ROWS.alias()
    each = func.json_object("system", row.c.system, "value", row.c.value)
    found = select(func.json_arrayagg(each, type_=JSON)).where(row.c.user_id == User.user_id)
    if role is not Role.PATIENT:
        found = found.where(chart_visible(row.c))
    return found.correlate(User).scalar_subquery()


def _language_by_default(role: Role) -> ColumnElement[Any]:
    """Returns the language of the clinic `language_of`, which is one of the caller's. For a patient, who has no clinics
    to work in, it is the first clinic whose patient the person is.
    """
    language = select(Clinic.language)
    if role is not Role.PATIENT:
        return language.where(Clinic.clinic_id == bindparam("language_of", type_=BigInteger)).scalar_subquery()
    members = CLINIC_PATIENT_ROWS.alias()
    first = select(func.min(members.c.clinic_id)).where(members.c.patient_id == User.user_id).correlate(User)
    return language.where(Clinic.clinic_id == first.scalar_subquery()).correlate(User).scalar_subquery()


def language_of(actor: Actor, clinic_id: int | None = None) -> dict[str, Any]:
    """Returns the parameter of VIEWS that says whose language people have by default: that of the clinic, or else of
    the actor's first one.
    """
    return {"language_of": min(actor.clinic_ids, default=0) if clinic_id is None else clinic_id}


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
_ADDRESS: AnySelect = select(*columns(OwnAddress, User)).where(User.user_id == bindparam("user_id")).with_for_update()
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


def get_one_or_none(session: Session, actor: Actor, user_id: int, *, clinic_id: int | None = None) -> PersonView | None:
    """Returns the person, for whom the language of that clinic holds by default."""
    return fetch_one(session, PersonView, _ONE[actor.role], {"user_id": user_id, **language_of(actor, clinic_id)})


def get_several(session: Session, actor: Actor, user_ids: Sequence[int]) -> list[PersonView]:
    """Returns those of the people whom the actor may see, by id."""
    return fetch_all(session, PersonView, _SEVERAL[actor.role], {"user_ids": user_ids, **language_of(actor)})


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
    add_words(session, row.user_id, words_of(row))
    return row.user_id


def words_of(user: User | NewUser) -> frozenset[FoundBy]:
    """Returns the words by which somebody is found who has this row."""
    return found_by(
        full_name=user.full_name,
        user_name=user.user_name,
        email=user.email,
        phone=user.phone,
        birth_date=user.birth_date,
    )


def add_patient(session: Session, user: NewUser, now: datetime, clinic_ids: Sequence[int] = ()) -> int:
    """Adds a patient of these clinics and returns the id. Raises the same as add_user."""
    user_id = add_user(session, user, now)
    session.add(Patient(user_id=user_id))
    session.flush()
    session.add_all(ClinicPatient(clinic_id=clinic_id, patient_id=user_id, created_at=now) for clinic_id in clinic_ids)
    return user_id


def add_to_clinics(session: Session, user_id: int, clinic_ids: Sequence[int], now: datetime) -> None:
    """Makes somebody a patient of these clinics, whose patient they may be already."""
    rows = [{"clinic_id": clinic_id, "patient_id": user_id, "created_at": now} for clinic_id in sorted(clinic_ids)]
    statement = insert(ClinicPatient).values(rows)
    write(session, statement.on_duplicate_key_update(clinic_id=ClinicPatient.clinic_id))


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
        "bounced_email_hash": None,
    }


def lock_address(session: Session, user_id: int) -> OwnAddress | None:
    """Returns the e-mail address of the person, whose row is locked."""
    return fetch_one(session, OwnAddress, _ADDRESS, {"user_id": user_id}, unscoped=True)


def mark_bounced(session: Session, user_id: int, bounced_email_hash: str, *, trusted: bool, now: datetime) -> None:
    """Notes that mail to this address has come back, and whether the address is still trusted."""
    changes = {
        "bounced_email_hash": bounced_email_hash,
        "email_trusted": trusted,
        "version": User.version + 1,
        "updated_at": now,
    }
    write(session, update(User).where(User.user_id == user_id).values(changes))
