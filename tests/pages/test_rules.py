"""The rules for patients hold on the page. What is refused is a page that says why, and nothing is written."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from lambda_function.db.models import Chair, Doctor, DoctorTreatment, User
from lambda_function.web.codes import PROBLEM_CODES
from tests.api.conditions import add_time_off, add_visits, set_clinic, set_treatment
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, instant, rfc3339
from tests.clock import NOW
from tests.pages.seen import statuses
from tests.pages.visitor import Visitor

START = instant("15:00", "2030-01-10")
WANTED = instant("16:00", "2030-01-11")
HTML = "text/html; charset=utf-8"

# Returns what the form asks for, besides the action, after it has made that impossible.
Prepared = Callable[[Desk], dict[str, Any]]


def _clinic(**columns: Any) -> Prepared:
    def prepare(desk: Desk) -> dict[str, Any]:
        set_clinic(desk.practice, **columns)
        return {}

    return prepare


def _at(starts_at: str) -> Prepared:
    return lambda _: {"starts_at": starts_at}


def _busy(desk: Desk) -> dict[str, Any]:
    desk.booked("rita", rfc3339(WANTED), patient="kim")
    return {}


def _elsewhere(desk: Desk) -> dict[str, Any]:
    desk.booked("rita", rfc3339(WANTED), doctor="drwu")
    return {}


def _away(desk: Desk) -> dict[str, Any]:
    add_time_off(desk.practice, desk.id_of("drjay"), WANTED, WANTED + timedelta(hours=2))
    return {}


def _chairs(desk: Desk) -> dict[str, Any]:
    desk.booked("rita", rfc3339(WANTED), patient="kim", doctor="drwu")
    desk.practice.session.execute(update(Chair).where(Chair.chair_id > 1).values(active=False))
    desk.practice.session.commit()
    return {}


def _open(desk: Desk) -> dict[str, Any]:
    add_visits(desk.practice, 3, instant("15:00", "2030-02-01"))
    set_clinic(desk.practice, max_open_visits=3)
    return {}


def _requests(desk: Desk) -> dict[str, Any]:
    set_treatment(desk.practice, 1, needs_approval=True)
    for hour in range(15, 18):
        desk.booked("pat", rfc3339(instant(f"{hour}:00", "2030-02-01")))
    return {}


def _no_longer_offered(desk: Desk) -> dict[str, Any]:
    session, doctor_id = desk.practice.session, desk.id_of("drwu")
    session.execute(update(Doctor).where(Doctor.user_id == doctor_id).values(default_treatment_id=None))
    session.execute(delete(DoctorTreatment).where(DoctorTreatment.doctor_id == doctor_id))
    session.commit()
    return {"doctor_id": doctor_id}


def _treatment_gone(desk: Desk) -> dict[str, Any]:
    set_treatment(desk.practice, 1, active=False)
    return {}


def _doctor_gone(desk: Desk) -> dict[str, Any]:
    session, doctor_id = desk.practice.session, desk.id_of("drwu")
    session.execute(update(User).where(User.user_id == doctor_id).values(active=False))
    session.commit()
    return {"doctor_id": doctor_id}


TIMES: dict[str, tuple[Prepared, str]] = {
    "sooner than the clinic takes": (_clinic(lead_minutes=60 * 24 * 30), "too_soon"),
    "in the past": (_at(rfc3339(NOW - timedelta(days=1))), "too_soon"),
    "further ahead than the clinic takes": (_clinic(horizon_days=2), "too_late"),
    "no start that is offered": (_at(rfc3339(WANTED + timedelta(minutes=5))), "off_grid"),
    "not on five minutes": (_at("2030-01-11T16:00:01Z"), "off_grid"),
    "at night": (_at("2030-01-11T04:00:00Z"), "outside_hours"),
    "the doctor is busy": (_busy, "doctor_busy"),
    "the doctor is away": (_away, "doctor_busy"),
    "the patient is elsewhere": (_elsewhere, "patient_busy"),
    "no chair is free": (_chairs, "chair_busy"),
    "too many requests": (_requests, "too_many_requests_open"),
    "the doctor no longer offers it": (_no_longer_offered, "treatment_not_offered"),
    "the doctor is gone": (_doctor_gone, "validation_error"),
    "no such doctor": (lambda _: {"doctor_id": 2**63 - 1}, "validation_error"),
    "no time": (lambda _: {"starts_at": None}, "validation_error"),
}
TOO_LATE: tuple[Prepared, str] = (_clinic(cutoff_minutes=60 * 24 * 30), "past_cutoff")
ONLY_BOOKINGS: dict[str, tuple[Prepared, str]] = {
    "too many visits ahead": (_open, "too_many_open_visits"),
    "the treatment is gone": (_treatment_gone, "validation_error"),
}
MOVES = TIMES | {"too late to move": TOO_LATE}
BOOKINGS = TIMES | ONLY_BOOKINGS


@dataclass(frozen=True)
class Tried:
    """A visit with a status, and what is asked for on its page."""

    visitor: Visitor
    fingerprint: Fingerprint
    desk: Desk

    def check(self, case: tuple[Prepared, str], *, action: str, kind: str) -> None:
        """Checks that it is refused with the code of the case, and that nothing is written."""
        visit = self.desk.practice.add_appointment(START, status="BOOKED" if kind == "booked" else "CANCELLED")
        path, (prepare, code) = self.visitor.told(kind, visit), case
        fields = {"starts_at": rfc3339(WANTED), **prepare(self.desk)}
        before = self.fingerprint()

        answer = self.visitor.post(path, action, **fields)

        assert self.visitor.refusal(path, action, **fields) == code
        assert (answer.status, answer.headers["Content-Type"]) == (PROBLEM_CODES[code].status, HTML)
        assert self.fingerprint() == before


@pytest.fixture
def tried(visitor: Visitor, fingerprint: Fingerprint, desk: Desk) -> Tried:
    return Tried(visitor, fingerprint, desk)


@pytest.mark.parametrize("case", MOVES)
def test_a_move_to_where_patients_may_not_move_is_refused(tried: Tried, case: str) -> None:
    tried.check(MOVES[case], action="move", kind="booked")


@pytest.mark.parametrize("case", BOOKINGS)
def test_a_booking_that_patients_may_not_make_is_refused(tried: Tried, case: str) -> None:
    tried.check(BOOKINGS[case], action="book", kind="cancelled")


def test_who_comes_too_late_to_cancel_can_still_confirm(visitor: Visitor, desk: Desk) -> None:
    path = visitor.told("booked", desk.practice.add_appointment(START))
    set_clinic(desk.practice, cutoff_minutes=60 * 24 * 30)

    assert (visitor.post(path, "cancel").status, visitor.refusal(path, "cancel")) == (422, "past_cutoff")
    assert statuses(desk) == ["BOOKED"]
    assert visitor.post(path, "confirm").status == 303


def test_nobody_is_held_to_what_the_doctor_offers_for_a_visit_that_is_booked(visitor: Visitor, desk: Desk) -> None:
    visit = desk.practice.add_appointment(START, doctor_id=desk.id_of("drwu"))
    path = visitor.told("booked", visit)
    _no_longer_offered(desk)
    _treatment_gone(desk)

    assert visitor.get(path).status == 200
    assert visitor.post(path, "move", starts_at=rfc3339(WANTED)).status == 303


IMPOSSIBLE = [
    ("BOOKED", "book"),
    ("BOOKED", "accept"),
    ("REQUESTED", "confirm"),
    ("CANCELLED", "confirm"),
    ("CANCELLED", "move"),
    ("CANCELLED", "accept"),
    ("CHECKED_IN", "confirm"),
    ("CHECKED_IN", "cancel"),
    ("CHECKED_IN", "move"),
    ("CHECKED_IN", "book"),
]


def test_what_a_visit_does_not_allow_is_refused(visitor: Visitor, desk: Desk, fingerprint: Fingerprint) -> None:
    visit = desk.practice.add_appointment(START)
    path = visitor.told("booked", visit)
    for status, action in IMPOSSIBLE:
        visitor.messages.change_visit(visit, status=status)
        before = fingerprint()

        answer = visitor.post(path, action, starts_at=rfc3339(WANTED))

        assert (answer.status, visitor.refusal(path, action, starts_at=rfc3339(WANTED))) == (409, "invalid_transition")
        assert fingerprint() == before
