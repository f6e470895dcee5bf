"""Who acts for whom. Changes are unscoped: the ties of two people count, whoever may see them."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Date,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect
from lambda_function.db.criteria import here
from lambda_function.db.models import Guardian, PersonName, User
from lambda_function.db.models.people import CLINIC_PATIENT_ROWS, GUARDIAN_ROWS, USER_ROWS
from lambda_function.db.rows import columns, fetch_all, fetch_one, write
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.actor import Role
from lambda_function.domain.guardians import Ties


class GuardianView(NamedTuple):
    """A guardian of a patient."""

    user_id: int
    full_name: str
    reason: str | None
    ends_on: date | None


class Grant(NamedTuple):
    """What a guardian was given, when, and until when."""

    guardian_id: int
    patient_id: int
    reason: str | None
    created_at: datetime
    ends_on: date | None


class BornPatient(NamedTuple):
    """An active patient, with the birth date if it is known."""

    user_id: int
    birth_date: date | None


class _Ties(NamedTuple):
    guardians_of_patient: int
    dependants_of_patient: int
    guardians_of_guardian: int
    dependants_of_guardian: int


def acting(row: Any) -> ColumnElement[bool]:
    """Returns the criterion for guardians whose time has not ended on the day `today`, a parameter."""
    return or_(row.ends_on.is_(None), row.ends_on > bindparam("today", type_=Date))


def represented(patient_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Returns whether the caller still acts for the patient on the day `today`, given as `guardian_id` if the caller
    acts for another (see Actor.as_guardian_of), and true where that is None. Both must be active. It reads all rows, so
    scoped statements may have it as well.
    """
    guardian_id = bindparam("guardian_id", type_=BigInteger)
    ties, guardian, dependant = GUARDIAN_ROWS.alias(), USER_ROWS.alias(), USER_ROWS.alias()
    acts = exists().where(
        ties.c.guardian_id == guardian_id,
        ties.c.patient_id == patient_id,
        acting(ties.c),
        guardian.c.user_id == ties.c.guardian_id,
        dependant.c.user_id == ties.c.patient_id,
        *(condition for person in (guardian.c, dependant.c) for condition in (person.active == true(), here(person))),
    )
    return or_(guardian_id.is_(None), acts)


_CLINICS: BindParameter[int] = bindparam("clinic_ids", expanding=True)


def _belongs(user_id: Any) -> ColumnElement[bool]:
    """Returns the criterion for patients of the clinics `clinic_ids`."""
    members = CLINIC_PATIENT_ROWS.alias()
    return exists().where(members.c.patient_id == user_id, members.c.clinic_id.in_(_CLINICS))


def _number(*where: ColumnElement[bool]) -> Any:
    return select(func.count()).select_from(Guardian).where(*where, acting(Guardian)).scalar_subquery()


_PATIENT: BindParameter[int] = bindparam("patient_id")
_GUARDIAN: BindParameter[int] = bindparam("guardian_id")
_PAGE: AnySelect = (
    select(*columns(GuardianView, Guardian, user_id=Guardian.guardian_id, full_name=PersonName.full_name))
    .join(PersonName, PersonName.user_id == Guardian.guardian_id)
    .where(
        Guardian.patient_id == _PATIENT,
        Guardian.guardian_id > bindparam("after"),
        acting(Guardian),
        _belongs(Guardian.guardian_id),
    )
    .order_by(Guardian.guardian_id)
    .limit(bindparam("page_limit"))
)
_MEMBERS = select(User.user_id).where(
    User.user_id.in_(bindparam("user_ids", expanding=True)), User.user_type == Role.PATIENT, _belongs(User.user_id)
)
_PATIENTS: AnySelect = (
    select(*columns(BornPatient, User))
    .where(
        User.user_id.in_(bindparam("user_ids", expanding=True)),
        User.user_type == Role.PATIENT,
        User.active,
        here(User),
    )
    .order_by(User.user_id)
    .with_for_update()
)
_TIES: AnySelect = select(
    *columns(
        _Ties,
        guardians_of_patient=_number(Guardian.patient_id == _PATIENT, Guardian.guardian_id != _GUARDIAN),
        dependants_of_patient=_number(Guardian.guardian_id == _PATIENT),
        guardians_of_guardian=_number(Guardian.patient_id == _GUARDIAN),
        dependants_of_guardian=_number(Guardian.guardian_id == _GUARDIAN, Guardian.patient_id != _PATIENT),
    )
)
_ACTS_FOR = select(represented(bindparam("patient_id", type_=BigInteger)))
_GRANTS: AnySelect = select(*columns(Grant, Guardian))
_GRANT = _GRANTS.where(Guardian.guardian_id == _GUARDIAN, Guardian.patient_id == _PATIENT)
_ACTING_FOR = _GRANTS.where(Guardian.patient_id == _PATIENT, acting(Guardian)).with_for_update()
_USER: BindParameter[int] = bindparam("user_id")
_OF_PERSON = union_all(
    _GRANTS.where(Guardian.guardian_id == _USER),
    _GRANTS.where(Guardian.patient_id == _USER),
)


def members(session: Session, user_ids: Collection[int], clinic_ids: Collection[int]) -> frozenset[int]:
    """Returns those of these people who are patients of one of the clinics, active or not."""
    values = {"user_ids": sorted(user_ids), "clinic_ids": sorted(clinic_ids)}
    return frozenset(session.scalars(_MEMBERS, values, execution_options=UNSCOPED))


def page(
    session: Session, patient_id: int, clinic_ids: Collection[int], today: date, *, after: int, limit: int
) -> list[GuardianView]:
    """Returns those who act for the patient on that day and are patients of one of the clinics, by user_id. Whether
    they are active makes no difference.
    """
    values = {
        "patient_id": patient_id,
        "clinic_ids": sorted(clinic_ids),
        "today": today,
        "after": after,
        "page_limit": limit,
    }
    return fetch_all(session, GuardianView, _PAGE, values)


def acts_for(session: Session, guardian_id: int, patient_id: int, today: date) -> bool:
    """Returns whether the one may act for the other on that day. It is certain only under the locks of both."""
    values = {"guardian_id": guardian_id, "patient_id": patient_id, "today": today}
    return bool(session.scalar(_ACTS_FOR, values, execution_options=UNSCOPED))


def lock_born(session: Session, user_ids: Collection[int]) -> dict[int, BornPatient]:
    """Returns the active patients among these people by id, with their rows locked in that order, so that nobody
    changes a birth date meanwhile. Call it after locking the patients.
    """
    found = fetch_all(session, BornPatient, _PATIENTS, {"user_ids": sorted(user_ids)}, unscoped=True)
    return {patient.user_id: patient for patient in found}


def ties(session: Session, *, patient_id: int, guardian_id: int, today: date) -> Ties:
    """Returns the ties of both on that day. They are certain only under the locks of both patients."""
    values = {"patient_id": patient_id, "guardian_id": guardian_id, "today": today}
    [found] = fetch_all(session, _Ties, _TIES, values, unscoped=True)
    return Ties(**found._asdict())


def find(session: Session, *, patient_id: int, guardian_id: int) -> Grant | None:
    """Returns the grant, even if it has ended."""
    return fetch_one(session, Grant, _GRANT, {"patient_id": patient_id, "guardian_id": guardian_id}, unscoped=True)


def put(session: Session, grant: Grant, *, created_by: int) -> None:
    """Adds the grant, or replaces that of the same two people."""
    given = {"reason": grant.reason, "ends_on": grant.ends_on, "created_at": grant.created_at, "created_by": created_by}
    statement = insert(Guardian).values(guardian_id=grant.guardian_id, patient_id=grant.patient_id, **given)
    write(session, statement.on_duplicate_key_update(given))


def remove(session: Session, *, patient_id: int, guardian_id: int) -> bool:
    """Removes the grant, and returns whether there was one."""
    one = and_(Guardian.guardian_id == guardian_id, Guardian.patient_id == patient_id)
    return write(session, delete(Guardian).where(one)) > 0


def lock_acting(session: Session, patient_id: int, today: date) -> list[Grant]:
    """Returns the grants of those who act for the patient on that day, with their rows locked."""
    return fetch_all(session, Grant, _ACTING_FOR, {"patient_id": patient_id, "today": today}, unscoped=True)


def set_end(session: Session, grant: Grant, ends_on: date | None) -> None:
    one = and_(Guardian.guardian_id == grant.guardian_id, Guardian.patient_id == grant.patient_id)
    write(session, update(Guardian).where(one).values(ends_on=ends_on))


def remove_all(session: Session, user_id: int) -> Sequence[Grant]:
    """Removes the person's guardians and dependants, and returns what was removed."""
    found = fetch_all(session, Grant, _OF_PERSON, {"user_id": user_id}, unscoped=True)
    for person in (Guardian.guardian_id, Guardian.patient_id):
        write(session, delete(Guardian).where(person == user_id))
    return found
