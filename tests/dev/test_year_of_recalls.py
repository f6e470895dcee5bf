"""A year of recalls on the running local stack, over HTTP and with its clock: four patients have a check-up on 31
August, and are due on the last day of February.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from dev.token import access_token
from lambda_function.domain.time_zones import time_zone
from tests.dev.http_server import Client, Reply
from tests.dev.reception import Reception
from tests.dev.running_stack import RunningStack

SUNDAY = 7
NOTICE = time(8, 10)  # quiet hours end at eight
FORM = [("Content-Type", "application/x-www-form-urlencoded")]


def _lima() -> ZoneInfo:
    zone = time_zone("America/Lima")
    assert zone is not None
    return zone


def _at(day: date, of_day: time) -> datetime:
    return datetime.combine(day, of_day, _lima())


def _last_of_august() -> date:
    """Returns the next 31 August on which the clinic works."""
    today = datetime.now(UTC).date()
    days = (date(today.year + later, 8, 31) for later in range(4))
    return next(day for day in days if day > today + timedelta(days=2) and day.isoweekday() != SUNDAY)


class Year:
    """The people of the year, and the clock that leads through it."""

    def __init__(self, reception: Reception) -> None:
        self.reception = reception
        self.visited = _last_of_august()
        self.due = date(self.visited.year + 1, 3, 1) - timedelta(days=1)
        self.client = Client(reception.stack.port)

    def go_to(self, day: date, of_day: time) -> None:
        self.reception.set_clock(_at(day, of_day))

    def go_to_notice(self, days: int) -> None:
        """Sets the clock to when a notice so many days after the due day has just become due."""
        self.go_to(self.due + timedelta(days=days), NOTICE)

    def as_doctor(self, method: str, target: str, body: object = None) -> Any:
        headers = [
            ("Authorization", f"Bearer {access_token(self.reception.stack.folder, 'drjay')}"),
            ("Content-Type", "application/json"),
        ]
        reply = self.client.send(method, target, headers, None if body is None else json.dumps(body).encode())
        assert reply.status < HTTPStatus.BAD_REQUEST, reply.body
        return reply.json() if reply.body else None

    def complete(self, visits: list[Any]) -> None:
        """The patients come, and the doctor completes their visits that day."""
        begins = min(datetime.fromisoformat(visit["starts_at"]) for visit in visits)
        self.reception.set_clock(begins - timedelta(minutes=10))
        for visit in visits:
            self.reception.call("POST", f"/appointments/{visit['appointment_id']}/check-in")
        self.go_to(begins.astimezone(_lima()).date(), time(19))
        for visit in visits:
            self.as_doctor("POST", f"/appointments/{visit['appointment_id']}/complete")

    def check_ups(self, patients: list[Any], from_hour: int = 9) -> None:
        """All of them have a check-up on 31 August, one after the other."""
        self.go_to(self.visited, time(7))
        visits = []
        for number, patient in enumerate(patients):
            start = _at(self.visited, time(from_hour + number)).astimezone(UTC)
            wish = {"doctor_id": self.doctor_id, "treatment_id": 1, "starts_at": start.isoformat()}
            visits.append(self.reception.call("POST", "/appointments", {**wish, "patient_id": patient["user_id"]}))
        self.complete(visits)

    @property
    def doctor_id(self) -> int:
        number: int = self.as_doctor("GET", "/me")["user_id"]
        return number

    def recalls(self, patient: Any, **filters: str) -> list[Any]:
        query = urlencode({"patient_id": patient["user_id"], "limit": 100, **filters})
        items: list[Any] = self.reception.call("GET", f"/recalls?{query}")["items"]
        return items

    def states(self, patient: Any) -> list[tuple[str, str]]:
        return [(recall["due_on"], recall["state"]) for recall in self.recalls(patient)]

    def notices(self, patient: Any) -> list[Any]:
        return [
            each for each in self.reception.messages() if (each["to"], each["kind"]) == (patient["email"], "RECALL")
        ]

    def page(self, link: str, form: dict[str, object] | None = None) -> Reply:
        target = "/" + link.split("/", 3)[3]
        if form is None:
            return self.client.send("GET", target)
        return self.client.send("POST", target, FORM, urlencode(form).encode())


@pytest.fixture
def year(stack: RunningStack) -> Iterator[Year]:
    reception = Reception(stack)
    yield Year(reception)
    reception.set_clock(None)


def _dismissed(year: Year, patient: Any) -> None:
    """The doctor dismisses the patient's recall, and says why."""
    [recall] = year.recalls(patient)
    assert (recall["doctor_id"], recall["treatment"]["code"], recall["clinic_id"]) == (year.doctor_id, "checkup", 1)
    reason = "She moves to another city."
    year.as_doctor("POST", f"/recalls/{recall['recall_id']}/dismiss", {"reason": reason})
    last = year.reception.call("GET", f"/recalls/{recall['recall_id']}/history")["items"][-1]
    assert (last["action"], last["user_name"], last["reason"]) == ("DISMISS", "drjay", reason)


def _booked_by_the_page(year: Year, patient: Any, link: str) -> Any:
    """The patient chooses a time on the page behind the link, and the answer to it is lost once."""
    page = year.page(link)
    assert page.status == HTTPStatus.OK
    start = re.findall(r'name="starts_at" value="([^"]+)"', page.body.decode())[-1]
    for _ in range(2):
        booked = year.page(link, {"action": "book", "starts_at": start, "doctor_id": year.doctor_id})
        assert booked.status == HTTPStatus.SEE_OTHER, booked.body
    [before, visit] = year.reception.visits(patient)
    assert year.reception.history(visit) == [("BOOK", "LINK")]
    assert (visit["treatment"]["treatment_id"], visit["starts_at"]) == (before["treatment"]["treatment_id"], start)
    [recall] = year.recalls(patient)
    assert (recall["state"], recall["appointment_id"]) == ("BOOKED", visit["appointment_id"])
    assert recall["last_notified_at"] is not None
    return visit


def test_a_year_of_recalls(year: Year) -> None:
    names = ("Ana Ruiz", "Ben Ortiz", "Cleo Paz", "Dora Luna")
    people = [year.reception.patient(name, language="es" if name == "Ana Ruiz" else "en") for name in names]
    ana, ben, cleo, dora = people
    year.check_ups(people)
    assert [year.states(patient) for patient in people] == [[(year.due.isoformat(), "UPCOMING")]] * 4
    _dismissed(year, dora)

    year.go_to_notice(-14)
    to_ana, to_ben, to_cleo = (year.reception.mail(patient, "RECALL") for patient in (ana, ben, cleo))
    assert ("Hola" in to_ana["text"], "Check-up" in to_ben["subject"]) == (True, False)
    assert year.page(to_cleo["links"][0], {"action": "unsubscribe"}).status == HTTPStatus.SEE_OTHER
    visit = _booked_by_the_page(year, ana, to_ana["links"][0])

    year.complete([visit])
    came = datetime.fromisoformat(visit["starts_at"]).astimezone(_lima()).date()
    [done, following] = year.recalls(ana)
    assert (done["state"], following["state"]) == ("DONE", "UPCOMING")
    assert date.fromisoformat(following["due_on"]) > came + timedelta(days=180)

    for number, days in enumerate((14, 60), 2):
        year.go_to_notice(days)
        year.reception.mail(ben, "RECALL", number)
    assert [len(year.notices(patient)) for patient in people] == [1, 3, 1, 0]
    states = [year.states(patient) for patient in (ben, cleo, dora)]
    assert states == [[(year.due.isoformat(), state)] for state in ("DUE", "DUE", "DISMISSED")]

    year.go_to(date(year.due.year, 6, 2), time(12))
    overdue = year.reception.call("GET", f"/recalls?clinic_id=1&state=DUE&due_to={year.due}&limit=100")["items"]
    ids = {recall["patient"]["user_id"] for recall in overdue}
    assert [patient["full_name"] for patient in people if patient["user_id"] in ids] == ["Ben Ortiz", "Cleo Paz"]


def test_a_clock_that_is_set_back_keeps_no_notice_from_being_sent(year: Year) -> None:
    far, near = (year.reception.patient(name) for name in ("Far Fox", "Near Nunez"))
    due_on = year.due + timedelta(days=400)
    wish = {"patient_id": far["user_id"], "treatment_id": 1, "due_on": due_on.isoformat()}
    year.reception.call("POST", "/recalls", wish)
    year.go_to_notice(400 - 14)
    year.reception.mail(far, "RECALL")

    year.check_ups([near], from_hour=14)
    year.go_to_notice(-14)

    year.reception.mail(near, "RECALL")
