"""Lists of appointments, as far as the caller may see them, page by page in the order of (starts_at, appointment_id).

An index finds the visits of a person or a clinic in that order, but none knows which of them are registered. A page
that asks for this looks at a limited number of visits, the next in the order, and ends there, however few it found.
While only few visits have FAILED at all, it looks at just these.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Subquery, and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from lambda_function.db.base import AnySelect
from lambda_function.db.models import Appointment, AppointmentRegistration, Clinic, Country
from lambda_function.db.repositories.appointments import OF_THIS_VERSION, VIEW, AppointmentView
from lambda_function.db.repositories.keyset import first_of
from lambda_function.db.rows import columns, fetch_all, fetch_one
from lambda_function.domain.registration import Outcome, RegistrationStatus

# So many visits are looked at for one page, at most, if their registration has to be looked up.
LOOKED_AT = 5000


class Place(NamedTuple):
    """The place of a visit in the order of a list."""

    starts_at: datetime
    appointment_id: int


@dataclass(frozen=True, slots=True)
class FoundVisits:
    """Visits in order. There may be more after `until`, unless it is None."""

    visits: Sequence[AppointmentView]
    until: Place | None


class _Id(NamedTuple):
    appointment_id: int


# An index finds these in order.
_PLACED: Mapping[str, ColumnElement[bool]] = MappingProxyType(
    {
        "starts_from": Appointment.starts_at >= bindparam("starts_from"),
        "starts_before": Appointment.starts_at < bindparam("starts_before"),
        "doctor_id": Appointment.doctor_id == bindparam("doctor_id"),
        "patient_id": Appointment.patient_id == bindparam("patient_id"),
        "clinic_id": Appointment.clinic_id == bindparam("clinic_id"),
        # This spelling lets the index find the start. The row constructor (a, b) > (x, y) would read all of it.
        "after_start": and_(
            Appointment.starts_at >= bindparam("after_start"),
            or_(
                Appointment.starts_at > bindparam("after_start"),
                Appointment.appointment_id > bindparam("after_id"),
            ),
        ),
    }
)
_FILTERS: Mapping[str, ColumnElement[bool]] = MappingProxyType(
    {
        **_PLACED,
        "statuses": Appointment.status.in_(bindparam("statuses", expanding=True)),
        "attendance_confirmed": Appointment.attendance_confirmed_at.is_not(None) == bindparam("attendance_confirmed"),
        "country": exists().where(Clinic.clinic_id == Appointment.clinic_id, Clinic.country == bindparam("country")),
    }
)
_REGISTERS = exists().where(Clinic.clinic_id == Appointment.clinic_id, Country.code == Clinic.country)
_STATES: Mapping[RegistrationStatus, ColumnElement[bool]] = MappingProxyType(
    {
        RegistrationStatus.PENDING: AppointmentRegistration.appointment_id.is_(None),
        RegistrationStatus.DONE: AppointmentRegistration.status == Outcome.DONE,
        RegistrationStatus.FAILED: AppointmentRegistration.status == Outcome.FAILED,
    }
)
_FAILED = (
    select(*columns(_Id, AppointmentRegistration))
    .where(AppointmentRegistration.status == Outcome.FAILED)
    .order_by(AppointmentRegistration.appointment_id)
)
_ONE_TOO_MANY = _FAILED.offset(bindparam("looked_at")).limit(1)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What decides the text of a statement. `clinics` and `patients` are how many there are to be searched."""

    filters: frozenset[str]
    clinics: int
    patients: int

    @property
    def owners(self) -> list[ColumnElement[bool]]:
        parts = [Appointment.clinic_id == bindparam(f"clinic_{number}") for number in range(self.clinics)]
        return parts + [Appointment.patient_id == bindparam(f"patient_{number}") for number in range(self.patients)]


def page(
    session: Session,
    filters: Mapping[str, Any],
    *,
    limit: int,
    registration: RegistrationStatus | None = None,
    clinic_ids: Sequence[int] = (),
    patient_ids: Sequence[int] = (),
) -> FoundVisits:
    """Returns at most `limit` visits. `filters` are any of starts_from, starts_before, statuses, doctor_id, patient_id,
    clinic_id, attendance_confirmed, country, and after_start with after_id, the last row of the page before.
    `clinic_ids` or `patient_ids`, unless both are empty, are the clinics or the patients to search.
    """
    shape = _Shape(frozenset(filters) - {"after_id"}, len(clinic_ids), len(patient_ids))
    values = {
        **filters,
        **{f"clinic_{number}": clinic_id for number, clinic_id in enumerate(clinic_ids)},
        **{f"patient_{number}": patient_id for number, patient_id in enumerate(patient_ids)},
        "page_limit": limit,
        "looked_at": LOOKED_AT,
    }
    if registration is None:
        return FoundVisits(fetch_all(session, AppointmentView, _page(shape), values), until=None)
    few = registration is RegistrationStatus.FAILED and not fetch_all(session, _Id, _ONE_TOO_MANY, values)
    visits = fetch_all(session, AppointmentView, _registered_page(shape, registration, few=few), values)
    if few or len(visits) == limit:
        return FoundVisits(visits, until=None)
    return FoundVisits(visits, fetch_one(session, Place, _last_looked_at(shape), {**values, "before": LOOKED_AT - 1}))


def _of(names: frozenset[str], known: Mapping[str, ColumnElement[bool]]) -> list[ColumnElement[bool]]:
    return [known[name] for name in sorted(names & known.keys())]


@lru_cache(maxsize=128)
def _page(shape: _Shape) -> AnySelect:
    """Builds the statement once for each set of filters in use, because building costs more than running.

    The page is found first, from the index alone, and names are joined only to its rows. Otherwise the server would
    join all later rows and sort them.
    """
    found = (
        select(*columns(_Id, Appointment), Appointment.starts_at)
        .where(*_of(shape.filters, _FILTERS))
        .order_by(Appointment.starts_at, Appointment.appointment_id)
        .limit(bindparam("page_limit"))
    )
    return _with_names(first_of(found, shape.owners))


def _with_names(page: Subquery) -> AnySelect:
    return (
        VIEW.join(page, page.c.appointment_id == Appointment.appointment_id)
        .order_by(Appointment.starts_at, Appointment.appointment_id)
        .limit(bindparam("page_limit"))
    )


def _looked_at(shape: _Shape) -> Subquery:
    """Returns the next visits in order, whether they are registered or not."""
    found = (
        select(*columns(_Id, Appointment), Appointment.starts_at)
        .where(*_of(shape.filters, _PLACED))
        .order_by(Appointment.starts_at, Appointment.appointment_id)
        .limit(bindparam("looked_at"))
    )
    return first_of(found, shape.owners, limit="looked_at")


@lru_cache(maxsize=128)
def _registered_page(shape: _Shape, registration: RegistrationStatus, *, few: bool) -> AnySelect:
    looked_at = _FAILED.limit(bindparam("looked_at")).subquery() if few else _looked_at(shape)
    owners = [or_(*shape.owners)] if few and shape.owners else []
    found = (
        select(*columns(_Id, Appointment))
        .prefix_with("STRAIGHT_JOIN")  # from the visits that are looked at, however few would be registered so
        .select_from(looked_at)
        .join(Appointment, Appointment.appointment_id == looked_at.c.appointment_id)
        .outerjoin(AppointmentRegistration, OF_THIS_VERSION)
        .where(*_of(shape.filters, _FILTERS), *owners, _REGISTERS, _STATES[registration])
        .order_by(Appointment.starts_at, Appointment.appointment_id)
        .limit(bindparam("page_limit"))
    )
    return _with_names(found.subquery())


@lru_cache(maxsize=128)
def _last_looked_at(shape: _Shape) -> AnySelect:
    """Returns the last place of which a page can tell, if it could not look at all visits."""
    looked_at = _looked_at(shape)
    return (
        select(*columns(Place, Appointment))
        .join(looked_at, looked_at.c.appointment_id == Appointment.appointment_id)
        .order_by(Appointment.starts_at, Appointment.appointment_id)
        .offset(bindparam("before", type_=BigInteger))
        .limit(1)
    )
