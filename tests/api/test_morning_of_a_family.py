"""A family at the reception, call by call through the handler: a mother is entered, her two children with her as their
guardian, and she books for both. When the elder is eighteen, the elder acts alone.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import update

from lambda_function.db.models import User
from tests.api.desk import Desk, at
from tests.api.test_calendar_feed import feed, new_token
from tests.clock import Clock
from tests.factories import sub_of

MOTHER = {
    "full_name": "Marta Rojas Vega",
    "birth_date": "1990-03-04",
    "phone": "+51 999 888 777",
    "identifiers": [{"system": "national_id", "value": "4567.8901-2"}],
}
ELDER = {"full_name": "Luz Rojas", "birth_date": "2012-02-01"}
YOUNGER = {"full_name": "Teo Rojas", "birth_date": "2021-09-30"}


class Morning:
    """Every call must answer `status`."""

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self.desk = desk
        self.clock = clock

    def call(self, user_name: str, method: str, path: str, body: Any = None, status: int = 200, **query: Any) -> Any:
        answer = self.desk.client.call(user_name, method, path, body, **query)
        assert answer.status == status, answer.text
        return answer.json if answer.text else None

    def entered(self) -> int:
        """The receptionist enters the mother twice, is told so, and finds her by her document. Returns her id."""
        mother: int = self.call("rita", "POST", "/users", MOTHER, 201)["user_id"]
        again = {"full_name": "marta  rojas vega", "birth_date": "1990-03-04"}
        hint = self.call("rita", "POST", "/users", again, 409)
        assert (hint["code"], hint["user_ids"]) == ("possible_duplicate", [mother])
        [found] = self.call("rita", "GET", "/users", identifier="national_id:45678901-2")["items"]
        assert found["user_id"] == mother
        return mother

    def with_account(self, user_id: int, user_name: str) -> None:
        """Gives the person an account, as the reception's link code would."""
        session = self.desk.practice.session
        session.execute(update(User).where(User.user_id == user_id).values(cognito_sub=sub_of(user_name)))
        session.commit()

    def child(self, person: dict[str, str], mother: int) -> int:
        """Enters a child with its mother as its guardian. Returns the child's id."""
        child: int = self.call("rita", "POST", "/users", person, 201)["user_id"]
        self.call("rita", "PUT", f"/users/{child}/guardians/{mother}", {"reason": "Mother"}, 204)
        return child

    def booked(self, caller: str, patient_id: int, time: str) -> None:
        body = {"doctor_id": self.desk.id_of("drjay"), "treatment_id": 1, "starts_at": at(time, "2030-02-05")}
        self.call(caller, "POST", "/appointments", {**body, "patient_id": patient_id}, 201)

    def list_of(self, caller: str) -> list[str]:
        return [item["patient"]["full_name"] for item in self.call(caller, "GET", "/appointments")["items"]]

    def feed_of(self, token: str) -> list[str]:
        """Returns the summaries of the feed, by start."""
        lines = feed(self.desk, token).text.split("\r\n")
        return [line.removeprefix("SUMMARY:") for line in lines if line.startswith("SUMMARY:")]


def test_a_mother_acts_for_both_of_her_children_until_the_elder_is_of_age(desk: Desk, clock: Clock) -> None:
    morning = Morning(desk, clock)
    mother = morning.entered()
    morning.with_account(mother, "marta")
    elder, younger = morning.child(ELDER, mother), morning.child(YOUNGER, mother)
    guardians = morning.call("rita", "GET", f"/users/{elder}/guardians")["items"]
    assert guardians == [
        {"user_id": mother, "full_name": "Marta Rojas Vega", "reason": "Mother", "ends_on": "2030-02-01"}
    ]

    dependants = morning.call("marta", "GET", "/me")["dependants"]
    assert dependants == [
        {"user_id": elder, "full_name": "Luz Rojas"},
        {"user_id": younger, "full_name": "Teo Rojas"},
    ]
    morning.booked("marta", younger, "15:00")
    morning.booked("marta", elder, "16:00")
    token = new_token(desk, "marta")
    assert morning.list_of("marta") == ["Teo Rojas", "Luz Rojas"]
    assert morning.feed_of(token) == ["Check-up: Teo Rojas with Jay Quispe", "Check-up: Luz Rojas with Jay Quispe"]

    clock.now = datetime.fromisoformat("2030-02-01T00:00:00Z")
    assert morning.list_of("marta") == ["Teo Rojas"]
    assert morning.feed_of(token) == ["Check-up: Teo Rojas with Jay Quispe"]
    assert morning.call("marta", "GET", "/me")["dependants"] == [dependants[1]]
    morning.call("marta", "GET", f"/users/{elder}", status=404)
    morning.with_account(elder, "luz")
    assert morning.list_of("luz") == ["Luz Rojas"]
    morning.call("rita", "PUT", f"/users/{elder}/guardians/{mother}", {}, 422)
    morning.call("rita", "PUT", f"/users/{elder}/guardians/{mother}", {"reason": "Luz asked for it"}, 204)
    assert morning.list_of("marta") == ["Teo Rojas", "Luz Rojas"]
