"""Every POST route with a body that it would take, for tests that spoil it."""

from collections.abc import Mapping
from typing import Any

from tests.api.desk import Desk, at, instant

USERS, BOOK, CANCEL, BY_NAME = POSTS = (
    "POST /users",
    "POST /appointments",
    "POST /appointments/{appointment_id}/cancel",
    "POST /appointment",
)


class Posts:
    """All as rita, who may do all of it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._target = desk.practice.add_appointment(instant("15:00", "2030-01-20")).appointment_id

    def path(self, key: str) -> str:
        return key.removeprefix("POST ").format(appointment_id=self._target)

    def body(self, key: str) -> Mapping[str, Any]:
        bodies: Mapping[str, Mapping[str, Any]] = {
            USERS: {"user_name": "fresh", "full_name": "Fresh", "email": "f@example.org", "phone": "+51 999"},
            BOOK: {**self.desk.visit(at("15:00")), "patient_note": "Hello", "override_reason": "Emergency"},
            CANCEL: {"reason": "Flu"},
            BY_NAME: {"patient": "pat", "doctor": "drjay", "appointment_date": "2030-01-08 10:00:00"},
        }
        return bodies[key]
