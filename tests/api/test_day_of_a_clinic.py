"""The README's day of a clinic, call by call through the handler, and the same day when the patient does not come."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.api.desk import Desk, at, instant
from tests.clock import Clock

FRIDAY = "2030-01-18"


@dataclass
class Day:
    """The people of the clinic act one after the other. Every call must answer `status`."""

    desk: Desk
    clock: Clock

    def call(self, user_name: str, method: str, path: str, body: Any = None, status: int = 200, **query: Any) -> Any:
        answer = self.desk.client.call(user_name, method, path, body, **query)
        assert answer.status == status, answer.text
        return answer.json

    def until_it_is_booked(self) -> str:
        """Hours are set, pat finds a slot and asks for an implant, rita confirms, pat moves it and asks again, and the
        doctor confirms. Returns the path of the appointment.
        """
        hours = [
            {"weekday": 5, "start": "09:00", "end": "12:00"},
            {"weekday": 5, "start": "14:00", "end": "18:00"},
        ]
        week = self.call("drjay", "PUT", "/doctors/me/working-hours", {"hours": hours})
        assert week["outside_appointment_ids"] == []
        doctor_id = self.desk.id_of("drjay")
        query: dict[str, Any] = {"treatment_id": 3, "from_": at("05:00", FRIDAY), "to": at("05:00", "2030-01-19")}
        free = self.call("pat", "GET", "/availability", doctor_id=doctor_id, **query)["items"]
        assert [slot["starts_at"][11:16] for slot in (free[0], free[-1])] == ["14:00", "21:30"]
        wanted = {"doctor_id": doctor_id, "treatment_id": 3, "starts_at": free[0]["starts_at"]}
        asked = self.call("pat", "POST", "/appointments", wanted, status=201)
        assert asked["status"] == "REQUESTED"
        path = f"/appointments/{asked['appointment_id']}"
        confirmed = self.call("rita", "POST", f"{path}/confirm")
        assert (confirmed["status"], confirmed["receptionist"]["full_name"]) == ("BOOKED", "Rita Flores")
        query["exclude_appointment_id"] = asked["appointment_id"]
        free = self.call("pat", "GET", "/availability", doctor_id=doctor_id, **query)["items"]
        afternoon = next(slot["starts_at"] for slot in free if slot["starts_at"] >= at("19:00", FRIDAY))
        moved = self.call("pat", "PATCH", path, {"starts_at": afternoon})
        assert (moved["status"], moved["starts_at"]) == ("REQUESTED", at("19:00", FRIDAY))
        assert self.call("drjay", "POST", f"{path}/confirm")["status"] == "BOOKED"
        return path

    def told(self, path: str) -> list[tuple[str, str]]:
        """Returns the history as the patient reads it."""
        return [
            (event["actor"]["user_name"], event["action"])
            for event in self.call("pat", "GET", f"{path}/history")["items"]
        ]


BOOKED = [("pat", "BOOK"), ("rita", "CONFIRM"), ("pat", "MOVE"), ("drjay", "CONFIRM")]


@pytest.fixture
def day(desk: Desk, clock: Clock) -> Day:
    return Day(desk, clock)


def test_a_day_of_a_clinic(day: Day) -> None:
    path = day.until_it_is_booked()

    day.clock.now = instant("18:50", FRIDAY)
    assert day.call("rita", "POST", f"{path}/check-in")["status"] == "CHECKED_IN"
    day.clock.now = instant("20:35", FRIDAY)
    done = day.call("drjay", "POST", f"{path}/complete")

    assert (done["status"], done["version"]) == ("COMPLETED", 6)
    assert day.told(path) == [*BOOKED, ("rita", "CHECK_IN"), ("drjay", "COMPLETE")]
    assert len({claim[3] for claim in day.desk.practice.claims()}) == 1


def test_the_same_day_when_nobody_comes(day: Day) -> None:
    path = day.until_it_is_booked()

    day.clock.now = instant("19:20", FRIDAY)
    missed = day.call("rita", "POST", f"{path}/no-show")

    assert (missed["status"], missed["version"]) == ("NO_SHOW", 5)
    assert day.told(path) == [*BOOKED, ("rita", "NO_SHOW")]
    assert day.desk.practice.claims() == []
    visit = day.desk.visit(at("19:25", FRIDAY), patient="kim")
    assert day.call("rita", "POST", "/appointments", visit, status=201)["status"] == "BOOKED"
