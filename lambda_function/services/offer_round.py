"""One round of offers in a clinic: a part of its freed time and of those who wait, in its own transaction.

The constants below limit the work, however much is freed and however many wait.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta

from lambda_function.db.repositories import freed_time, outbox, waitlist
from lambda_function.db.repositories.booking import Candidate
from lambda_function.db.repositories.busy import time_of_patients
from lambda_function.db.repositories.waitlist import WaitlistRow
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.intervals import Interval
from lambda_function.domain.messages import OFFERED, rfc3339
from lambda_function.domain.time_zones import time_zone
from lambda_function.domain.waitlist import FreedTime, freed_by_visit, offer_end, offered_span
from lambda_function.services.offerable_time import ANY_PATIENT, OfferableTime, read_offerable_time

# Longer freed time is recorded in parts.
MAX_PART = timedelta(days=31)
PARTS = 100
ENTRIES = 100
LOOKS = 3
OFFERS = 50
# A round skips at most this many waiting entries before those whom the time concerns.
PASSED = 5000


def offer_round(work: UnitOfWork, *, clinic_id: int) -> bool:
    """Makes offers, and returns whether there was anything to do: freed time that nobody else works on."""
    work.act_as(ANY_PATIENT)
    freed_time.lock_turn(work.session, clinic_id)
    taken = freed_time.take(work.session, clinic_id, PARTS)
    # Times that are far apart are not handled together.
    rows = [row for row in taken if row.starts_at - taken[0].starts_at < MAX_PART]
    if not rows:
        return False
    span = offered_span(work.now)
    live = [row for row in rows if Interval(row.starts_at, row.ends_at).overlaps(span)]
    freed = [
        FreedTime(
            row.doctor_id,
            clinic_id,
            Interval(row.starts_at, min(row.ends_at, span.end)),
            chair_id=row.chair_id,
            occupied=row.occupied,
            after=row.after_waitlist_id,
        )
        for row in live
    ]
    reached = _make_offers(work, clinic_id, freed) if freed else None
    over = [row.freed_time_id for row in rows if reached is None or row not in live]
    if over:
        freed_time.finish(work.session, over)
    if reached is not None:
        freed_time.advance(work.session, [row.freed_time_id for row in live], reached)
    return True


def _make_offers(work: UnitOfWork, clinic_id: int, freed: list[FreedTime]) -> int | None:
    """Makes offers in the order of joining. Returns the waitlist_id up to which everybody has been considered, or None
    if nobody or no time is left.
    """
    found = read_offerable_time(work, clinic_id, freed)
    if found is None or not found.wanted():
        return None
    for offer in waitlist.standing_offers(work.session, clinic_id, found.timeline.span, work.now):
        found.take(offer.doctor_id, freed_by_visit(offer).time)
    offers = _Offers(work, found)
    reached = _go_down_the_line(work, clinic_id, offers, after=min(part.after for part in freed))
    offers.tell()
    return reached


def _go_down_the_line(work: UnitOfWork, clinic_id: int, offers: "_Offers", *, after: int) -> int | None:
    found = offers.found
    until = waitlist.last_of_next(work.session, after, PASSED)
    for _ in range(LOOKS):
        wanted = found.wanted()
        if not wanted:
            return None
        entries = waitlist.waiting(
            work.session, wanted, clinic_id, found.timeline.span, after=after, until=until, limit=ENTRIES
        )
        offers.read_patients({entry.patient_id for entry in entries})
        for entry in entries:
            after = entry.waitlist_id
            offers.make(entry)
            if offers.made == OFFERS:
                return after
        if len(entries) < ENTRIES:
            return until
    return after


class _Offers:
    """The offers of one round, and when the patients who get them are busy."""

    def __init__(self, work: UnitOfWork, found: OfferableTime) -> None:
        self.found = found
        self._work = work
        self._messages: list[dict[str, object]] = []
        self._busy: defaultdict[int, int] = defaultdict(int)

    @property
    def made(self) -> int:
        return len(self._messages)

    def read_patients(self, patient_ids: Collection[int]) -> None:
        """Reads what else these patients have or are offered, in one statement."""
        if not patient_ids:
            return
        timeline = self.found.timeline
        for row in time_of_patients(self._work.session, patient_ids, timeline.span, self._work.now):
            self._busy[row.patient_id] |= timeline.touched(Interval(row.starts_at, row.ends_at))

    def make(self, entry: WaitlistRow) -> None:
        """Makes the best offer for this entry, if there is one."""
        fit = self.found.best(entry, self._busy[entry.patient_id])
        if fit is None:
            return
        candidate = fit.candidate
        expires_at = offer_end(
            fit.start,
            length=timedelta(minutes=candidate.offer_minutes),
            policy=candidate.policy,
            quiet=candidate.quiet,
            zone=time_zone(candidate.time_zone),
            now=self._work.now,
        )
        if waitlist.offer(self._work.session, entry, candidate.doctor_id, fit.visit, expires_at, now=self._work.now):
            self._messages.append(self._message(entry.waitlist_id, candidate, fit.visit, expires_at))
            self.found.take(candidate.doctor_id, fit.occupied)
            self._busy[entry.patient_id] |= self.found.timeline.touched(fit.visit)

    def tell(self) -> None:
        """Writes the messages about all offers of the round into the outbox, in one statement."""
        if self._messages:
            outbox.add(self._work.session, self._messages)

    def _message(
        self, waitlist_id: int, candidate: Candidate, visit: Interval, expires_at: datetime
    ) -> dict[str, object]:
        now = self._work.now
        detail = {
            "waitlist_id": waitlist_id,
            "announce": True,
            "country": candidate.country,
            "clinic_id": candidate.clinic_id,
            "doctor_id": candidate.doctor_id,
            "starts_at": rfc3339(visit.start),
            "ends_at": rfc3339(visit.end),
            "expires_at": rfc3339(expires_at),
            "at": rfc3339(now),
        }
        return {"kind": OFFERED, "detail": detail, "created_at": now}
