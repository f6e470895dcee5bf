"""Clinics, treatments and doctors, which everybody may look up: only active ones, ordered by id."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import String, bindparam, exists, func, select
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect
from lambda_function.db.models import Appointment, Clinic, Doctor, DoctorTreatment, Patient, PersonName, Treatment
from lambda_function.db.models.people import PERSON_WORD_ROWS
from lambda_function.db.rows import columns, fetch_all, fetch_one
from lambda_function.domain.person_words import SoughtWord, WordKind


class ClinicRow(NamedTuple):
    clinic_id: int
    name: str
    country: str
    time_zone: str
    address: str | None
    phone: str | None
    email: str | None
    lead_minutes: int
    horizon_days: int
    cutoff_minutes: int
    slot_step_minutes: int


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


class DoctorRow(NamedTuple):
    user_id: int
    full_name: str
    clinic_id: int
    clinic_name: str


class OfferedTreatment(NamedTuple):
    """A treatment that a doctor offers."""

    doctor_id: int
    treatment_id: int
    code: str
    name: str


_HAS_CLINIC = select(Clinic.clinic_id).where(Clinic.clinic_id == bindparam("clinic_id"), Clinic.active)
_HAS_TREATMENT = select(Treatment.treatment_id).where(
    Treatment.treatment_id == bindparam("treatment_id"), Treatment.active
)
_EVER_TREATMENT = select(Treatment.treatment_id).where(Treatment.treatment_id == bindparam("treatment_id"))
_TIME_ZONES = select(Clinic.time_zone).distinct()
_CLINICS: AnySelect = select(*columns(ClinicRow, Clinic)).where(Clinic.active)
_CLINIC = _CLINICS.where(Clinic.clinic_id == bindparam("clinic_id"))
_CLINIC_PAGE = (
    _CLINICS.where(Clinic.clinic_id > bindparam("after")).order_by(Clinic.clinic_id).limit(bindparam("page_limit"))
)
_NAMED_CLINIC_PAGE = _CLINIC_PAGE.where(Clinic.name.like(bindparam("name_start"), escape="/"))
_TREATMENTS: AnySelect = select(*columns(TreatmentRow, Treatment)).where(Treatment.active)
_TREATMENT = _TREATMENTS.where(Treatment.treatment_id == bindparam("treatment_id"))
_TREATMENT_OF_CODE = _TREATMENTS.where(Treatment.code == bindparam("code"))
_TREATMENT_PAGE = (
    _TREATMENTS.where(Treatment.treatment_id > bindparam("after"))
    .order_by(Treatment.treatment_id)
    .limit(bindparam("page_limit"))
)
_DOCTORS: AnySelect = (
    select(*columns(DoctorRow, PersonName, clinic_id=Doctor.clinic_id, user_id=Doctor.user_id, clinic_name=Clinic.name))
    .select_from(Doctor)
    .join(PersonName, PersonName.user_id == Doctor.user_id)
    .join(Clinic, Clinic.clinic_id == Doctor.clinic_id)
    .where(Clinic.active, Doctor.user_id > bindparam("after"))
    .order_by(Doctor.user_id)
    .limit(bindparam("page_limit"))
)
_OFFERED: AnySelect = (
    select(*columns(OfferedTreatment, Treatment, doctor_id=DoctorTreatment.doctor_id))
    .select_from(DoctorTreatment)
    .join(Treatment, Treatment.treatment_id == DoctorTreatment.treatment_id)
    .where(Treatment.active, DoctorTreatment.doctor_id.in_(bindparam("doctor_ids", expanding=True)))
    .order_by(DoctorTreatment.doctor_id, DoctorTreatment.treatment_id)
)


def clinics(session: Session, *, after: int, limit: int, name: str | None = None) -> list[ClinicRow]:
    """Returns clinics, limited to those whose name starts with `name`."""
    values = {"after": after, "page_limit": limit}
    if name is None:
        return fetch_all(session, ClinicRow, _CLINIC_PAGE, values)
    return fetch_all(session, ClinicRow, _NAMED_CLINIC_PAGE, {**values, "name_start": f"{_escaped(name)}%"})


def _escaped(text: str) -> str:
    """Returns the text for LIKE, in which it then means only itself."""
    return text.replace("/", "//").replace("%", "/%").replace("_", "/_")


def clinic(session: Session, clinic_id: int) -> ClinicRow | None:
    return fetch_one(session, ClinicRow, _CLINIC, {"clinic_id": clinic_id})


def treatments(session: Session, *, after: int, limit: int) -> list[TreatmentRow]:
    return fetch_all(session, TreatmentRow, _TREATMENT_PAGE, {"after": after, "page_limit": limit})


def treatment(session: Session, treatment_id: int) -> TreatmentRow | None:
    return fetch_one(session, TreatmentRow, _TREATMENT, {"treatment_id": treatment_id})


def treatment_by_code(session: Session, code: str) -> TreatmentRow | None:
    return fetch_one(session, TreatmentRow, _TREATMENT_OF_CODE, {"code": code})


@lru_cache
def _usual_statement(*, of_doctor: bool, of_clinic: bool) -> AnySelect:
    doctors = select(Doctor.user_id).join(Clinic, Clinic.clinic_id == Doctor.clinic_id).where(Clinic.active)
    if of_doctor:
        doctors = doctors.where(Doctor.user_id == bindparam("doctor_id"))
    if of_clinic:
        doctors = doctors.where(Doctor.clinic_id == bindparam("clinic_id"))
    offering = doctors.join(DoctorTreatment, DoctorTreatment.doctor_id == Doctor.user_id)
    # The treatment is compared in the subquery itself: MariaDB lets no subquery look out of a FROM.
    usual = doctors.where(Doctor.default_treatment_id == Treatment.treatment_id).with_only_columns(func.count())
    return (
        _TREATMENTS.where(offering.where(DoctorTreatment.treatment_id == Treatment.treatment_id).exists())
        .order_by(usual.correlate(Treatment).scalar_subquery().desc(), Treatment.treatment_id)
        .limit(1)
    )


def usual_treatment(session: Session, *, doctor_id: int | None, clinic_id: int | None) -> TreatmentRow | None:
    """Returns what most of the doctors give unless another treatment is asked for, of all that they offer: those of a
    clinic, one doctor, or all. Where none has such a treatment, it is the first that they offer.
    """
    statement = _usual_statement(of_doctor=doctor_id is not None, of_clinic=clinic_id is not None)
    return fetch_one(session, TreatmentRow, statement, {"doctor_id": doctor_id, "clinic_id": clinic_id})


@lru_cache
def _doctors_statement(*, of_doctor: bool, of_clinic: bool, of_treatment: bool, words: int) -> AnySelect:
    """Builds each of the statements once, as in db/repositories/appointments.py. Each word begins one of the name."""
    statement = _DOCTORS
    for number in range(words):
        word = PERSON_WORD_ROWS.alias().c
        begins = word.word.like(bindparam(f"word{number}", type_=String))
        statement = statement.where(exists().where(word.user_id == Doctor.user_id, word.kind == WordKind.NAME, begins))
    if of_doctor:
        statement = statement.where(Doctor.user_id == bindparam("doctor_id"))
    if of_clinic:
        statement = statement.where(Doctor.clinic_id == bindparam("clinic_id"))
    if of_treatment:
        statement = (
            statement.join(DoctorTreatment, DoctorTreatment.doctor_id == Doctor.user_id)
            .join(Treatment, Treatment.treatment_id == DoctorTreatment.treatment_id)
            .where(Treatment.active, Treatment.treatment_id == bindparam("treatment_id"))
        )
    return statement


def doctors(
    session: Session,
    *,
    clinic_id: int | None,
    treatment_id: int | None,
    after: int,
    limit: int,
    doctor_id: int | None = None,
    words: Sequence[SoughtWord] = (),
) -> list[DoctorRow]:
    """Returns doctors of a clinic, doctors who offer a treatment, or one doctor, and of those the ones whose full name
    has a word that begins with each of `words`. None stands for any.
    """
    statement = _doctors_statement(
        of_doctor=doctor_id is not None,
        of_clinic=clinic_id is not None,
        of_treatment=treatment_id is not None,
        words=len(words),
    )
    values = {"doctor_id": doctor_id, "clinic_id": clinic_id, "treatment_id": treatment_id}
    values |= {"after": after, "page_limit": limit}
    named = {f"word{number}": word.pattern for number, word in enumerate(words)}
    return fetch_all(session, DoctorRow, statement, {**values, **named})


def treatments_of(session: Session, doctor_ids: Sequence[int]) -> dict[int, list[OfferedTreatment]]:
    """Returns what each of the doctors currently offers, in one statement."""
    offered: dict[int, list[OfferedTreatment]] = defaultdict(list)
    for treatment in fetch_all(session, OfferedTreatment, _OFFERED, {"doctor_ids": doctor_ids}):
        offered[treatment.doctor_id].append(treatment)
    return offered


def has_clinic(session: Session, clinic_id: int) -> bool:
    return session.scalar(_HAS_CLINIC, {"clinic_id": clinic_id}) is not None


def has_treatment(session: Session, treatment_id: int) -> bool:
    return session.scalar(_HAS_TREATMENT, {"treatment_id": treatment_id}) is not None


def had_treatment(session: Session, treatment_id: int) -> bool:
    """Returns whether there is such a treatment, or was one that is out of use."""
    return session.scalar(_EVER_TREATMENT, {"treatment_id": treatment_id}) is not None


def time_zones(session: Session) -> Sequence[str]:
    """Returns the zones in which there are clinics."""
    return session.scalars(_TIME_ZONES).all()


class VisibleIds(NamedTuple):
    """The ids that name something the actor may see, otherwise None, and the time zone of the clinic."""

    doctor_id: int | None
    patient_id: int | None
    clinic_id: int | None
    time_zone: str | None


_VISIBLE_IDS: AnySelect = select(
    *columns(
        VisibleIds,
        doctor_id=func.coalesce(
            select(Doctor.user_id).where(Doctor.user_id == bindparam("doctor_id")).scalar_subquery(),
            # A doctor who has left is no longer in the catalogue, but those who see a visit of theirs may ask.
            select(Appointment.doctor_id)
            .where(Appointment.doctor_id == bindparam("doctor_id"))
            .limit(1)
            .scalar_subquery(),
        ),
        patient_id=select(Patient.user_id).where(Patient.user_id == bindparam("patient_id")).scalar_subquery(),
        clinic_id=select(Clinic.clinic_id).where(Clinic.clinic_id == bindparam("clinic_id")).scalar_subquery(),
        time_zone=select(Clinic.time_zone).where(Clinic.clinic_id == bindparam("clinic_id")).scalar_subquery(),
    )
)


def visible_ids(
    session: Session, *, doctor_id: int | None = None, patient_id: int | None = None, clinic_id: int | None = None
) -> VisibleIds:
    """Returns which of the ids name something that the actor may see. A doctor who has left counts if the actor sees
    one of their visits.
    """
    ids = {"doctor_id": doctor_id, "patient_id": patient_id, "clinic_id": clinic_id}
    return fetch_all(session, VisibleIds, _VISIBLE_IDS, ids)[0]
