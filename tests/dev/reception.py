"""A receptionist of the running stack, and the mails that her patients get."""

import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from dev.token import access_token
from tests.api.desk import rfc3339
from tests.dev.http_server import Client, Reply
from tests.dev.running_stack import RunningStack

_PATIENCE_SECONDS = 30


def soon(find: Callable[[], Any]) -> Any:
    """Returns what it finds as soon as there is something."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not (found := find()):
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.1)  # between two attempts: the stack cannot notify us
    return found


class Reception:
    """Acts as rita of the first clinic, and reads what anybody gets."""

    def __init__(self, stack: RunningStack) -> None:
        self.stack = stack
        self.client = Client(stack.port)
        self._token = access_token(stack.folder, "rita")

    def send(self, method: str, target: str, body: object = None) -> Reply:
        return self._send(self._token, method, target, body)

    def call(self, method: str, target: str, body: object = None) -> Any:
        return _accepted(self.send(method, target, body))

    def me(self, person: Any) -> Any:
        """Returns what the person's own account says."""
        return _accepted(self._send(access_token(self.stack.folder, person["user_name"]), "GET", "/me"))

    def patient(self, full_name: str, **more: Any) -> Any:
        """Enters a patient who has an e-mail address, unless `email` is None."""
        user_name = uuid.uuid4().hex
        person = {"user_name": user_name, "full_name": full_name, "email": f"{user_name}@example.org", **more}
        return self.call("POST", "/users", {"clinic_id": 1, "accept_duplicate": True, **person})

    def free(self) -> list[Any]:
        """Returns free times of check-ups that are far enough away for patients to change and near enough to be offered
        on a page.
        """
        first = datetime.now(UTC) + timedelta(days=3)
        span = f"from={rfc3339(first)}&to={rfc3339(first + timedelta(days=4))}"
        items: list[Any] = self.call("GET", f"/availability?treatment_id=1&clinic_id=1&limit=200&{span}")["items"]
        return items

    def book(self, patient: Any, slot: Any = None) -> Any:
        """Books that time, or the first of the free ones."""
        return _accepted(self.try_to_book(patient, slot or self.free()[0]))

    def try_to_book(self, patient: Any, slot: Any) -> Reply:
        wish = {"doctor_id": slot["doctor_id"], "starts_at": slot["starts_at"], "treatment_id": 1}
        return self.send("POST", "/appointments", {**wish, "patient_id": patient["user_id"]})

    def cancel(self, visit: Any) -> None:
        self.call("POST", f"/appointments/{visit['appointment_id']}/cancel", {"reason": "The doctor is ill."})

    def move(self, visit: Any, slot: Any) -> Reply:
        wish = {"doctor_id": slot["doctor_id"], "starts_at": slot["starts_at"]}
        return self.send("PATCH", f"/appointments/{visit['appointment_id']}", wish)

    def offer(self, patient: Any) -> Any:
        """Makes an offer to the patient, of time that another one had. Returns the entry of the waitlist."""
        visit = self.book(self.patient("Somebody Else"))
        wish = {"treatment_id": 1, "doctor_id": visit["doctor"]["user_id"], "patient_id": patient["user_id"]}
        entry = self.call("POST", "/waitlist", {**wish, "from": visit["starts_at"], "to": visit["ends_at"]})
        self.cancel(visit)
        return entry

    def visit(self, visit: Any) -> Any:
        return self.call("GET", f"/appointments/{visit['appointment_id']}")

    def visits(self, patient: Any) -> list[Any]:
        """Returns the visits of a patient, in the order in which they were booked."""
        items = self.call("GET", f"/appointments?patient_id={patient['user_id']}&limit=100")["items"]
        return sorted(items, key=lambda visit: visit["appointment_id"])

    def history(self, visit: Any) -> list[tuple[str, str | None]]:
        """Returns what was done to a visit, and how."""
        items = self.call("GET", f"/appointments/{visit['appointment_id']}/history")["items"]
        return [(event["action"], event["via"]) for event in items]

    def notifications(self, patient: Any) -> list[Any]:
        items: list[Any] = self.call("GET", f"/notifications?user_id={patient['user_id']}&limit=100")["items"]
        return items

    def mail(self, person: Any, kind: str, number: int = 1) -> Any:
        """Waits until the person has that many mails of the kind, and returns the last one."""

        def find() -> list[Any]:
            mails = [each for each in self.messages() if (each["to"], each["kind"]) == (person["email"], kind)]
            return mails if len(mails) >= number else []

        return soon(find)[0]

    def messages(self) -> list[Any]:
        """Returns all messages, the newest first."""
        items: list[Any] = _accepted(self.client.send("GET", "/dev/messages"))["items"]
        return items

    def set_clock(self, to: datetime | None) -> None:
        """Sets the clock of the stack, or sets it back to the real time."""
        seconds = (to - datetime.now(UTC)).total_seconds() if to else 0
        body = json.dumps({"offset_seconds": seconds}).encode()
        assert self.client.send("PUT", "/dev/clock", body=body).status == HTTPStatus.NO_CONTENT

    def _send(self, token: str, method: str, target: str, body: object = None) -> Reply:
        headers = [("Authorization", f"Bearer {token}"), ("Content-Type", "application/json")]
        return self.client.send(method, target, headers, None if body is None else json.dumps(body).encode())


def _accepted(reply: Reply) -> Any:
    assert reply.status < HTTPStatus.BAD_REQUEST, reply.body
    return reply.json()
