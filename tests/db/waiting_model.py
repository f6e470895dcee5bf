"""What those who wait may expect, computed by loops over plain lists: which starts their wishes allow, and what stands
in the way.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from lambda_function.db.repositories.waitlist import WaitlistRow
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.intervals import Interval
from lambda_function.domain.waitlist import MAX_OPEN_WISHES, OPEN
from tests.db.model import HORIZON, LEAD, Model, Refused, Visit, Wanted, refuse

STEP = timedelta(minutes=15)
Start = tuple[int, datetime]  # with the id of the doctor


@dataclass(frozen=True, slots=True)
class Wish:
    patient: int
    treatment: int
    doctor: int | None
    clinic: int | None
    window: Interval


@dataclass(slots=True)
class Waiting:
    """The entries as they were last read, at `read_at`, and for each the starts that it was not owed: they were free
    when it joined, or were freed while it had an offer or its patient was busy.
    """

    model: Model
    entries: dict[int, WaitlistRow] = field(default_factory=dict)
    not_owed: dict[int, set[Start]] = field(default_factory=dict)
    read_at: datetime | None = None

    def plan_join(self, wish: Wish) -> None:
        refuse("validation_error", when=wish.window.end <= self.model.now or wish.doctor in self.model.gone)
        refuse("treatment_not_offered", when=not [*self._doctors(wish.treatment, wish.doctor, wish.clinic)])
        mine = [each for each in self.entries.values() if each.patient_id == wish.patient and each.status in OPEN]
        place = (wish.treatment, wish.doctor, wish.clinic)
        same = [each for each in mine if (each.treatment_id, each.doctor_id, each.clinic_id) == place]
        refuse("already_waiting", when=any(_window(each).overlaps(wish.window) for each in same))
        refuse("too_many_waiting", when=len(mine) >= MAX_OPEN_WISHES)

    def plan_accept(self, key: int) -> Visit:
        entry = self.entries[key]
        offer = entry.offer
        refuse("invalid_transition", when=offer is None or entry.status in {"ACCEPTED", "WITHDRAWN"})
        refuse("offer_expired", when=entry.status != "OFFERED")
        assert offer is not None
        wanted = Wanted(
            offer.doctor_id, entry.patient_id, entry.treatment_id, offer.starts_at, None, override=False, offered=True
        )
        return self.model.plan_book(Actor(entry.patient_id, Role.PATIENT), wanted)

    def plan_withdraw(self, key: int) -> None:
        refuse("invalid_transition", when=self.entries[key].status not in OPEN)

    def look(self, entries: dict[int, WaitlistRow]) -> None:
        """Takes over what has been read after the schedule has run. Fails if somebody was offered what they cannot
        take, or was not offered what was freed for them.
        """
        before, self.entries = self.entries, entries
        for key, entry in entries.items():
            if entry.status == "OFFERED" and (key not in before or before[key].offer != entry.offer):
                self._check_offer(key)
        lapsed = [
            each for key, each in before.items() if each.status == "OFFERED" and _has_lapsed(each, self.model.now)
        ]
        for key, entry in entries.items():
            self._check_waiting(key, entry, before.get(key), lapsed)
        self.read_at = self.model.now

    def _check_offer(self, key: int) -> None:
        """The patient can take the new offer even when everybody else takes theirs."""
        visit = self._offered(key)
        model = replace(self.model, visits=dict(self.model.visits))
        for other in self._standing(but=key):
            try:
                model.visits[-other] = model.placed(self._offered(other), held_to_step=False)
            except Refused:  # somebody has taken that time, or the doctor is away
                continue
        entry = self.entries[key]
        assert LEAD < visit.start - model.now <= HORIZON, (key, entry)
        assert entry.wished_from <= visit.start <= model.time_of(visit).end <= entry.wished_to, (key, entry)
        try:
            model.placed(visit, held_to_step=True)
        except Refused as refused:
            raise AssertionError(f"{refused.code}: {entry}") from refused

    def _check_waiting(
        self, key: int, entry: WaitlistRow, before: WaitlistRow | None, lapsed: list[WaitlistRow]
    ) -> None:
        free = set(self._free(entry))
        waits = before is not None and before.status == entry.status == "WAITING"
        if not waits or key not in self.not_owed:
            self.not_owed[key] = free
            return
        not_owed = self.not_owed[key] & free
        for start in free - not_owed:
            visit = self._visit(entry, start)
            if self._is_on_offer(visit):
                continue
            late = self.read_at is not None and start[1] > self.read_at + HORIZON
            passed_on = any(self._shares(visit, each) and key < each.waitlist_id for each in lapsed)
            assert late or passed_on or self._is_busy(visit), f"{entry} was not offered {start}"
            not_owed.add(start)
        self.not_owed[key] = not_owed

    def _free(self, entry: WaitlistRow) -> Iterator[Start]:
        """Yields the starts that the wish and the clinic allow, whatever the patient does then."""
        model, length = self.model, self.model.practice.treatments[entry.treatment_id].visit
        first = max(entry.wished_from, model.now + LEAD + timedelta.resolution)
        start = first.replace(minute=first.minute // 15 * 15, second=0, microsecond=0)
        while start + length <= entry.wished_to and start <= model.now + HORIZON:
            if start >= first:
                for doctor in self._doctors(entry.treatment_id, entry.doctor_id, entry.clinic_id):
                    if self._is_free(self._visit(entry, (doctor, start))):
                        yield doctor, start
            start += STEP

    def _is_free(self, visit: Visit) -> bool:
        try:
            self.model.placed(replace(visit, patient=0), held_to_step=True)
        except Refused:
            return False
        return True

    def _is_busy(self, visit: Visit) -> bool:
        """Whether the patient has something else then, or an offer of something else."""
        mine = [self._offered(key) for key in self._standing()]
        mine += [each for each in self.model.visits.values() if each.holds_time]
        time = self.model.time_of(visit)
        return any(each.patient == visit.patient and self.model.time_of(each).overlaps(time) for each in mine)

    def _is_on_offer(self, visit: Visit) -> bool:
        return any(self._shares(visit, self.entries[key]) for key in self._standing())

    def _shares(self, visit: Visit, entry: WaitlistRow) -> bool:
        """Whether the visit needs the doctor or the chair of what the entry was offered. No clinic has two chairs."""
        offered = self._offered(entry.waitlist_id, entry)
        chair = offered.clinic == visit.clinic and bool(self.model.practice.chairs[visit.clinic])
        together = self.model.occupied(offered).overlaps(self.model.occupied(visit))
        return together and (chair or offered.doctor == visit.doctor)

    def _standing(self, but: int = 0) -> list[int]:
        return [key for key, each in self.entries.items() if each.status == "OFFERED" and key != but]

    def _offered(self, key: int, entry: WaitlistRow | None = None) -> Visit:
        entry = entry or self.entries[key]
        assert entry.offer is not None
        return self._visit(entry, (entry.offer.doctor_id, entry.offer.starts_at))

    def _visit(self, entry: WaitlistRow, start: Start) -> Visit:
        doctor, instant = start
        clinic = self.model.practice.clinic_of[doctor]
        return Visit(doctor, entry.patient_id, clinic, None, entry.treatment_id, instant, "BOOKED")

    def _doctors(self, treatment: int, doctor: int | None, clinic: int | None) -> Iterator[int]:
        practice = self.model.practice
        for one, offered in practice.offered.items():
            if one in self.model.gone or treatment not in offered:
                continue
            if doctor in {None, one} and clinic in {None, practice.clinic_of[one]}:
                yield one


def _window(entry: WaitlistRow) -> Interval:
    return Interval(entry.wished_from, entry.wished_to)


def _has_lapsed(entry: WaitlistRow, now: datetime) -> bool:
    return entry.offer is not None and entry.offer.expires_at <= now
