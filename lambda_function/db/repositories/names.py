"""Names of clinics, treatments and staff by their ids, and the time zones of clinics. Unscoped."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import BindParameter, bindparam, select
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect
from lambda_function.db.models import Clinic, Doctor, PersonName, Treatment
from lambda_function.db.rows import columns, fetch_all


class NamedClinic(NamedTuple):
    clinic_id: int
    name: str
    time_zone: str


class NamedStaff(NamedTuple):
    """`time_zone` is that of a doctor's clinic; receptionists may work in several."""

    user_id: int
    full_name: str
    time_zone: str | None


class NamedTreatment(NamedTuple):
    treatment_id: int
    name: str


_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_CLINICS: AnySelect = select(*columns(NamedClinic, Clinic)).where(Clinic.clinic_id.in_(_IDS))
_TREATMENTS: AnySelect = select(*columns(NamedTreatment, Treatment)).where(Treatment.treatment_id.in_(_IDS))
_STAFF: AnySelect = (
    select(*columns(NamedStaff, PersonName, time_zone=Clinic.time_zone))
    .outerjoin(Doctor, Doctor.user_id == PersonName.user_id)
    .outerjoin(Clinic, Clinic.clinic_id == Doctor.clinic_id)
    .where(PersonName.user_id.in_(_IDS))
)


def clinics(session: Session, ids: Collection[int]) -> Mapping[int, NamedClinic]:
    rows = fetch_all(session, NamedClinic, _CLINICS, {"ids": list(ids)}, unscoped=True) if ids else []
    return {row.clinic_id: row for row in rows}


def staff(session: Session, ids: Collection[int]) -> Mapping[int, NamedStaff]:
    rows = fetch_all(session, NamedStaff, _STAFF, {"ids": list(ids)}, unscoped=True) if ids else []
    return {row.user_id: row for row in rows}


def treatments(session: Session, ids: Collection[int]) -> Mapping[int, NamedTreatment]:
    rows = fetch_all(session, NamedTreatment, _TREATMENTS, {"ids": list(ids)}, unscoped=True) if ids else []
    return {row.treatment_id: row for row in rows}
