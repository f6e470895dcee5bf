"""The practice as operators see and change it: all rows of all clinics. Only services/practice calls this, and no route
leads here.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, String, bindparam, collate, column, delete, exists, func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from lambda_function.db.base import COLLATION, Base
from lambda_function.db.errors import duplicate
from lambda_function.db.models import (
    Appointment,
    Chair,
    Clinic,
    ClinicMessage,
    Closure,
    Country,
    Doctor,
    DoctorTreatment,
    Receptionist,
    ReceptionistClinic,
    Treatment,
    User,
    WorkingHours,
)
from lambda_function.db.repositories.clinic_messages import OwnWordsRow
from lambda_function.db.rows import columns, fetch_all, write
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.actor import Role
from lambda_function.domain.appointment import HOLDING
from lambda_function.domain.errors import NameTakenError
from lambda_function.domain.people import Language
from lambda_function.domain.user_names import folded
from lambda_function.domain.written_text import as_stored


class CountryRow(NamedTuple):
    code: str


class TreatmentRow(NamedTuple):
    treatment_id: int
    code: str
    name: str
    duration_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    needs_approval: bool
    recall_months: int | None
    price: Decimal | None
    active: bool


class ClinicRow(NamedTuple):
    clinic_id: int
    name: str
    country: str
    time_zone: str
    language: Language
    lead_minutes: int
    horizon_days: int
    cutoff_minutes: int
    slot_step_minutes: int
    offer_minutes: int
    max_open_visits: int | None
    address: str | None
    phone: str | None
    email: str | None
    reminder_hours: tuple[int, ...]
    recall_notice_days: tuple[int, ...]
    quiet_from_minute: int | None
    quiet_to_minute: int | None
    active: bool


class ChairRow(NamedTuple):
    clinic_id: int
    chair_id: int
    name: str
    active: bool


class ClosureRow(NamedTuple):
    clinic_id: int
    first_day: date
    last_day: date
    reason: str | None


class DoctorRow(NamedTuple):
    user_id: int
    user_name: str
    full_name: str
    email: str | None
    phone: str | None
    active: bool
    clinic_id: int
    default_treatment_id: int | None


class OfferedTreatmentRow(NamedTuple):
    doctor_id: int
    treatment_id: int


class WeeklyHoursRow(NamedTuple):
    doctor_id: int
    weekday: int
    start_minute: int
    end_minute: int
    valid_from: date | None
    valid_to: date | None


class ReceptionistRow(NamedTuple):
    user_id: int
    user_name: str
    full_name: str
    email: str | None
    phone: str | None
    active: bool


class ReceptionRow(NamedTuple):
    """A receptionist works at the reception of a clinic."""

    receptionist_id: int
    clinic_id: int


class UserRoleRow(NamedTuple):
    user_name: str
    user_type: Role


class NameWeight(NamedTuple):
    name: str
    weight: bytes


class VisitTime(NamedTuple):
    appointment_id: int
    starts_at: datetime
    ends_at: datetime


_COUNTRIES = select(*columns(CountryRow, Country))
_TREATMENTS = select(*columns(TreatmentRow, Treatment))
_CLINICS = select(*columns(ClinicRow, Clinic))
_CLINIC_MESSAGES = select(*columns(OwnWordsRow, ClinicMessage))
_CHAIRS = select(*columns(ChairRow, Chair))
_CLOSURES = select(*columns(ClosureRow, Closure))
_DOCTORS = (
    select(
        *columns(
            DoctorRow,
            User,
            clinic_id=Doctor.clinic_id,
            default_treatment_id=Doctor.default_treatment_id,
        )
    )
    .join(Doctor, Doctor.user_id == User.user_id)
    .where(User.user_type == Role.DOCTOR)
)
_OFFERED_TREATMENTS = select(*columns(OfferedTreatmentRow, DoctorTreatment))
_WEEKLY_HOURS = select(*columns(WeeklyHoursRow, WorkingHours))
_RECEPTIONISTS = (
    select(*columns(ReceptionistRow, User))
    .join(Receptionist, Receptionist.user_id == User.user_id)
    .where(User.user_type == Role.RECEPTIONIST)
)
_RECEPTIONS = select(*columns(ReceptionRow, ReceptionistClinic))
_ROLES = select(*columns(UserRoleRow, User)).where(User.user_name.in_(bindparam("user_names", expanding=True)))
_NAME: ColumnElement[str] = column("name", String)
_NAME_WEIGHTS = select(
    *columns(NameWeight, name=_NAME, weight=func.weight_string(collate(_NAME, COLLATION)))
).select_from(text("JSON_TABLE(:names, '$[*]' COLUMNS (name VARCHAR(200) CHARACTER SET utf8mb4 PATH '$')) AS given"))
_VISITS_AHEAD = (
    select(*columns(VisitTime, Appointment))
    .where(Appointment.starts_at > bindparam("now"), Appointment.status.in_(sorted(HOLDING)))
    .order_by(Appointment.appointment_id)
)
_WITH_VISITS = select(Clinic.clinic_id).where(
    Clinic.clinic_id.in_(bindparam("clinic_ids", expanding=True)),
    exists().where(Appointment.clinic_id == Clinic.clinic_id),
)


def countries(session: Session) -> list[CountryRow]:
    """Returns the countries that have a register."""
    return fetch_all(session, CountryRow, _COUNTRIES, unscoped=True)


def treatments(session: Session) -> list[TreatmentRow]:
    return fetch_all(session, TreatmentRow, _TREATMENTS, unscoped=True)


def clinics(session: Session) -> list[ClinicRow]:
    return fetch_all(session, ClinicRow, _CLINICS, unscoped=True)


def clinic_messages(session: Session) -> list[OwnWordsRow]:
    return fetch_all(session, OwnWordsRow, _CLINIC_MESSAGES, unscoped=True)


def chairs(session: Session) -> list[ChairRow]:
    return fetch_all(session, ChairRow, _CHAIRS, unscoped=True)


def closures(session: Session) -> list[ClosureRow]:
    return fetch_all(session, ClosureRow, _CLOSURES, unscoped=True)


def doctors(session: Session) -> list[DoctorRow]:
    return fetch_all(session, DoctorRow, _DOCTORS, unscoped=True)


def offered_treatments(session: Session) -> list[OfferedTreatmentRow]:
    return fetch_all(session, OfferedTreatmentRow, _OFFERED_TREATMENTS, unscoped=True)


def weekly_hours(session: Session) -> list[WeeklyHoursRow]:
    return fetch_all(session, WeeklyHoursRow, _WEEKLY_HOURS, unscoped=True)


def receptionists(session: Session) -> list[ReceptionistRow]:
    return fetch_all(session, ReceptionistRow, _RECEPTIONISTS, unscoped=True)


def receptions(session: Session) -> list[ReceptionRow]:
    return fetch_all(session, ReceptionRow, _RECEPTIONS, unscoped=True)


def roles(session: Session, user_names: Collection[str]) -> dict[str, Role]:
    """Returns the roles of the people with these user names, in capital or small letters, by
    the name as spelled here.
    """
    asked = {folded(name): name for name in user_names}
    rows = fetch_all(session, UserRoleRow, _ROLES, {"user_names": sorted(user_names)}, unscoped=True)
    return {asked[folded(row.user_name)]: row.user_type for row in rows if folded(row.user_name) in asked}


def name_weights(session: Session, names: Collection[str]) -> dict[str, bytes]:
    """Returns what the database compares instead of each name: the same for names that it considers equal."""
    rows = fetch_all(session, NameWeight, _NAME_WEIGHTS, {"names": json.dumps(sorted(names))}, unscoped=True)
    return {row.name: row.weight for row in rows}


def visits_ahead(
    session: Session,
    now: datetime,
    *,
    clinic_id: int | None = None,
    doctor_id: int | None = None,
    treatment_id: int | None = None,
    chair_id: int | None = None,
) -> list[VisitTime]:
    """Returns the visits that hold time and have not begun, with all of these ids, in the order of their own ids."""
    wanted = {
        Appointment.clinic_id: clinic_id,
        Appointment.doctor_id: doctor_id,
        Appointment.treatment_id: treatment_id,
        Appointment.chair_id: chair_id,
    }
    statement = _VISITS_AHEAD.where(*(column == value for column, value in wanted.items() if value is not None))
    return fetch_all(session, VisitTime, statement, {"now": now}, unscoped=True)


def with_visits(session: Session, clinic_ids: Collection[int]) -> set[int]:
    """Returns those of the clinics that have visits, whatever became of these."""
    return set(session.scalars(_WITH_VISITS, {"clinic_ids": sorted(clinic_ids)}, execution_options=UNSCOPED))


def add(session: Session, rows: Sequence[Base]) -> None:
    """Adds a row. Raises NameTakenError if its name is taken."""
    session.add_all(rows)
    try:
        session.flush()
    except IntegrityError as error:
        if duplicate(error) is None:
            raise
        raise NameTakenError(
            "A new name is taken: an operator has just added it, or it differs from the name of another clinic, or "
            "of another chair of the clinic, only in capital letters or accents. Plan again, or take another name."
        ) from None


def change(session: Session, key: InstrumentedAttribute[int], row_id: int, values: Mapping[str, Any]) -> None:
    """Sets columns of the row that has this value of `key`, the primary key of its class."""
    mapped = key.class_
    if hasattr(mapped, "version"):
        values = {**values, "version": mapped.version + 1}
    write(session, update(mapped).where(key == row_id).values(values))


def set_register(session: Session, country: str, *, is_there: bool) -> None:
    """Says whether the country has a register."""
    if is_there:
        add(session, [Country(code=country)])
    else:
        write(session, delete(Country).where(Country.code == country))


def set_chairs(session: Session, clinic_id: int, names: Collection[str]) -> None:
    """These chairs are in use and all others of the clinic are not."""
    of_clinic = select(Chair.name).where(Chair.clinic_id == clinic_id)
    known = {as_stored(name) for name in session.scalars(of_clinic, execution_options=UNSCOPED)}
    for named, active in ((Chair.name.in_(names), True), (Chair.name.not_in(names), False)):
        write(session, update(Chair).where(Chair.clinic_id == clinic_id, named).values(active=active))
    add(session, [Chair(clinic_id=clinic_id, name=name) for name in names if name not in known])


def set_offered_treatments(session: Session, doctor_id: int, treatment_ids: Collection[int]) -> None:
    """The doctor offers these treatments only. A default treatment that is no longer offered is removed."""
    write(
        session,
        update(Doctor)
        .where(Doctor.user_id == doctor_id, Doctor.default_treatment_id.not_in(treatment_ids))
        .values(default_treatment_id=None),
    )
    of_doctor = DoctorTreatment.doctor_id == doctor_id
    write(session, delete(DoctorTreatment).where(of_doctor, DoctorTreatment.treatment_id.not_in(treatment_ids)))
    known = set(session.scalars(select(DoctorTreatment.treatment_id).where(of_doctor), execution_options=UNSCOPED))
    add(session, [DoctorTreatment(doctor_id=doctor_id, treatment_id=new) for new in treatment_ids if new not in known])


def replace(session: Session, owner: InstrumentedAttribute[int], owner_id: int, rows: Iterable[Base]) -> None:
    """Deletes the rows whose column `owner`, such as Closure.clinic_id, has this id, and adds `rows`."""
    write(session, delete(owner.class_).where(owner == owner_id))
    add(session, list(rows))
