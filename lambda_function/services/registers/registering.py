"""Makes a register say what the main database says.

The rows of the visits are locked in the register before the main database is read. So whoever writes a row has read the
visit after everybody who wrote it before, and no version needs to be compared: neither repeated nor reordered messages
can bring back an older state. A visit that is not in the register yet cannot be locked; of two who add it at once the
second fails, and starts again. So does whoever adds a visit and sees afterwards, when the row is locked, that it has
left the country.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple

from lambda_function.db.repositories import register, visits_to_register
from lambda_function.db.repositories.register import VisitInRegister
from lambda_function.db.repositories.visits_to_register import VisitToRegister
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.errors import ContentionError
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
    was not before. `visit` is None if the country does not have it, and if it could not be read.
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
    wanted: dict[int, VisitInRegister | None] = {}
    for appointment_id in appointment_ids:
        visit = visits.get(appointment_id)
        row = row_of(visit, country.code)
        if isinstance(row, FailureReason):
            found[appointment_id] = Registering(visit, row, written=False, at=work.now)
            continue
        wanted[appointment_id] = row
        written = row != there.get(appointment_id)
        found[appointment_id] = Registering(visit if row else None, None, written=written, at=work.now)
    write_rows(work, country, there, wanted)
    return found


def write_rows(
    work: UnitOfWork,
    country: Country,
    there: Mapping[int, VisitInRegister],
    wanted: Mapping[int, VisitInRegister | None],
) -> None:
    """Makes the register say what is wanted of these visits, with None for one that is not to be there. The caller has
    locked them, found what is `there`, and then read the visits.

    Raises ContentionError if a visit was added or has left the country at the same time.
    """
    differing = {key: row for key, row in wanted.items() if row != there.get(key)}
    new = [row for key, row in differing.items() if row is not None and key not in there]
    register.remove(work.session, [key for key, row in differing.items() if row is None])
    register.change(work.session, [row for key, row in differing.items() if row is not None and key in there], work.now)
    register.add(work.session, new, work.now)
    if not new:
        return
    # A visit that left before its row was locked had none to be removed, and nobody would come back for this one.
    visits = read_visits(country.main, [row.appointment_id for row in new])
    if any(row_of(visits.get(row.appointment_id), country.code) is None for row in new):
        raise ContentionError("A visit left the country while it was registered; try again.")


def read_visits(main: Database, appointment_ids: Collection[int]) -> dict[int, VisitToRegister]:
    def read(work: UnitOfWork) -> dict[int, VisitToRegister]:
        return visits_to_register.visits(work.session, appointment_ids)

    return main.transact(read, commit=False)


def row_of(visit: VisitToRegister | None, country: str) -> VisitInRegister | FailureReason | None:
    """Returns the visit as the country's register is to have it, None if it is not to have it, because there is no such
    visit or it is in another country, or why it cannot.
    """
    if visit is None or visit.country != country:
        return None
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
