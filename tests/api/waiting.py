"""The waitlist as people use it."""

from typing import Any

from sqlalchemy import update

from lambda_function.db.models import Clinic
from tests.api.desk import Desk, at
from tests.api_client import Answer


class Waitlist:
    """Makes wishes, by default for Tuesday's working hours."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def ask(self, user_name: str, **wish: Any) -> Answer:
        body = {"treatment_id": 1, "from": at("13:00"), "to": at("23:00"), **wish}
        return self.desk.client.post(user_name, "/waitlist", body)

    def join(self, user_name: str, **wish: Any) -> int:
        answer = self.ask(user_name, **wish)
        assert answer.status == 201, answer.text
        waitlist_id: int = answer.json["waitlist_id"]
        return waitlist_id

    def entries(self, user_name: str) -> list[Any]:
        answer = self.desk.client.get(user_name, "/waitlist")
        assert answer.status == 200, answer.text
        items: list[Any] = answer.json["items"]
        return items

    def status(self, user_name: str) -> str:
        """Returns the status of the first entry."""
        status: str = self.entries(user_name)[0]["status"]
        return status

    def offered(self, user_name: str) -> str | None:
        """Returns the start of the offer in the first entry."""
        offer = self.entries(user_name)[0]["offer"]
        return None if offer is None else str(offer["starts_at"])

    def accept(self, user_name: str, waitlist_id: int) -> Answer:
        return self.desk.client.post(user_name, f"/waitlist/{waitlist_id}/accept")

    def withdraw(self, user_name: str, waitlist_id: int) -> Answer:
        return self.desk.client.call(user_name, "DELETE", f"/waitlist/{waitlist_id}")


def free(waitlist: Waitlist, visit: Any) -> None:
    waitlist.desk.cancelled("rita", visit["appointment_id"])


def policy(waitlist: Waitlist, **values: Any) -> None:
    session = waitlist.desk.practice.session
    session.execute(update(Clinic).values(**values))
    session.commit()
