"""Time that is freed goes to those who wait for it, in the order of joining.

An offer holds nothing: whoever books the time first has it. It is made in the transaction that frees the time, and no
clock runs beside the requests: an offer that nobody took in time passes on when somebody next reads the waitlist or
frees any time.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from lambda_function.db.base import AnyRow
from lambda_function.db.models import ClaimKind
from lambda_function.db.repositories.booking import practice_of
from lambda_function.db.repositories.calendar import Calendar
from lambda_function.db.repositories.candidates import candidates
from lambda_function.db.repositories.waitlist import Line
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.intervals import Interval
from lambda_function.domain.waitlist import Freed, WaitlistStatus, best_fit, offer_end
from lambda_function.services.availability import MAX_RANGE, SlotSearch, slots_of
from lambda_function.services.place import duration_of, policy_of

# An offer keeps to the limits of patients, whoever is to accept it.
_ANY_PATIENT = Actor(0, Role.PATIENT)
_ALL_SLOTS = 10_000


def offer_freed(work: UnitOfWork, freed: Collection[Freed] = ()) -> None:
    """Offers the freed time to whoever fits first, and passes on the offers that have expired, whoever's they are;
    without freed time only the latter.

    Call it once, when everything else in the transaction is done: the locks of the waitlist are the last, and what is
    offered must be free by what the database says then. Of longer time it looks at the first MAX_RANGE.
    """
    line = Line(work.session, work.now)
    ahead = [part for part in freed if part.time.end > work.now]
    entries = line.concerned(ahead)
    passing = _passing_on(work, entries)
    if passing:
        entries = line.concerned([*ahead, *passing.values()])
    _Round(work, line, ahead, passing).go(entries)


def _has_lapsed(work: UnitOfWork, entry: AnyRow) -> bool:
    if entry.wished_to <= work.now:
        return True
    return entry.status is WaitlistStatus.OFFERED and entry.offer_expires_at <= work.now


def _passing_on(work: UnitOfWork, entries: Sequence[AnyRow]) -> dict[int, Freed]:
    """The time of the offers that have lapsed, by waitlist_id, as far as it is ahead and the doctor still there."""
    found = {}
    for entry in entries:
        if entry.status is WaitlistStatus.OFFERED and _has_lapsed(work, entry) and entry.offer_ends_at > work.now:
            practice = practice_of(work.session, entry.offer_doctor_id)
            if practice is not None:
                time = Interval(entry.offer_starts_at, entry.offer_ends_at)
                found[entry.waitlist_id] = Freed(entry.offer_doctor_id, practice.clinic_id, time)
    return found


@dataclass(slots=True)
class _Round:
    """One walk down the line, by id, which is the order in which its rows are locked. The time of an offer that has
    lapsed goes only to those who stand behind: otherwise two who never answer would keep it between them.
    """

    work: UnitOfWork
    line: Line
    freed: list[Freed]
    passing: Mapping[int, Freed]
    taken: list[tuple[int, Interval]] = field(default_factory=list)
    _slots: dict[tuple[Freed, int], tuple[AnyRow | None, list[Interval]]] = field(default_factory=dict)

    def go(self, entries: Sequence[AnyRow]) -> None:
        self.taken = [
            (entry.offer_doctor_id, Interval(entry.offer_starts_at, entry.offer_ends_at))
            for entry in entries
            if entry.status is WaitlistStatus.OFFERED and not _has_lapsed(self.work, entry)
        ]
        for entry in entries:
            if _has_lapsed(self.work, entry):
                if self.line.lapse(entry) and entry.waitlist_id in self.passing:
                    self.freed.append(self.passing[entry.waitlist_id])
            elif entry.status is WaitlistStatus.WAITING:
                self._offer(entry)

    def _offer(self, entry: AnyRow) -> None:
        for part in self.freed:
            if entry.doctor_id in {None, part.doctor_id} and entry.clinic_id in {None, part.clinic_id}:
                practice, visits = self._visits(part, entry.treatment_id)
                visit = self._fit(entry, part, visits)
                if practice is not None and visit is not None:
                    length = timedelta(minutes=practice.offer_minutes)
                    expires_at = offer_end(visit.start, length=length, policy=policy_of(practice), now=self.work.now)
                    if self.line.offer(entry, part.doctor_id, visit, expires_at):
                        self.taken.append((part.doctor_id, visit))
                    return

    def _fit(self, entry: AnyRow, part: Freed, visits: Sequence[Interval]) -> Interval | None:
        """The first look is without the patient's own visits: most often nothing fits anyway."""
        wish = Interval(entry.wished_from, entry.wished_to)
        taken = [time for doctor_id, time in self.taken if doctor_id == part.doctor_id]
        if best_fit(visits, wish=wish, freed=part.time, taken=taken) is None:
            return None
        taken += self._visits_of(entry.patient_id, Interval(visits[0].start, visits[-1].end))
        return best_fit(visits, wish=wish, freed=part.time, taken=taken)

    def _visits_of(self, patient_id: int, span: Interval) -> list[Interval]:
        rows = Calendar(self.work.session).visits_of(ClaimKind.PATIENT, patient_id, span)
        return [Interval(row.starts_at, row.ends_at) for row in rows]

    def _visits(self, part: Freed, treatment_id: int) -> tuple[AnyRow | None, list[Interval]]:
        """The row of `candidates` for the doctor, and the visits that any patient could book which touch the time."""
        key = (part, treatment_id)
        if key not in self._slots:
            self._slots[key] = self._look_up(part, treatment_id)
        return self._slots[key]

    def _look_up(self, part: Freed, treatment_id: int) -> tuple[AnyRow | None, list[Interval]]:
        doctors = candidates(
            self.work.session, treatment_id=treatment_id, doctor_id=part.doctor_id, clinic_id=part.clinic_id
        )
        if not doctors:
            return None, []
        start = max(part.time.start, self.work.now)
        search = SlotSearch(
            treatment_id=treatment_id,
            starts_from=start - duration_of(doctors[0]).visit,
            starts_before=min(part.time.end, start + MAX_RANGE),
            limit=_ALL_SLOTS,
            asker=_ANY_PATIENT,
        )
        slots = slots_of(self.work, search, doctors)
        # Offers end when patients can no longer book: at the very last instant there is nothing left to offer.
        earliest = self.work.now + policy_of(doctors[0]).lead
        return doctors[0], [Interval(slot.starts_at, slot.ends_at) for slot in slots if slot.starts_at > earliest]
