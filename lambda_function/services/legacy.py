"""The original's two calls, for its callers: with user names instead of ids, and times as the clinic's clocks show
them.
"""

from collections.abc import Sequence
from datetime import datetime

from lambda_function.db.repositories.appointments import AppointmentView, VisitByName, from_local_midnight
from lambda_function.db.repositories.booking import doctor_clinic
from lambda_function.db.repositories.catalogue import time_zones
from lambda_function.db.repositories.people import id_by_user_name
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Role
from lambda_function.domain.errors import DomainError, NotFoundError, TreatmentNotOfferedError, UnknownZoneError
from lambda_function.domain.permissions import Action, require
from lambda_function.domain.time_zones import day_start, time_zone, to_utc
from lambda_function.services.booking import BookingRequest, book

MAX_ROWS = 1000
# The fields of these callers, by the fields that booking finds wrong.
_FIELDS = {"starts_at": "appointment_date", "doctor_id": "doctor", "patient_id": "patient", "treatment_id": "doctor"}


def upcoming(work: UnitOfWork) -> Sequence[tuple[VisitByName, datetime]]:
    """Returns visits that hold their time, from the start of each clinic's today, earliest first, at most MAX_ROWS,
    each with its start on the clinic's wall clock (naive). Those of a clinic with an unknown zone are left out.
    """
    require(work.actor, Action.READ_APPOINTMENTS)
    zones = {name: zone for name in time_zones(work.session) if (zone := time_zone(name)) is not None}
    if not zones:
        return []
    since = {name: day_start(work.now.astimezone(zone).date(), zone) for name, zone in zones.items()}
    visits = from_local_midnight(work.session, since, limit=MAX_ROWS)
    return [(visit, visit.starts_at.astimezone(zones[visit.time_zone]).replace(tzinfo=None)) for visit in visits]


def book_by_name(work: UnitOfWork, *, patient: str, doctor: str, local_start: datetime) -> AppointmentView:
    """Books the doctor's default treatment at a naive local time of the doctor's clinic.

    Raises NotFoundError for names that the caller may not see, and whatever booking raises.
    """
    require(work.actor, Action.BOOK_BY_NAME)
    patient_id = id_by_user_name(work.session, patient, Role.PATIENT)
    doctor_id = id_by_user_name(work.session, doctor, Role.DOCTOR)
    if patient_id is None or doctor_id is None:
        raise NotFoundError("There is no such patient or doctor.")
    clinic = doctor_clinic(work.session, doctor_id)
    if clinic is None or clinic.default_treatment_id is None:
        raise TreatmentNotOfferedError(
            "The doctor has no default treatment. Choose a treatment through /appointments.", field="doctor"
        )
    zone = time_zone(clinic.time_zone)
    if zone is None:
        raise UnknownZoneError(field="appointment_date")
    starts_at = to_utc(local_start, zone, field="appointment_date")
    request = BookingRequest(
        doctor_id=doctor_id,
        treatment_id=clinic.default_treatment_id,
        starts_at=starts_at,
        patient_id=patient_id,
    )
    try:
        return book(work, request)
    except DomainError as error:
        error.field = _FIELDS.get(error.field or "", error.field)
        raise
