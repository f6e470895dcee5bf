"""Working hours of a doctor, and exceptions from them. Changing them never changes a booking: the answer lists the
appointments that are now outside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from lambda_function.db.repositories import claims
from lambda_function.db.repositories import working_hours as working_hours_rows
from lambda_function.db.repositories.booking import DoctorClinic, doctor_clinic
from lambda_function.db.repositories.busy import VisitOfDoctor, visits_of_doctors
from lambda_function.db.repositories.working_hours import working_times
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.errors import InvalidInputError, NotFoundError
from lambda_function.domain.intervals import Interval
from lambda_function.domain.outside_hours import outside_hours
from lambda_function.domain.permissions import Action, Subject, require
from lambda_function.domain.time_zones import time_zone
from lambda_function.domain.working_hours import WeeklyHours, Window, check_week, check_windows
from lambda_function.services.freed_hours import free_after_change, read_before_change
from lambda_function.services.visits import visible_to

MAX_TIME_OFF = timedelta(days=5 * 366)
# How far ahead hours are compared with visits. No clinic's horizon, which a practice file sets, is longer.
LOOK_AHEAD = MAX_TIME_OFF
DOCTORS_AT_ONCE = 100


def require_doctor(work: UnitOfWork, doctor_id: int, action: Action) -> DoctorClinic:
    """Raises NotFoundError if there is no such doctor, and ForbiddenError if the actor may not do this to them."""
    clinic = doctor_clinic(work.session, doctor_id)
    if clinic is None:
        raise NotFoundError("There is no such doctor.")
    require(work.actor, action, Subject(patient_id=None, doctor_id=doctor_id, clinic_id=clinic.clinic_id))
    return clinic


def weekly(work: UnitOfWork, doctor_id: int) -> list[WeeklyHours]:
    require_doctor(work, doctor_id, Action.READ_CATALOGUE)
    return working_hours_rows.weekly(work.session, doctor_id)


def replace_weekly(work: UnitOfWork, doctor_id: int, week: Sequence[WeeklyHours]) -> list[int]:
    """Replaces the whole week. Returns the ids of the future appointments that are now outside hours, as far as the
    actor sees them.
    """
    check_week(week, "hours")
    clinic = lock_doctor(work, doctor_id, Action.SET_HOURS)
    before = read_before_change(work, [doctor_id])
    working_hours_rows.replace_weekly(work.session, doctor_id, week)
    free_after_change(work, before, [clinic])
    return _ids_outside_hours(work, doctor_id, clinic.time_zone)


def exceptions(
    work: UnitOfWork, doctor_id: int, first_day: date, last_day: date, *, limit: int
) -> Mapping[date, Sequence[Window]]:
    """Returns the first `limit` dates that have their own hours, in order."""
    require_doctor(work, doctor_id, Action.READ_CATALOGUE)
    if first_day > last_day:
        raise InvalidInputError("The range must not end before it starts.", field="from")
    return working_hours_rows.exceptions(work.session, doctor_id, first_day, last_day, limit=limit)


def replace_exception(work: UnitOfWork, doctor_id: int, day: date, windows: Sequence[Window]) -> list[int]:
    """Replaces the weekly hours on one date. Returns the same as replace_weekly."""
    check_windows(windows, "hours")
    clinic = lock_doctor(work, doctor_id, Action.SET_HOURS)
    before = read_before_change(work, [doctor_id])
    working_hours_rows.replace_exception(work.session, doctor_id, day, windows)
    free_after_change(work, before, [clinic])
    return _ids_outside_hours(work, doctor_id, clinic.time_zone)


def remove_exception(work: UnitOfWork, doctor_id: int, day: date) -> list[int]:
    """Restores the weekly hours on a date. Returns the same as replace_weekly. Raises NotFoundError if the date has no
    exception.
    """
    clinic = lock_doctor(work, doctor_id, Action.SET_HOURS)
    before = read_before_change(work, [doctor_id])
    if not working_hours_rows.remove_exception(work.session, doctor_id, day):
        raise NotFoundError("That date has no exception.")
    free_after_change(work, before, [clinic])
    return _ids_outside_hours(work, doctor_id, clinic.time_zone)


def lock_doctor(work: UnitOfWork, doctor_id: int, action: Action) -> DoctorClinic:
    clinic = require_doctor(work, doctor_id, action)
    claims.lock_doctors(work.session, [doctor_id])
    return clinic


def _ids_outside_hours(work: UnitOfWork, doctor_id: int, time_zone: str) -> list[int]:
    """Returns the ids of the doctor's future appointments outside working hours, as far as the actor sees them."""
    return visible_to(work.actor, visits_outside_hours(work, {doctor_id: time_zone}, {}).get(doctor_id, [])).ids


def visits_outside_hours(
    work: UnitOfWork, time_zones: Mapping[int, str], weeks: Mapping[int, Sequence[WeeklyHours]]
) -> dict[int, list[VisitOfDoctor]]:
    """Returns, by doctor, the future appointments outside working hours, whether or not the actor sees them, as if
    `weeks` were the weekly hours of the doctors whom it names. Looks LOOK_AHEAD far, and reads the visits and the hours
    of many doctors at once. In a clinic with an unknown zone it finds none.
    """
    found = {}
    start = work.now.replace(second=0, microsecond=0)
    span = Interval(start, start + LOOK_AHEAD)
    doctor_ids = sorted(time_zones)
    for first in range(0, len(doctor_ids), DOCTORS_AT_ONCE):
        visits = visits_of_doctors(work.session, doctor_ids[first : first + DOCTORS_AT_ONCE], span)
        if not visits:
            continue
        last = max(visit.end for of_one in visits.values() for visit in of_one)
        concerned = Interval(start, start + timedelta(minutes=last))
        working = working_times(work.session, visits.keys(), concerned)
        for doctor_id, of_one in visits.items():
            zone, working_time = time_zone(time_zones[doctor_id]), working[doctor_id]
            if zone is None:
                continue
            if doctor_id in weeks:
                working_time = replace(working_time, weekly=weeks[doctor_id])
            times = [
                Interval(start + timedelta(minutes=visit.start), start + timedelta(minutes=visit.end))
                for visit in of_one
            ]
            positions = outside_hours(times, working_time, zone)
            if positions:
                found[doctor_id] = [of_one[position] for position in positions]
    return found
