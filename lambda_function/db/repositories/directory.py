"""All people, active or not, with their accounts: for operators, who see everybody. Unscoped, and in columns."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, collate, delete, exists, func, or_, select, union_all, update
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lambda_function.db.base import COLLATION, AnyRow, AnySelect
from lambda_function.db.errors import duplicate
from lambda_function.db.models import (
    Clinic,
    ClinicPatient,
    Doctor,
    DoctorTreatment,
    Patient,
    Receptionist,
    ReceptionistClinic,
    Treatment,
    User,
)
from lambda_function.db.repositories.people import add_user
from lambda_function.db.scoping import UNSCOPED, UNSYNCED, here
from lambda_function.domain.actor import Role
from lambda_function.domain.people import NewUser
from lambda_function.domain.user_names import folded

_PERSON: AnySelect = select(
    User.user_id,
    User.user_name,
    User.user_type,
    User.full_name,
    User.email,
    User.phone,
    User.cognito_sub,
    User.active,
)
# The clinics of people in what they are now: a doctor who was a patient once is listed where the doctor works.
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


class Directory:
    """Rows of people have user_id, user_name, user_type, full_name, email, phone, cognito_sub and active."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def page(
        self,
        *,
        role: Role | None,
        clinic_id: int | None,
        active: bool | None,
        prefix: str | None,
        after: int,
        until: int,
        limit: int,
    ) -> Sequence[AnyRow]:
        """Of the ids behind `after` up to `until`, in order, without those who were erased or merged into another.
        `prefix` is looked for at the start of names, user names, e-mails and phones.
        """
        statement = (
            _PERSON.where(User.user_id > after, User.user_id <= until, here(User)).order_by(User.user_id).limit(limit)
        )
        if role is not None:
            statement = statement.where(User.user_type == role)
        if active is not None:
            statement = statement.where(User.active == active)
        if clinic_id is not None:
            statement = statement.where(_of_clinic(clinic_id))
        if prefix is not None:
            texts: list[Any] = [User.full_name, collate(User.user_name, COLLATION), User.email, User.phone]
            statement = statement.where(or_(*(column.startswith(prefix, autoescape=True) for column in texts)))
        return self._session.execute(statement, execution_options=UNSCOPED).all()

    def last_id(self) -> int:
        """The greatest of all; 0 when there is nobody."""
        return self._session.scalar(select(func.max(User.user_id)), execution_options=UNSCOPED) or 0

    def clinics_of(self, user_ids: Collection[int]) -> Mapping[int, list[str]]:
        """The names of the clinics of each person, sorted."""
        rows = self._session.execute(_CLINICS, {"user_ids": sorted(user_ids)}, execution_options=UNSCOPED)
        found: dict[int, list[str]] = {user_id: [] for user_id in user_ids}
        for row in rows:
            found[row.user_id].append(row.name)
        return {user_id: sorted(names) for user_id, names in found.items()}

    def find(self, user_name: str, *, leaving: bool = False) -> AnyRow | None:
        """In capital or small letters, and neither erased nor merged into another. With `leaving`, somebody too whose
        erasing has begun and has not come to the name yet.
        """
        there = User.merged_into.is_(None) if leaving else here(User)
        statement = _PERSON.where(User.user_name == user_name, there)
        row = self._session.execute(statement, execution_options=UNSCOPED).one_or_none()
        # The database's comparison overlooks accents, and blanks at the end.
        return row if row is not None and folded(row.user_name) == folded(user_name) else None

    def all_clinic_ids(self) -> tuple[int, ...]:
        return tuple(self._session.scalars(select(Clinic.clinic_id), execution_options=UNSCOPED))

    def clinic_ids(self, names: Collection[str]) -> Mapping[str, int]:
        """Of those that there are."""
        rows = self._session.execute(
            select(Clinic.name, Clinic.clinic_id).where(Clinic.name.in_(names)), execution_options=UNSCOPED
        )
        return {row.name: row.clinic_id for row in rows}

    def treatment_ids(self, codes: Collection[str]) -> Mapping[str, int]:
        """Of those that there are."""
        rows = self._session.execute(
            select(Treatment.code, Treatment.treatment_id).where(Treatment.code.in_(codes)),
            execution_options=UNSCOPED,
        )
        return {row.code: row.treatment_id for row in rows}

    def add(
        self,
        *,
        user_name: str,
        role: Role,
        full_name: str,
        email: str | None,
        phone: str | None,
        now: datetime,
    ) -> int:
        """The id of the new user, who has no profile yet. Raises NameTakenError."""
        user = NewUser(user_name=user_name, user_type=role, full_name=full_name, email=email, phone=phone)
        return add_user(self._session, user, now)

    def set_type(self, user_id: int, *, before: Role, after: Role, now: datetime) -> bool:
        """Whether the person still was what the caller has seen, and so is something else now."""
        return self._change(User.user_id == user_id, User.user_type == before, user_type=after, updated_at=now)

    def link(self, user_id: int, sub: str, now: datetime) -> bool:
        """Gives the account to the person; False when the person has another one, or the account another person."""
        try:
            return self._change(
                User.user_id == user_id,
                User.cognito_sub.is_(None) | (User.cognito_sub == sub),
                cognito_sub=sub,
                updated_at=now,
            )
        except IntegrityError as error:
            if (duplicate(error) or ("", ""))[0] == "uq_user_cognito_sub":
                return False
            raise

    def _change(self, *where: ColumnElement[bool], **values: Any) -> bool:
        statement = update(User).where(*where).values(version=User.version + 1, **values)
        result = self._session.execute(statement, execution_options=UNSYNCED)
        return bool(result.rowcount)  # type: ignore[attr-defined] # an UPDATE answers with a CursorResult

    def profiles_of(self, user_id: int) -> frozenset[Role]:
        """What the person is or was."""
        statement = select(
            exists().where(Patient.user_id == user_id).label(Role.PATIENT),
            exists().where(Doctor.user_id == user_id).label(Role.DOCTOR),
            exists().where(Receptionist.user_id == user_id).label(Role.RECEPTIONIST),
        )
        row = self._session.execute(statement, execution_options=UNSCOPED).one()
        return frozenset(role for role in Role if row._mapping[role])  # noqa: SLF001 - public, despite its name

    def make_patient(self, user_id: int, clinic_ids: Collection[int], now: datetime) -> None:
        """Beside the clinics whose patient it is already."""
        self._put(Patient, [{"user_id": user_id}])
        self._put(
            ClinicPatient,
            [{"clinic_id": clinic_id, "patient_id": user_id, "created_at": now} for clinic_id in clinic_ids],
        )

    def make_doctor(self, user_id: int, clinic_id: int, treatment_ids: Sequence[int]) -> None:
        """Of that clinic. Who was one before keeps the treatments of then; the first of the new ones is the default."""
        self._put(Doctor, [{"user_id": user_id, "clinic_id": clinic_id}])
        self._put(DoctorTreatment, [{"doctor_id": user_id, "treatment_id": number} for number in treatment_ids])
        values: dict[str, int] = {"clinic_id": clinic_id}
        if treatment_ids:
            values["default_treatment_id"] = treatment_ids[0]
        self._session.execute(
            update(Doctor).where(Doctor.user_id == user_id).values(values), execution_options=UNSYNCED
        )

    def make_receptionist(self, user_id: int, clinic_ids: Collection[int]) -> None:
        """Of those clinics and no others."""
        self._put(Receptionist, [{"user_id": user_id}])
        self._session.execute(
            delete(ReceptionistClinic).where(ReceptionistClinic.receptionist_id == user_id),
            execution_options=UNSYNCED,
        )
        self._put(
            ReceptionistClinic, [{"receptionist_id": user_id, "clinic_id": clinic_id} for clinic_id in clinic_ids]
        )

    def _put(self, mapped: type[Any], rows: Sequence[Mapping[str, Any]]) -> None:
        """Those that are not there yet. Setting a column to itself is the update that changes nothing; INSERT IGNORE
        would also overlook other errors.
        """
        for row in rows:
            column = next(iter(row))
            statement = insert(mapped).values(row)
            self._session.execute(statement.on_duplicate_key_update({column: row[column]}), execution_options=UNSCOPED)
