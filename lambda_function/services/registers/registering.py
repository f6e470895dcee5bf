"""Makes a register say what the main database says.

The rows of the visits are locked in the register before the main database is read. So whoever writes a row has read the
visit after everybody who wrote it before, and no version needs to be compared: neither repeated nor reordered messages
can bring back an older state. A visit that is not in the register yet cannot be locked; of two who add it at once the
second fails, and starts again.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple

from lambda_function.db.repositories import register, visits_to_register
from lambda_function.db.repositories.register import VisitInRegister
from lambda_function.db.repositories.visits_to_register import VisitToRegister
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.registration import FailureReason
from lambda_function.domain.time_zones import time_zone


@dataclass(frozen=True, slots=True)
class Country:
    """A country with its register. `main` is the main database as its readers see it."""

    code: str
    main: Database
    register: Database


class Registering(NamedTuple):
    """What became of a visit at `at`: `reason` is None if the register is right about it now, and `written` whether it
    was not before. `visit` is None if there is none.
    """

    visit: VisitToRegister | None
    reason: FailureReason | None
    written: bool
    at: datetime


def register_visits(country: Country, appointment_ids: Collection[int]) -> dict[int, Registering]:
    """Registers the visits in one transaction. Those that cannot be registered stop none of the others."""
    return country.register.transact(partial(_register, country=country, appointment_ids=appointment_ids))


def _register(work: UnitOfWork, *, country: Country, appointment_ids: Collection[int]) -> dict[int, Registering]:
    there = register.lock(work.session, appointment_ids)
    visits = read_visits(country.main, appointment_ids)
    found: dict[int, Registering] = {}
    new, changed = [], []
    for appointment_id in appointment_ids:
        visit = visits.get(appointment_id)
        row = row_of(visit, country.code)
        if isinstance(row, FailureReason):
            found[appointment_id] = Registering(visit, row, written=False, at=work.now)
            continue
        known = there.get(appointment_id)
        found[appointment_id] = Registering(visit, None, written=row != known, at=work.now)
        if known is None:
            new.append(row)
        elif row != known:
            changed.append(row)
    register.add(work.session, new, work.now)
    register.change(work.session, changed, work.now)
    return found


def read_visits(main: Database, appointment_ids: Collection[int]) -> dict[int, VisitToRegister]:
    def read(work: UnitOfWork) -> dict[int, VisitToRegister]:
        return visits_to_register.visits(work.session, appointment_ids)

    return main.transact(read, commit=False)


def row_of(visit: VisitToRegister | None, country: str) -> VisitInRegister | FailureReason:
    """Returns the visit as the country's register is to have it, or why it cannot."""
    if visit is None:
        return FailureReason.NO_SUCH_VISIT
    if visit.country != country:
        return FailureReason.OTHER_COUNTRY
    zone = time_zone(visit.time_zone)
    if zone is None:
        return FailureReason.UNKNOWN_TIME_ZONE
    return VisitInRegister(
        appointment_id=visit.appointment_id,
        version=visit.version,
        clinic_id=visit.clinic_id,
        status=visit.status,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        local_starts_at=visit.starts_at.astimezone(zone).replace(tzinfo=None, fold=0),
        local_ends_at=visit.ends_at.astimezone(zone).replace(tzinfo=None, fold=0),
        treatment_code=visit.treatment_code,
        insurance=visit.insurance,
    )
