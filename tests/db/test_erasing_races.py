"""A patient is erased while others write about them over their own connections, on MySQL and MariaDB.

The handler serves one request at a time in a process, so each race is between one request and the operators' command.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import URL, Engine, event, text

from lambda_function.api.app import create_app
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.models import Appointment, Country, IdempotencyKey
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.appointment import Status
from lambda_function.services.operators.actions import OperatorContext, run
from tests.api.desk import at
from tests.api_client import Answer, ApiClient
from tests.clock import NOW, Clock
from tests.factories import Practice, sub_of
from tests.lock_waits import lock_waiters, until
from tests.profiles import examples
from tests.servers import empty_tables, plain_engine
from tests.traces import everywhere

ROUNDS = examples(2, 6)
WORDS = "Allergic to latex"
PERSON = {"full_name": "Zoe Quinones", "email": "zoe.q@example.org", "phone": "+51 987 654 321"}
TRACES = ("zoe.quinn", *PERSON.values(), sub_of("zoe.quinn"), WORDS)


@dataclass(slots=True)
class Scene:
    """A visit of yesterday and one of next week, both of Zoe with drjay and without any text about her."""

    url: URL
    practice: Practice
    client: ApiClient
    engine: Engine
    operators: Database
    past: int
    ahead: int
    patient: int
    doctor: int

    def request(self, method: str, path: str, body: Any) -> Answer:
        """Sends a request of the reception, whose answer is kept wherever possible."""
        headers = {"Idempotency-Key": "key"} if method == "POST" else {}
        return self.client.call("rita", method, path.format(self=self), body, headers=headers)

    def erase(self) -> str:
        arguments = {"user_name": "zoe.quinn", "cancel_visits": True}
        return str(run(OperatorContext(self.operators), "erase-person", arguments)["user_name"])


def make_scene(url: URL, practice: Practice, stack: ExitStack) -> Scene:
    user_id = practice.add_patient("zoe.quinn", clinics=(1,), **PERSON).user_id
    doctor = practice.ids["drjay"]
    past, ahead = (
        practice.add_appointment(NOW + timedelta(days=days), patient_id=user_id, status=Status.BOOKED).appointment_id
        for days in (-1, 7)
    )
    engines = [build_engine(UrlCredentials(url), tls=None) for _ in range(2)]
    for engine in engines:
        stack.callback(engine.dispose)
    client = ApiClient(create_app(Database(engines[0], Clock(NOW))))
    operators = Database(engines[1], Clock(NOW))
    return Scene(url, practice, client, engines[0], operators, past, ahead, user_id, doctor)


@pytest.fixture
def scene(race_url: URL) -> Iterator[Scene]:
    with Practice.open(race_url) as practice, ExitStack() as stack:
        yield make_scene(race_url, practice, stack)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@contextmanager
def doctor_held(scene: Scene) -> Iterator[None]:
    """Holds the doctor's lock, for which everybody waits who changes a visit."""
    with plain_engine(scene.url).connect() as connection:
        locked = text("SELECT user_id FROM doctor WHERE user_id = :id FOR UPDATE")
        connection.execute(locked, {"id": scene.doctor})
        yield
        connection.rollback()


def is_marked(scene: Scene) -> bool:
    """Returns whether it is committed that the patient is being erased."""
    erased = text("SELECT erased_at IS NOT NULL FROM user WHERE user_id = :id")
    with plain_engine(scene.url).connect() as connection:
        return bool(connection.execute(erased, {"id": scene.patient}).scalar_one())


Writing = tuple[str, str, dict[str, Any] | None]
WRITINGS: dict[str, Writing] = {
    "internal note": ("PATCH", "/appointments/{self.past}", {"internal_note": WORDS}),
    "patient note": ("PATCH", "/appointments/{self.past}", {"patient_note": WORDS}),
    "reason": ("POST", "/appointments/{self.ahead}/cancel", {"reason": WORDS}),
    "move": (
        "PATCH",
        "/appointments/{self.ahead}",
        {"starts_at": at("03:00", "2030-01-15"), "override_reason": WORDS},
    ),
    "FHIR": (
        "POST",
        "/fhir/R4/Appointment/{self.ahead}/$cancel",
        {"resourceType": "Parameters", "parameter": [{"name": "reason", "valueString": WORDS}]},
    ),
}


def booking(scene: Scene) -> Writing:
    visit = {
        "doctor_id": scene.doctor,
        "patient_id": scene.patient,
        "treatment_id": 1,
        "starts_at": at("15:00"),
        "patient_note": WORDS,
    }
    return "POST", "/appointments", visit


def left(scene: Scene) -> set[tuple[str, str, str]]:
    """Returns everything that is still known about Zoe, anywhere."""
    assert all(visit.status is not Status.BOOKED for visit in scene.practice.rows(Appointment) if visit.starts_at > NOW)
    return everywhere(scene.url, TRACES)


def waiting_request(scene: Scene, pool: ThreadPoolExecutor, writing: Writing) -> Answer:
    """Returns the answer to a request that has waited for the doctor since before the patient was erased."""
    with doctor_held(scene):
        request = pool.submit(scene.request, *writing)
        until(lambda: lock_waiters(scene.url) == 1)
        erasing = pool.submit(scene.erase)
        # A lock may be granted at once, so a request for it does not show how far the erasing is.
        until(lambda: erasing.done() or is_marked(scene))
    assert erasing.result() == f"erased:{scene.patient}"
    return request.result()


@pytest.mark.parametrize("name", ["internal note", "patient note"])
def test_words_that_wait_until_the_patient_is_erased_are_refused(
    scene: Scene, pool: ThreadPoolExecutor, name: str
) -> None:
    scene.practice.session.delete(scene.practice.session.get_one(Appointment, scene.ahead))
    scene.practice.session.commit()
    answer = waiting_request(scene, pool, WRITINGS[name])

    assert (answer.status, answer.code) == (409, "invalid_transition")
    assert left(scene) == set()
    assert scene.practice.rows(IdempotencyKey) == []


def test_a_booking_that_waits_until_the_patient_is_erased_is_refused(scene: Scene, pool: ThreadPoolExecutor) -> None:
    scene.practice.session.delete(scene.practice.session.get_one(Appointment, scene.ahead))
    scene.practice.session.commit()
    answer = waiting_request(scene, pool, booking(scene))

    assert (answer.status, answer.fields) == (422, ["patient_id"])
    assert left(scene) == set()
    assert scene.practice.rows(IdempotencyKey) == []


@pytest.mark.parametrize("name", [*WRITINGS, "booking"])
def test_words_that_are_being_written_when_the_erasing_begins_go_with_the_rest(
    scene: Scene, pool: ThreadPoolExecutor, name: str
) -> None:
    """The erasing begins when the request has written but not committed."""
    begun: list[Future[str]] = []

    def written(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(("UPDATE appointment ", "INSERT INTO appointment ")) and not begun:
            begun.append(pool.submit(scene.erase))
            until(lambda: begun[0].done() or lock_waiters(scene.url) == 1)

    event.listen(scene.engine, "after_cursor_execute", written)
    answer = scene.request(*(booking(scene) if name == "booking" else WRITINGS[name]))

    assert answer.status in {200, 201}, answer.text
    assert begun[0].result() == f"erased:{scene.patient}"
    assert left(scene) == set()
    assert [json.loads(row.body) for row in scene.practice.rows(IdempotencyKey)] == []


REGISTERING: Writing = ("POST", "/appointments/{self.past}/register", None)


def test_an_answer_that_is_being_kept_when_the_erasing_begins_goes_with_the_rest(
    scene: Scene, pool: ThreadPoolExecutor
) -> None:
    """Having a visit registered again changes no visit, and its answer names the patient all the same."""
    scene.practice.session.merge(Country(code="PE"))
    scene.practice.session.commit()
    begun: list[Future[str]] = []

    def forgotten(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("DELETE FROM appointment_registration") and not begun:
            begun.append(pool.submit(scene.erase))
            until(lambda: begun[0].done() or lock_waiters(scene.url) == 1)

    event.listen(scene.engine, "after_cursor_execute", forgotten)
    answer = scene.request(*REGISTERING)

    assert (answer.status, answer.json["patient"]["full_name"]) == (202, PERSON["full_name"])
    assert begun[0].result() == f"erased:{scene.patient}"
    assert left(scene) == set()
    assert scene.practice.rows(IdempotencyKey) == []


def test_an_answer_that_is_kept_while_the_patient_is_erased_leaves_no_name(
    scene: Scene, pool: ThreadPoolExecutor
) -> None:
    scene.practice.session.merge(Country(code="PE"))
    scene.practice.session.commit()

    with plain_engine(scene.url).connect() as connection:
        connection.execute(text("SELECT user_id FROM patient WHERE user_id = :id FOR UPDATE"), {"id": scene.patient})
        erasing = pool.submit(scene.erase)
        until(lambda: lock_waiters(scene.url) == 1)
        connection.rollback()
        answer = scene.request(*REGISTERING)

    assert erasing.result() == f"erased:{scene.patient}"
    assert answer.status == 202
    assert left(scene) == set()


@pytest.mark.parametrize("name", [*WRITINGS, "booking"])
def test_whoever_comes_first_nothing_is_left(race_url: URL, pool: ThreadPoolExecutor, name: str) -> None:
    for _ in range(ROUNDS):
        with Practice.open(race_url) as practice, ExitStack() as stack:
            scene = make_scene(race_url, practice, stack)
            barrier = Barrier(2)

            def started(act: Callable[[], Any], barrier: Barrier = barrier) -> Any:
                barrier.wait()
                return act()

            writing = booking(scene) if name == "booking" else WRITINGS[name]
            request = pool.submit(started, partial(scene.request, *writing))
            erasing = pool.submit(started, scene.erase)
            assert erasing.result() == f"erased:{scene.patient}"
            assert request.result().status in {200, 201, 409, 422}
            assert left(scene) == set()
            assert [row for row in practice.rows(IdempotencyKey) if f":{scene.patient}" in row.body] == []
        empty_tables(race_url)
