"""What a change would do to future appointments, and which of that is refused.

An appointment must keep its doctor, its chair, a reception in its clinic, and a doctor who offers its treatment: before
taking these away, move or cancel the appointments. Closing time over appointments can be accepted: they stay for the
reception to move.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from lambda_function.db.repositories.practice import VisitTime, visits_ahead
from lambda_function.domain.intervals import Interval
from lambda_function.domain.time_zones import days_interval, time_zone
from lambda_function.domain.working_hours import merge
from lambda_function.services.practice.changes import ChangeAction, PracticeChange, Things
from lambda_function.services.practice.state import ClosedDays, Kind, State


@dataclass(frozen=True, slots=True)
class Conflict:
    """A conflict. An operator may accept it if it is `acceptable`."""

    kind: Kind
    name: str
    reason: str
    appointment_ids: Sequence[int]
    acceptable: bool = False


class VisitsAhead:
    """Visits that hold time and have not begun."""

    def __init__(self, session: Session, now: datetime) -> None:
        self._session = session
        self._now = now
        self._staffed: Collection[str] | None = None

    def of(self, **ids: int) -> list[VisitTime]:
        """Returns the visits that have all of these ids, such as `doctor_id`."""
        return visits_ahead(self._session, self._now, **ids)

    def staffed(self, after: Things) -> Collection[str]:
        """Returns the clinics that will have a reception, computed once for all receptionists."""
        if self._staffed is None:
            self._staffed = {
                clinic
                for each in after[Kind.RECEPTIONIST].values()
                if each.get("active", True)
                for clinic in each["clinics"]
            }
        return self._staffed


def conflicts_of(change: PracticeChange, state: State, after: Things, ahead: VisitsAhead) -> list[Conflict]:
    if change.created or change.kind is Kind.COUNTRY:
        return []
    found = {
        Kind.TREATMENT: _of_treatment,
        Kind.CLINIC: _of_clinic,
        Kind.DOCTOR: _of_doctor,
        Kind.RECEPTIONIST: _of_receptionist,
    }[change.kind](change, state, after, ahead)
    return [
        Conflict(change.kind, change.name, reason, [visit.appointment_id for visit in visits], acceptable)
        for reason, visits, acceptable in found
        if visits
    ]


def affected_doctors(changes: Sequence[PracticeChange], state: State) -> frozenset[int]:
    """Returns the ids of the doctors whose visits may conflict with the changes, or be left outside hours. Every
    booking that the changes must see, or that must see them, is made under the locks of these doctors. With any change,
    the doctor with the lowest id is one of them, so that two practice files are never applied at the same time.
    """
    doctors = state.things[Kind.DOCTOR]
    names: set[str] = set()
    clinics: set[str] = set()
    treatments: set[str] = set()
    for change in changes:
        match change.kind:
            case Kind.TREATMENT if change.action is ChangeAction.DEACTIVATE:
                treatments.add(change.name)
            case Kind.CLINIC:
                clinics.add(change.name)
            case Kind.DOCTOR:
                names.add(change.name)
            case Kind.RECEPTIONIST if not change.created:
                clinics.update(state.things[change.kind][change.name]["clinics"])
    found = {
        state.ids[Kind.DOCTOR][name]
        for name, doctor in doctors.items()
        if name in names or doctor["clinic"] in clinics or not treatments.isdisjoint(doctor["treatments"])
    }
    everybody = state.ids[Kind.DOCTOR].values()
    return frozenset(found | {min(everybody)} if changes and everybody else found)


_Found = Iterator[tuple[str, Sequence[VisitTime], bool]]


def _of_treatment(change: PracticeChange, state: State, after: Things, ahead: VisitsAhead) -> _Found:
    if change.action is ChangeAction.DEACTIVATE:
        yield "is booked", ahead.of(treatment_id=state.ids[change.kind][change.name]), False


def _of_clinic(change: PracticeChange, state: State, after: Things, ahead: VisitsAhead) -> _Found:
    clinic_id = state.ids[change.kind][change.name]
    if change.action is ChangeAction.DEACTIVATE:
        yield "has appointments ahead", ahead.of(clinic_id=clinic_id), False
    for chair in change.gone("chairs"):
        yield f"would lose {chair}, which is booked", ahead.of(chair_id=state.chair_ids[change.name, chair]), False
    if added := change.added("closures"):
        before = state.things[change.kind][change.name]
        closed = _closed(added, after[change.kind][change.name]["time_zone"])
        # Time that was already closed changes nothing for appointments.
        known = _closed(before["closures"], before["time_zone"])
        visits = [
            visit for visit in ahead.of(clinic_id=clinic_id) if _touches(visit, closed) and not _touches(visit, known)
        ]
        yield "would be closed on days with appointments", visits, True


def _of_doctor(change: PracticeChange, state: State, after: Things, ahead: VisitsAhead) -> _Found:
    doctor_id = state.ids[change.kind][change.name]
    if change.action is ChangeAction.DEACTIVATE:
        yield "has appointments ahead", ahead.of(doctor_id=doctor_id), False
    if "clinic" in change.new:
        yield f"has appointments ahead in {change.old['clinic']}", ahead.of(doctor_id=doctor_id), False
    for code in change.gone("treatments"):
        treatment_id = state.ids[Kind.TREATMENT][code]
        yield f"is booked for {code}", ahead.of(doctor_id=doctor_id, treatment_id=treatment_id), False


def _of_receptionist(change: PracticeChange, state: State, after: Things, ahead: VisitsAhead) -> _Found:
    """A receptionist who booked an appointment may leave, but not the last one of a clinic with future appointments."""
    before = state.things[change.kind][change.name]
    if not before["active"]:
        return
    for clinic in before["clinics"]:
        if clinic not in ahead.staffed(after):
            visits = ahead.of(clinic_id=state.ids[Kind.CLINIC][clinic])
            yield f"is the last receptionist of {clinic}, which has appointments ahead", visits, False


def _closed(closures: Sequence[ClosedDays], zone_name: str) -> list[Interval]:
    """Returns the closed time in order, without overlaps. In an unknown zone, no time can be closed."""
    zone = time_zone(zone_name)
    if zone is None:
        return []
    return merge(days_interval(each.first_day, each.last_day, zone) for each in closures)


def _touches(visit: VisitTime, merged: Sequence[Interval]) -> bool:
    """Returns whether the visit reaches into any of them. Only the last one that begins before its end can matter."""
    place = bisect_left(merged, visit.ends_at, key=lambda interval: interval.start)
    return place > 0 and merged[place - 1].end > visit.starts_at
