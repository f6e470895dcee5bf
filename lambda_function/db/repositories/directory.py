"""All people, active or not, with their accounts, for operators, who see everybody. Unscoped."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    ColumnExpressionArgument,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect
from lambda_function.db.criteria import here
from lambda_function.db.errors import duplicate
from lambda_function.db.models import (
    Clinic,
    ClinicPatient,
    Doctor,
    DoctorTreatment,
    Patient,
    PersonWord,
    Receptionist,
    ReceptionistClinic,
    Treatment,
    User,
)
from lambda_function.db.rows import columns, fetch_all, fetch_one, write
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.actor import Role
from lambda_function.domain.person_words import SoughtWord
from lambda_function.domain.user_names import folded
from lambda_function.domain.written_text import as_stored


class DirectoryEntry(NamedTuple):
    """A person as operators see them. `cognito_sub` is None for somebody without an account."""

    user_id: int
    user_name: str
    user_type: Role
    full_name: str
    email: str | None
    phone: str | None
    cognito_sub: str | None
    active: bool


class _ClinicOfPerson(NamedTuple):
    user_id: int
    name: str


class _ClinicId(NamedTuple):
    name: str
    clinic_id: int


class _TreatmentId(NamedTuple):
    code: str
    treatment_id: int


class _Profiles(NamedTuple):
    patient: bool
    doctor: bool
    receptionist: bool


_ENTRIES: AnySelect = select(*columns(DirectoryEntry, User))
_BY_NAME = _ENTRIES.where(User.user_name == bindparam("user_name"))
_LAST_ID = select(func.max(User.user_id))
_PROFILES: AnySelect = select(
    *columns(
        _Profiles,
        patient=exists().where(Patient.user_id == bindparam("user_id")),
        doctor=exists().where(Doctor.user_id == bindparam("user_id")),
        receptionist=exists().where(Receptionist.user_id == bindparam("user_id")),
    )
)
_CLINIC_IDS: AnySelect = select(*columns(_ClinicId, Clinic)).where(Clinic.name.in_(bindparam("names", expanding=True)))
_TREATMENT_IDS: AnySelect = select(*columns(_TreatmentId, Treatment)).where(
    Treatment.code.in_(bindparam("codes", expanding=True))
)
# A person's clinics in their current role: a doctor who was once a patient is listed where they work.
_CLINICS = union_all(
    *(
        select(person.label("user_id"), Clinic.name)
        .join(User, (User.user_id == person) & (User.user_type == role))
        .join(Clinic, Clinic.clinic_id == clinic)
        .where(person.in_(bindparam("user_ids", expanding=True)))
        for role, person, clinic in (
            (Role.PATIENT, ClinicPatient.patient_id, ClinicPatient.clinic_id),
            (Role.DOCTOR, Doctor.user_id, Doctor.clinic_id),
            (Role.RECEPTIONIST, ReceptionistClinic.receptionist_id, ReceptionistClinic.clinic_id),
        )
    )
)


def _of_clinic(clinic_id: int) -> ColumnElement[bool]:
    return or_(
        (User.user_type == Role.PATIENT)
        & exists().where(ClinicPatient.patient_id == User.user_id, ClinicPatient.clinic_id == clinic_id),
        (User.user_type == Role.DOCTOR) & exists().where(Doctor.user_id == User.user_id, Doctor.clinic_id == clinic_id),
        (User.user_type == Role.RECEPTIONIST)
        & exists().where(ReceptionistClinic.receptionist_id == User.user_id, ReceptionistClinic.clinic_id == clinic_id),
    )


def page(
    session: Session,
    *,
    role: Role | None,
    clinic_id: int | None,
    active: bool | None,
    words: Sequence[SoughtWord],
    after: int,
    until: int,
    limit: int,
) -> Sequence[DirectoryEntry]:
    """Returns people with ids after `after` and up to `until`, in order, without those who were erased or merged into
    another. Each of `words` begins a word of theirs.
    """
    statement = _ENTRIES.where(User.user_id > after, User.user_id <= until, here(User))
    if role is not None:
        statement = statement.where(User.user_type == role)
    if active is not None:
        statement = statement.where(User.active == active)
    if clinic_id is not None:
        statement = statement.where(_of_clinic(clinic_id))
    for word in words:
        begins = PersonWord.word.like(word.pattern)
        statement = statement.where(
            User.user_id.in_(select(PersonWord.user_id).where(begins, PersonWord.kind.in_(sorted(word.kinds))))
        )
    return fetch_all(session, DirectoryEntry, statement.order_by(User.user_id).limit(limit), unscoped=True)


def last_id(session: Session) -> int:
    """Returns the greatest id of all people, or 0 if there is nobody."""
    return session.scalar(_LAST_ID, execution_options=UNSCOPED) or 0


def clinics_of(session: Session, user_ids: Collection[int]) -> Mapping[int, list[str]]:
    """Returns the names of the clinics of each person, sorted."""
    found: dict[int, list[str]] = {user_id: [] for user_id in user_ids}
    for row in fetch_all(session, _ClinicOfPerson, _CLINICS, {"user_ids": sorted(user_ids)}, unscoped=True):
        found[row.user_id].append(row.name)
    return {user_id: sorted(names) for user_id, names in found.items()}


def find(session: Session, user_name: str, *, leaving: bool = False) -> DirectoryEntry | None:
    """Returns the person with this user name, in capital or small letters, who was neither erased nor merged into
    another. With `leaving`, it also finds a person whose erasing has begun but has not reached the name yet.
    """
    there = User.merged_into.is_(None) if leaving else here(User)
    entry = fetch_one(session, DirectoryEntry, _BY_NAME.where(there), {"user_name": user_name}, unscoped=True)
    # The database's comparison overlooks accents, and blanks at the end.
    return entry if entry is not None and folded(entry.user_name) == folded(user_name) else None


def all_clinic_ids(session: Session) -> tuple[int, ...]:
    return tuple(session.scalars(select(Clinic.clinic_id), execution_options=UNSCOPED))


def clinic_names(session: Session, limit: int) -> Sequence[str]:
    """Returns the names of at most `limit` clinics, in order."""
    names = select(Clinic.name).order_by(Clinic.name).limit(limit)
    return session.scalars(names, execution_options=UNSCOPED).all()


def clinic_ids_by_name(session: Session, names: Collection[str]) -> Mapping[str, int]:
    """Returns the ids of those of the clinics that exist, by name in its stored form."""
    found = fetch_all(session, _ClinicId, _CLINIC_IDS, {"names": names}, unscoped=True)
    return {as_stored(row.name): row.clinic_id for row in found}


def treatment_ids_by_code(session: Session, codes: Collection[str]) -> Mapping[str, int]:
    """Returns the ids of those of the treatments that exist, by code."""
    found = fetch_all(session, _TreatmentId, _TREATMENT_IDS, {"codes": codes}, unscoped=True)
    return {row.code: row.treatment_id for row in found}


def set_type(session: Session, user_id: int, *, before: Role, after: Role, now: datetime) -> bool:
    """Gives the person another role. Returns False if their role was not the one that the caller had seen."""
    return _change(session, User.user_id == user_id, User.user_type == before, user_type=after, updated_at=now)


def link(session: Session, user_id: int, sub: str, now: datetime) -> bool:
    """Gives the account to the person. Returns False if the person has another account, or
    another person has this one.
    """
    free = User.cognito_sub.is_(None) | (User.cognito_sub == sub)
    try:
        return _change(session, User.user_id == user_id, free, cognito_sub=sub, updated_at=now)
    except IntegrityError as error:
        if (duplicate(error) or ("", ""))[0] == "uq_user_cognito_sub":
            return False
        raise


def _change(session: Session, *where: ColumnExpressionArgument[bool], **values: Any) -> bool:
    return write(session, update(User).where(*where).values(version=User.version + 1, **values)) > 0


def profiles_of(session: Session, user_id: int) -> frozenset[Role]:
    """Returns the roles that the person has or had."""
    [found] = fetch_all(session, _Profiles, _PROFILES, {"user_id": user_id}, unscoped=True)
    has = {Role.PATIENT: found.patient, Role.DOCTOR: found.doctor, Role.RECEPTIONIST: found.receptionist}
    return frozenset(role for role in Role if has[role])


def make_patient(session: Session, user_id: int, clinic_ids: Collection[int], now: datetime) -> None:
    """Makes the person a patient of these clinics, in addition to those whose patient they were."""
    _put(session, Patient, [{"user_id": user_id}])
    rows = [{"clinic_id": clinic_id, "patient_id": user_id, "created_at": now} for clinic_id in clinic_ids]
    _put(session, ClinicPatient, rows)


def make_doctor(session: Session, user_id: int, clinic_id: int, treatment_ids: Sequence[int]) -> None:
    """Makes the person a doctor of this clinic, who keeps the treatments of an earlier time as a doctor. The first of
    the new treatments becomes the default.
    """
    _put(session, Doctor, [{"user_id": user_id, "clinic_id": clinic_id}])
    _put(session, DoctorTreatment, [{"doctor_id": user_id, "treatment_id": number} for number in treatment_ids])
    values: dict[str, int] = {"clinic_id": clinic_id}
    if treatment_ids:
        values["default_treatment_id"] = treatment_ids[0]
    write(session, update(Doctor).where(Doctor.user_id == user_id).values(values))


def make_receptionist(session: Session, user_id: int, clinic_ids: Collection[int]) -> None:
    """Makes the person a receptionist of exactly these clinics."""
    _put(session, Receptionist, [{"user_id": user_id}])
    write(session, delete(ReceptionistClinic).where(ReceptionistClinic.receptionist_id == user_id))
    rows = [{"receptionist_id": user_id, "clinic_id": clinic_id} for clinic_id in clinic_ids]
    _put(session, ReceptionistClinic, rows)


def _put(session: Session, mapped: type[Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Adds the rows that do not exist yet. Setting a column to itself changes nothing. INSERT IGNORE would also ignore
    other errors.
    """
    for row in rows:
        column = next(iter(row))
        write(session, insert(mapped).values(row).on_duplicate_key_update({column: row[column]}))
