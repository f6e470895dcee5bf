"""The rows of a copy as people can read them: names beside ids, and what the clinic's clocks show beside times."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from lambda_function.db.repositories import names
from lambda_function.domain.time_zones import time_zone

_CLINICS = ("clinic_id",)
_TREATMENTS = ("treatment_id", "default_treatment_id")
# Only staff: a copy never names other patients.
_DOCTORS = ("doctor_id", "offer_doctor_id")
_STAFF = (*_DOCTORS, "receptionist_id")
_TIMES = ("starts_at", "ends_at", "wished_from", "wished_to", "offer_starts_at", "offer_ends_at")

Row = dict[str, Any]


def readable(session: Session, rows: Sequence[Row]) -> list[Row]:
    """Returns the rows with `clinic_name` beside `clinic_id`, `local_starts_at` beside `starts_at`, and so on. Local
    times are those of the row's clinic, or else of its doctor's. It sends at most three statements.
    """
    clinics = names.clinics(session, _ids(rows, _CLINICS))
    staff = names.staff(session, _ids(rows, _STAFF))
    treatments = names.treatments(session, _ids(rows, _TREATMENTS))
    known = {
        **{column: {each: clinic.name for each, clinic in clinics.items()} for column in _CLINICS},
        **{column: {each: person.full_name for each, person in staff.items()} for column in _STAFF},
        **{column: {each: treatment.name for each, treatment in treatments.items()} for column in _TREATMENTS},
    }
    zones = {
        **{(column, each): time_zone(clinic.time_zone) for column in _CLINICS for each, clinic in clinics.items()},
        **{
            (column, each): time_zone(person.time_zone)
            for column in _DOCTORS
            for each, person in staff.items()
            if person.time_zone is not None
        },
    }
    shown = []
    for row in rows:
        named = {_name_of(column): found.get(row[column]) for column, found in known.items() if row.get(column)}
        places = ((column, row.get(column)) for column in (*_CLINICS, *_DOCTORS))
        zone = next((zones[place] for place in places if place in zones), None)
        shown.append({**row, **named, **_local_times(row, zone)})
    return shown


def _ids(rows: Iterable[Row], columns: Sequence[str]) -> set[int]:
    return {row[column] for row in rows for column in columns if row.get(column)}


def _name_of(column: str) -> str:
    return f"{column.removesuffix('_id')}_name"


def _local_times(row: Row, zone: ZoneInfo | None) -> Row:
    if zone is None:
        return {}
    times = ((f"local_{column}", row.get(column)) for column in _TIMES)
    return {name: shown for name, instant in times if instant is not None and (shown := _on_the_clock(instant, zone))}


def _on_the_clock(instant: datetime, zone: ZoneInfo) -> str | None:
    """Returns the local time, or None at the end of the calendar, where leave until further notice may end."""
    try:
        return instant.astimezone(zone).replace(tzinfo=None).isoformat(timespec="seconds")
    except OverflowError:
        return None
