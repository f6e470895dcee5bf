"""Short forms of what tests of appointments often need. Times are on Tuesday 8 January 2030, a day after NOW. From
13:00Z to 21:00Z every demo doctor works.
"""

from datetime import UTC, datetime
from typing import Any

from tests.api_client import Answer, ApiClient
from tests.factories import Practice

DAY = "2030-01-08"


def at(time: str, day: str = DAY) -> str:
    """Returns a time such as `15:00` as the API takes and returns it."""
    return f"{day}T{time}:00Z"


def instant(time: str, day: str = DAY) -> datetime:
    return datetime.fromisoformat(at(time, day)).astimezone(UTC)


def rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Desk:
    """Books and cancels as any person of the practice."""

    def __init__(self, client: ApiClient, practice: Practice) -> None:
        self.client = client
        self.practice = practice
        self._ids: dict[str, int] = {}

    def id_of(self, user_name: str) -> int:
        if user_name not in self._ids:
            self._ids = dict(self.practice.ids)
        return self._ids[user_name]

    def visit(
        self, starts_at: str, *, doctor: str = "drjay", patient: str = "pat", treatment: int = 1, **more: Any
    ) -> dict[str, Any]:
        """Returns a body for POST /appointments."""
        return {
            "doctor_id": self.id_of(doctor),
            "patient_id": self.id_of(patient),
            "treatment_id": treatment,
            "starts_at": starts_at,
            **more,
        }

    def book(self, user_name: str, starts_at: str, **visit: Any) -> Answer:
        return self.client.post(user_name, "/appointments", self.visit(starts_at, **visit))

    def booked(self, user_name: str, starts_at: str, **visit: Any) -> Any:
        """Returns the appointment of the answer, which must be 201."""
        answer = self.book(user_name, starts_at, **visit)
        assert answer.status == 201, answer.text
        return answer.json

    def cancel(self, user_name: str, appointment_id: int, reason: str = "Cannot come", **headers: str) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(user_name, f"/appointments/{appointment_id}/cancel", {"reason": reason}, headers=given)

    def cancelled(self, user_name: str, appointment_id: int) -> Any:
        answer = self.cancel(user_name, appointment_id)
        assert answer.status == 200, answer.text
        return answer.json
