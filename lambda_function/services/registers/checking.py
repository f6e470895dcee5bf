"""Compares a register with the main database, one part after the other, and repairs it from the main database.

Both are read while visits change. So what seems to differ is looked at again with the rows of the register locked, as
when a change is registered. What a message is still on its way about is no difference. A repair that ends anywhere can
be repeated: less differs then, and outcomes that the main database has not heard of are told again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any, NamedTuple

from lambda_function.db.repositories import register, visits_to_register
from lambda_function.db.repositories.register import VisitInRegister
from lambda_function.db.repositories.visits_to_register import VisitToRegister
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.errors import UnavailableError
from lambda_function.domain.registration import ON_ITS_WAY, DifferenceKind, FailureReason, Outcome
from lambda_function.observability import logger, stack
from lambda_function.services.bus import Bus
from lambda_function.services.event_fields import LAST_ID
from lambda_function.services.queue import SecondsLeft, together_or_each
from lambda_function.services.registers.events import outcome
from lambda_function.services.registers.registering import Country, read_visits, row_of, write_rows

# So many visits of all countries, and rows of the register, are read at once.
PART = 1000
# So many rows are locked at once.
LOCKED = 100


@dataclass(slots=True)
class Comparison:
    """What a part of a register has, and how it differs. `after` is where the next part begins, None at the end, and
    `last_id` the greatest id of all visits. `days` are those of the clinics on which the numbers differ. `untold` are
    visits that are registered without the main database knowing it. `repaired` counts the differences that are gone
    now, and the outcomes that were told again; what is on its way is repaired too, and in neither number.
    """

    after: int | None
    last_id: int
    visits: int
    registered: int
    days: dict[date, tuple[int, int]] = field(default_factory=dict)
    differences: dict[int, DifferenceKind] = field(default_factory=dict)
    on_their_way: list[int] = field(default_factory=list)
    untold: list[int] = field(default_factory=list)
    repaired: int = 0

    def document(self) -> dict[str, Any]:
        return {
            "after": self.after,
            "last_id": self.last_id,
            "visits": self.visits,
            "registered": self.registered,
            "days": {
                day.isoformat(): {"visits": visits, "registered": registered}
                for day, (visits, registered) in sorted(self.days.items())
            },
            "differences": [{"appointment_id": key, "kind": kind} for key, kind in sorted(self.differences.items())],
            "on_their_way": self.on_their_way,
            "untold": self.untold,
            "repaired": self.repaired,
        }


class _Part(NamedTuple):
    """The visits of the main database, and the rows of the register, which were read after them."""

    end: int | None
    last_id: int
    now: datetime
    visits: Mapping[int, VisitToRegister]
    rows: Mapping[int, VisitInRegister]

    def differs(self, appointment_id: int, country: str) -> DifferenceKind | None:
        return _difference(self.visits.get(appointment_id), self.rows.get(appointment_id), country)


class _Judged(NamedTuple):
    """What is true of visits that seemed to differ. `repaired` counts the differences that are gone now, and `to_tell`
    are the visits whose rows were written.
    """

    differences: dict[int, DifferenceKind]
    on_their_way: list[int]
    repaired: int = 0
    to_tell: Sequence[VisitToRegister] = ()


def check(country: Country, bus: Bus, after: int, seconds_left: SecondsLeft, *, repair: bool) -> Comparison:
    """Compares the next part beyond the id `after`. Raises UnavailableError if a database or the bus is away."""
    part = _read_part(country, after)
    seeming = {key for key in {*part.visits, *part.rows} if part.differs(key, country.code)}
    found = Comparison(part.end, part.last_id, len(part.visits), len(part.rows))
    to_tell = [visit for key, visit in part.visits.items() if key not in seeming and not _is_told(visit)]
    found.untold = [visit.appointment_id for visit in to_tell if not _is_on_its_way(visit, country.code, part.now)]
    for some in _batches(sorted(seeming)):
        for judged in _judged(country, part, some, seconds_left, repair=repair):
            found.differences |= judged.differences
            found.on_their_way += judged.on_their_way
            found.repaired += judged.repaired
            to_tell += judged.to_tell
    found.days = _days(part, seeming - {*found.differences}, country.code)
    if repair:
        found.repaired += len(found.untold)
        _tell(bus, country, to_tell, part.now)
    return found


def _read_part(country: Country, after: int) -> _Part:
    def read_main(work: UnitOfWork) -> _Part:
        end = visits_to_register.part_end(work.session, after, PART)
        visits = visits_to_register.visits_between(work.session, country.code, after, end or LAST_ID)
        return _Part(end, visits_to_register.last_id(work.session), work.now, visits, {})

    def read_register(work: UnitOfWork) -> Mapping[int, VisitInRegister]:
        return register.between(work.session, after, part.end or LAST_ID, PART)

    part = country.main.transact(read_main, commit=False)
    rows = country.register.transact(read_register, commit=False)
    if len(rows) == PART:
        # There may be more rows than visits, and the part ends where both have been read.
        end = max(rows)
        visits = {key: visit for key, visit in part.visits.items() if key <= end}
        return part._replace(end=end, visits=visits, rows=rows)
    return part._replace(rows=rows)


def _judged(
    country: Country, part: _Part, appointment_ids: Sequence[int], seconds_left: SecondsLeft, *, repair: bool
) -> list[_Judged]:
    """Looks at visits again that seem to differ. A row that the register refuses stops no other, and still differs.

    Raises UnavailableError.
    """
    judged: list[_Judged] = []

    def judge(some: Sequence[int]) -> None:
        run = partial(_judge, country=country, part=part, appointment_ids=some, repair=repair)
        judged.append(country.register.transact(run, commit=repair))

    for appointment_id, error in together_or_each(appointment_ids, judge, seconds_left).items():
        if isinstance(error, UnavailableError):
            raise error
        reason = type(error).__name__
        logger.error("visit not repaired", visit=appointment_id, reason=reason, stack=stack(error.__traceback__))
        kind = part.differs(appointment_id, country.code)
        judged.append(_Judged({appointment_id: kind} if kind else {}, []))
    return judged


def _judge(work: UnitOfWork, *, country: Country, part: _Part, appointment_ids: Sequence[int], repair: bool) -> _Judged:
    rows = register.lock(work.session, appointment_ids)
    visits = read_visits(country.main, appointment_ids)
    judged = _Judged({}, [])
    for key in appointment_ids:
        visit, row = visits.get(key), rows.get(key)
        kind = _difference(visit, row, country.code)
        if kind is None:
            continue
        # A row that is not there cannot be locked, and may be written after it was looked for. So whether the visit is
        # on its way is asked of what was read before.
        known = part.visits.get(key, visit) if row is None else visit
        if known is not None and _is_on_its_way(known, country.code, work.now):
            judged.on_their_way.append(key)
        else:
            judged.differences[key] = kind
    return _repaired(work, country, judged, visits, rows) if repair else judged


def _repaired(
    work: UnitOfWork,
    country: Country,
    judged: _Judged,
    visits: Mapping[int, VisitToRegister],
    rows: Mapping[int, VisitInRegister],
) -> _Judged:
    """Makes the register say what the main database says now, also where a message would do so soon."""
    rows_wanted = ((key, row_of(visits.get(key), country.code)) for key in (*judged.differences, *judged.on_their_way))
    wanted = {key: row for key, row in rows_wanted if not isinstance(row, FailureReason)}
    write_rows(work, country, rows, wanted)
    to_tell = [visits[key] for key, row in wanted.items() if row is not None]
    return judged._replace(repaired=len(judged.differences.keys() & wanted.keys()), to_tell=to_tell)


def _difference(visit: VisitToRegister | None, row: VisitInRegister | None, country: str) -> DifferenceKind | None:
    wanted = row_of(visit, country)
    if row == wanted:
        return None
    if visit is None or wanted is None:
        return DifferenceKind.ORPHAN
    if row is None:
        return DifferenceKind.MISSING
    if row.version == visit.version:
        return DifferenceKind.DIFFERENT
    return DifferenceKind.BEHIND if row.version < visit.version else DifferenceKind.AHEAD


def _is_on_its_way(visit: VisitToRegister, country: str, now: datetime) -> bool:
    """Returns whether the message of the last change may still come, since the country has not told what became of it.
    Of a visit that has left it never tells.
    """
    told_here = visit.country == country and visit.told_version == visit.version
    return now - visit.updated_at < ON_ITS_WAY and not told_here


def _is_told(visit: VisitToRegister) -> bool:
    return visit.told is Outcome.DONE and visit.told_version == visit.version


def _days(part: _Part, left_out: set[int], country: str) -> dict[date, tuple[int, int]]:
    """Counts the visits of each day of the clinics on both sides, and returns the days that differ."""
    wanted = (row_of(visit, country) for key, visit in part.visits.items() if key not in left_out)
    visits = _by_day(row for row in wanted if isinstance(row, VisitInRegister))
    registered = _by_day(row for key, row in part.rows.items() if key not in left_out)
    return {day: (visits[day], registered[day]) for day in {*visits, *registered} if visits[day] != registered[day]}


def _by_day(rows: Iterable[VisitInRegister]) -> Counter[date]:
    return Counter(row.local_starts_at.date() for row in rows)


def _batches(appointment_ids: Sequence[int]) -> list[Sequence[int]]:
    return [appointment_ids[first : first + LOCKED] for first in range(0, len(appointment_ids), LOCKED)]


def _tell(bus: Bus, country: Country, visits: Sequence[VisitToRegister], now: datetime) -> None:
    taken = bus.publish([outcome(visit, country.code, None, now) for visit in visits])
    if len(taken) < len(visits):
        raise UnavailableError("The register is repaired, but the bus has not taken every outcome. Repeat this part.")
