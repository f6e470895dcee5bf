"""Visits of the main database as their country's register is to have them. The statements use only what the readers'
rights allow (db/grants.py), and are unscoped, because a register has all visits of its country.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, bindparam, case, func, select
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect
from lambda_function.db.models import (
    Appointment,
    AppointmentRegistration,
    Clinic,
    PatientIdentifier,
    Treatment,
    User,
)
from lambda_function.db.rows import columns, fetch_all
from lambda_function.db.scoping import UNSCOPED
from lambda_function.domain.appointment import Status
from lambda_function.domain.identifiers import IdentifierSystem
from lambda_function.domain.registration import Outcome


class VisitToRegister(NamedTuple):
    """A visit as it is now. `insurance` is None for a patient who has none in the clinic's country or was erased.
    `told_version` and `told` are the last outcome that the main database knows.
    """

    appointment_id: int
    version: int
    clinic_id: int
    country: str
    time_zone: str
    status: Status
    starts_at: datetime
    ends_at: datetime
    treatment_code: str
    insurance: str | None
    updated_at: datetime
    told_version: int | None
    told: Outcome | None


# Somebody may have several identifiers of one kind in a country, so one of them is chosen, always the same.
_INSURANCE = (
    select(func.min(PatientIdentifier.value))
    .where(
        PatientIdentifier.user_id == Appointment.patient_id,
        PatientIdentifier.system == IdentifierSystem.INSURANCE,
        PatientIdentifier.scope == Clinic.country,
    )
    .scalar_subquery()
)
_VISITS: AnySelect = (
    select(
        *columns(
            VisitToRegister,
            Appointment,
            country=Clinic.country,
            time_zone=Clinic.time_zone,
            treatment_code=Treatment.code,
            insurance=case((User.erased_at.is_(None), _INSURANCE)),
            told_version=AppointmentRegistration.version,
            told=AppointmentRegistration.status,
        )
    )
    .select_from(Appointment)
    .join(Clinic, Clinic.clinic_id == Appointment.clinic_id)
    .join(Treatment, Treatment.treatment_id == Appointment.treatment_id)
    .join(User, User.user_id == Appointment.patient_id)
    .outerjoin(AppointmentRegistration, AppointmentRegistration.appointment_id == Appointment.appointment_id)
)
_NAMED: AnySelect = _VISITS.where(
    Appointment.appointment_id.in_(bindparam("appointment_ids", type_=BigInteger, expanding=True))
)
_OF_COUNTRY: AnySelect = _VISITS.where(
    Clinic.country == bindparam("country"),
    Appointment.appointment_id > bindparam("after"),
    Appointment.appointment_id <= bindparam("last"),
)
# The last id of a part, or none if there are not that many.
_NEXT_IDS = (
    select(Appointment.appointment_id)
    .where(Appointment.appointment_id > bindparam("after"))
    .order_by(Appointment.appointment_id)
    .offset(bindparam("others"))
    .limit(1)
)
_LAST_ID = select(func.max(Appointment.appointment_id))


def visits(session: Session, appointment_ids: Collection[int]) -> dict[int, VisitToRegister]:
    """Returns those of the visits that exist, whatever their country."""
    found = fetch_all(session, VisitToRegister, _NAMED, {"appointment_ids": sorted(appointment_ids)}, unscoped=True)
    return {visit.appointment_id: visit for visit in found}


def part_end(session: Session, after: int, size: int) -> int | None:
    """Returns the id of the last of the next `size` visits of all countries, or None if there are fewer."""
    return session.scalar(_NEXT_IDS, {"after": after, "others": size - 1}, execution_options=UNSCOPED)


def last_id(session: Session) -> int:
    """Returns the greatest id of all visits, or 0."""
    return session.scalar(_LAST_ID, execution_options=UNSCOPED) or 0


def visits_between(session: Session, country: str, after: int, last: int) -> dict[int, VisitToRegister]:
    """Returns the visits of the country whose ids are beyond `after`, up to `last`."""
    values = {"country": country, "after": after, "last": last}
    return {
        visit.appointment_id: visit for visit in fetch_all(session, VisitToRegister, _OF_COUNTRY, values, unscoped=True)
    }
