"""Reading appointments."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from lambda_function.db.repositories import appointment_lists
from lambda_function.db.repositories import appointments as appointment_rows
from lambda_function.db.repositories.appointment_lists import FoundVisits
from lambda_function.db.repositories.appointments import AppointmentView, EventView
from lambda_function.db.repositories.catalogue import visible_ids
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.appointment import Status
from lambda_function.domain.errors import InvalidInputError, NotFoundError
from lambda_function.domain.permissions import Action, require
from lambda_function.domain.registration import RegistrationStatus
from lambda_function.domain.time_zones import day_interval, time_zone


@dataclass(frozen=True, slots=True)
class AppointmentSearch:
    """The appointments to find: those that start in [starts_from, starts_before), or on `day` of the clinic's calendar,
    have one of the statuses, have been confirmed by the patient or not, and are in the country and registered there or
    not. `after` is the (starts_at, appointment_id) at which the page before ended.
    """

    limit: int
    after: tuple[datetime, int] | None = None
    starts_from: datetime | None = None
    starts_before: datetime | None = None
    day: date | None = None
    statuses: Collection[Status] | None = None
    doctor_id: int | None = None
    patient_id: int | None = None
    clinic_id: int | None = None
    attendance_confirmed: bool | None = None
    country: str | None = None
    registration: RegistrationStatus | None = None


def get(work: UnitOfWork, appointment_id: int) -> AppointmentView:
    require(work.actor, Action.READ_APPOINTMENTS)
    row = appointment_rows.find(work.session, appointment_id)
    if row is None:
        raise NotFoundError("There is no such appointment.")
    return row


def history(work: UnitOfWork, appointment_id: int, *, after: int, limit: int) -> Sequence[EventView]:
    """Returns what happened to an appointment, oldest first."""
    require(work.actor, Action.READ_HISTORY)
    if appointment_rows.resources_of(work.session, appointment_id) is None:
        raise NotFoundError("There is no such appointment.")
    return appointment_rows.history(work.session, appointment_id, after=after, limit=limit)


def search(work: UnitOfWork, wanted: AppointmentSearch) -> FoundVisits:
    """Returns at most `limit` visits in the order of (starts_at, appointment_id).

    Raises InvalidInputError for ids that name nothing the caller may see, and for windows that make no sense, and
    ForbiddenError if a patient asks by the registration.
    """
    require(work.actor, Action.READ_APPOINTMENTS)
    if wanted.registration is not None:
        require(work.actor, Action.FIND_BY_REGISTRATION)
    filters: dict[str, Any] = {
        "statuses": None if wanted.statuses is None else sorted(wanted.statuses),
        "doctor_id": wanted.doctor_id,
        "patient_id": wanted.patient_id,
        "clinic_id": wanted.clinic_id,
        "attendance_confirmed": wanted.attendance_confirmed,
        "country": wanted.country,
        **_window(work, wanted),
    }
    if wanted.after is not None:
        filters["after_start"], filters["after_id"] = wanted.after
    given = {name: value for name, value in filters.items() if value is not None}
    clinic_ids, patient_ids = _spread(work.actor, given.keys())
    return appointment_lists.page(
        work.session,
        given,
        limit=wanted.limit,
        registration=wanted.registration,
        clinic_ids=clinic_ids,
        patient_ids=patient_ids,
    )


def _spread(actor: Actor, given: Collection[str]) -> tuple[Sequence[int], Sequence[int]]:
    """Returns the clinics or the patients whose visits are to be found one after the other, because an index holds
    those of one person or clinic. Doctors see only their own visits.
    """
    if actor.role is Role.PATIENT and actor.dependant_ids and "patient_id" not in given:
        return (), actor.patient_ids
    if actor.role is Role.RECEPTIONIST and not {"doctor_id", "patient_id", "clinic_id"} & set(given):
        return actor.clinic_ids, ()
    return (), ()


def _window(work: UnitOfWork, wanted: AppointmentSearch) -> dict[str, datetime | None]:
    window = {"starts_from": wanted.starts_from, "starts_before": wanted.starts_before}
    if wanted.day is not None and any(window.values()):
        raise InvalidInputError("Give either a date or from and to.", field="date")
    if wanted.starts_from and wanted.starts_before and wanted.starts_from > wanted.starts_before:
        raise InvalidInputError("The range must not end before it starts.", field="from")
    clinic_id = wanted.clinic_id
    if wanted.day is not None and clinic_id is None:
        if work.actor.role is not Role.DOCTOR:
            raise InvalidInputError(
                "`clinic_id` is required with `date`, since a day depends on the clinic's time zone.", field="clinic_id"
            )
        clinic_id = work.actor.clinic_ids[0]
    if (wanted.doctor_id, wanted.patient_id, clinic_id) == (None, None, None):
        return window
    visible = visible_ids(work.session, doctor_id=wanted.doctor_id, patient_id=wanted.patient_id, clinic_id=clinic_id)
    for field, value, found in (
        ("doctor_id", wanted.doctor_id, visible.doctor_id),
        ("patient_id", wanted.patient_id, visible.patient_id),
        ("clinic_id", clinic_id, visible.clinic_id),
    ):
        if value is not None and found is None:
            raise InvalidInputError("There is nothing with this id that you may see.", field=field)
    if wanted.day is None or visible.time_zone is None:
        return window
    zone = time_zone(visible.time_zone)
    if zone is None:
        raise InvalidInputError(
            "The time zone of this clinic is not known, so it has no days. Give `from` and `to`.", field="date"
        )
    day = day_interval(wanted.day, zone)
    return {"starts_from": day.start, "starts_before": day.end}
