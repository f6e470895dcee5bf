"""What rows of another system's recalls name, many in each statement. Unscoped."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect
from lambda_function.db.models import Clinic, ClinicPatient, Doctor, Recall, User
from lambda_function.db.rows import columns, fetch_all
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.actor import Role
from lambda_function.domain.user_names import folded
from lambda_function.domain.written_text import as_stored


class NamedDoctor(NamedTuple):
    """A doctor in practice."""

    user_name: str
    user_id: int
    clinic_id: int


class KnownRecall(NamedTuple):
    patient_id: int
    treatment_id: int
    due_on: date
    open_key: int | None


class _NamedClinic(NamedTuple):
    name: str
    clinic_id: int


class _Member(NamedTuple):
    patient_id: int
    clinic_id: int


_CLINICS = select(*columns(_NamedClinic, Clinic)).where(
    Clinic.name.in_(bindparam("names", expanding=True)), Clinic.active
)
_ACTIVE_CLINICS = select(Clinic.name).where(Clinic.active).order_by(Clinic.name).limit(bindparam("most"))
_DOCTORS: AnySelect = (
    select(*columns(NamedDoctor, User, clinic_id=Doctor.clinic_id, user_id=Doctor.user_id))
    .join(Doctor, Doctor.user_id == User.user_id)
    .where(User.user_name.in_(bindparam("names", expanding=True)), User.active, User.user_type == Role.DOCTOR)
)
_IDS: Any = bindparam("patient_ids", expanding=True)
_ACTIVE = select(User.user_id).where(User.user_id.in_(_IDS), User.active, User.user_type == Role.PATIENT)
_MEMBERS = select(*columns(_Member, ClinicPatient)).where(ClinicPatient.patient_id.in_(_IDS))
_KNOWN: AnySelect = select(*columns(KnownRecall, Recall)).where(
    and_(
        Recall.patient_id.in_(_IDS),
        or_(Recall.open_key == 1, Recall.due_on.in_(bindparam("days", expanding=True))),
    )
)


def clinics_named(session: Session, names: Collection[str]) -> Mapping[str, int]:
    """Returns the ids of the active clinics with these names, which are in their stored form."""
    found = fetch_all(session, _NamedClinic, _CLINICS, {"names": sorted(names)}, unscoped=True)
    return {as_stored(clinic.name): clinic.clinic_id for clinic in found}


def active_clinics(session: Session, limit: int) -> Sequence[str]:
    """Returns the names of at most `limit` active clinics, in order."""
    return session.scalars(_ACTIVE_CLINICS, {"most": limit}, execution_options=UNSCOPED).all()


def doctors_named(session: Session, names: Collection[str]) -> Mapping[str, NamedDoctor]:
    """Returns the doctors by their user names as `folded` returns them."""
    found = fetch_all(session, NamedDoctor, _DOCTORS, {"names": sorted(names)}, unscoped=True)
    return {folded(doctor.user_name): doctor for doctor in found}


def active_patients(session: Session, patient_ids: Collection[int]) -> set[int]:
    values = {"patient_ids": sorted(patient_ids)}
    return set(session.scalars(_ACTIVE, values, execution_options=UNSCOPED))


def members(session: Session, patient_ids: Collection[int]) -> set[tuple[int, int]]:
    """Returns the clinics of these patients, as pairs of the ids of patient and clinic."""
    found = fetch_all(session, _Member, _MEMBERS, {"patient_ids": sorted(patient_ids)}, unscoped=True)
    return {(row.patient_id, row.clinic_id) for row in found}


def known(session: Session, patient_ids: Collection[int], days: Collection[date]) -> list[KnownRecall]:
    """Returns the recalls of these patients that are open, or were due on one of these days."""
    values = {"patient_ids": sorted(patient_ids), "days": sorted(days)}
    return fetch_all(session, KnownRecall, _KNOWN, values, unscoped=True)
