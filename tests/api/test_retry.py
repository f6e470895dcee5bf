"""Deadlocks, lock wait timeouts and a database that is away, with real connections on both sides."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import URL, Connection, Engine, event, text

from lambda_function.api.app import create_app
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.models import Appointment, IdempotencyKey
from lambda_function.db.unit_of_work import RETRIES, Database
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at
from tests.api.expect import expect_problem
from tests.api_client import ApiClient
from tests.clock import NOW, Clock
from tests.factories import Practice
from tests.servers import plain_engine

KEY = {"Idempotency-Key": "one"}
LOCK_DOCTOR = "SELECT user_id FROM doctor WHERE user_id = :id FOR UPDATE"
LOCK_PATIENT = "SELECT user_id FROM patient WHERE user_id = :id FOR UPDATE"


@pytest.fixture
def impatient(database_url: URL) -> Iterator[Engine]:
    """The application's engine, which waits one second for a lock instead of three."""
    engine = build_engine(UrlCredentials(database_url), tls=None)

    def wait_less(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION innodb_lock_wait_timeout = 1")

    event.listen(engine, "connect", wait_less)
    yield engine
    engine.dispose()


@pytest.fixture
def desk(impatient: Engine, practice: Practice) -> Desk:
    return Desk(ApiClient(create_app(Database(impatient, Clock(NOW)))), practice)


@pytest.fixture
def other(database_url: URL) -> Iterator[Connection]:
    """Another connection with an open transaction."""
    with plain_engine(database_url).connect() as connection:
        yield connection


def _count_locks(engine: Engine, table: str) -> list[str]:
    """Counts from now on how often the application tries to lock a row of the table."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if f"FROM {table}" in statement and "FOR UPDATE" in statement:
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    return seen


def _after_doctor_is_locked(engine: Engine, act: Callable[[], None]) -> None:
    """Calls `act` once, when the application holds the doctor's lock and before it asks for the next one."""
    done = threading.Event()

    def locked(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "FROM doctor" in statement and "FOR UPDATE" in statement and not done.is_set():
            done.set()
            act()

    event.listen(engine, "after_cursor_execute", locked)


class Rival(threading.Thread):
    """Holds the patient, asks for the doctor, and has written so many rows that InnoDB chooses the application as the
    victim.
    """

    def __init__(self, connection: Connection, desk: Desk) -> None:
        super().__init__()
        self._connection = connection
        self._doctor = desk.id_of("drjay")
        connection.execute(text("UPDATE user SET full_name = CONCAT(full_name, ' ')"))
        connection.execute(text("UPDATE treatment SET name = CONCAT(name, ' ')"))
        connection.execute(text(LOCK_PATIENT), {"id": desk.id_of("pat")})
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            self._connection.execute(text(LOCK_DOCTOR), {"id": self._doctor})
        except Exception as error:  # noqa: BLE001 - passed on to the test, which runs in another thread
            self.failure = error
        finally:
            self._connection.rollback()


def test_a_deadlock_is_tried_again_and_succeeds_once_the_other_side_is_gone(
    desk: Desk, impatient: Engine, other: Connection
) -> None:
    body = desk.visit(at("15:00"))
    rival = Rival(other, desk)
    _after_doctor_is_locked(impatient, rival.start)
    tries = _count_locks(impatient, "doctor")

    answer = desk.client.post("rita", "/appointments", body)
    rival.join()

    assert rival.failure is None
    assert answer.status == 201, answer.text
    assert len(tries) == 2
    assert len(desk.practice.claims()) == 3 * 6


def test_a_deadlock_under_a_key_is_tried_again_and_the_answer_kept_once(
    desk: Desk, impatient: Engine, other: Connection
) -> None:
    body = desk.visit(at("15:00"))
    rival = Rival(other, desk)
    _after_doctor_is_locked(impatient, rival.start)
    tries = _count_locks(impatient, "idempotency_lock")

    answer = desk.client.post("rita", "/appointments", body, headers=KEY)
    rival.join()

    assert rival.failure is None
    assert answer.status == 201, answer.text
    assert len(tries) == 2
    (kept,) = desk.practice.rows(IdempotencyKey)
    assert kept.body == answer.text
    assert len(desk.practice.rows(Appointment)) == 1
    assert desk.client.post("rita", "/appointments", body, headers=KEY).text == answer.text


def test_a_key_that_is_never_given_back_is_409_and_nothing_is_written(
    desk: Desk, impatient: Engine, other: Connection, fingerprint: Fingerprint
) -> None:
    before = fingerprint()
    body = desk.visit(at("15:00"))
    other.execute(text("SELECT stripe FROM idempotency_lock FOR UPDATE"))
    tries = _count_locks(impatient, "idempotency_lock")

    refused = desk.client.post("rita", "/appointments", body, headers=KEY)
    expect_problem(refused, 409, "idempotency_in_flight")
    assert int(refused.headers["Retry-After"]) > 0
    assert len(tries) == RETRIES + 1
    assert fingerprint() == before
    assert desk.client.post("rita", "/appointments", body).status == 201

    other.rollback()
    expect_problem(desk.client.post("rita", "/appointments", body, headers=KEY), 409, "doctor_busy")


def test_a_doctor_who_is_never_given_back_is_503_under_a_key_too(
    desk: Desk, other: Connection, fingerprint: Fingerprint
) -> None:
    before = fingerprint()
    body = desk.visit(at("15:00"))
    other.execute(text(LOCK_DOCTOR), {"id": desk.id_of("drjay")})

    expect_problem(desk.client.post("rita", "/appointments", body, headers=KEY), 503, "contention")
    assert fingerprint() == before

    other.rollback()
    assert desk.client.post("rita", "/appointments", body, headers=KEY).status == 201


def test_a_deadlock_while_cancelling_is_tried_again_too(desk: Desk, impatient: Engine, other: Connection) -> None:
    booked = desk.booked("rita", at("15:00"))["appointment_id"]
    rival = Rival(other, desk)
    _after_doctor_is_locked(impatient, rival.start)

    answer = desk.cancel("rita", booked)
    rival.join()

    assert rival.failure is None
    assert (answer.status, answer.json["version"]) == (200, 2)
    assert desk.practice.claims() == []


def test_a_lock_that_is_never_given_back_is_503_and_nothing_is_written(
    desk: Desk, impatient: Engine, other: Connection, fingerprint: Fingerprint
) -> None:
    before = fingerprint()
    body = desk.visit(at("15:00"))
    other.execute(text(LOCK_DOCTOR), {"id": desk.id_of("drjay")})
    tries = _count_locks(impatient, "doctor")

    expect_problem(desk.client.post("rita", "/appointments", body), 503, "contention")
    assert len(tries) == RETRIES + 1
    assert fingerprint() == before
    assert other.execute(text("SELECT 1")).scalar_one() == 1

    other.rollback()
    assert desk.client.post("rita", "/appointments", body).status == 201


def test_reading_waits_for_no_lock(desk: Desk, other: Connection) -> None:
    booked = desk.booked("rita", at("15:00"))["appointment_id"]
    other.execute(text(LOCK_DOCTOR), {"id": desk.id_of("drjay")})
    other.execute(text("SELECT * FROM appointment FOR UPDATE"))

    assert desk.client.get("pat", f"/appointments/{booked}").status == 200


def _away(url: URL) -> ApiClient:
    return ApiClient(create_app(Database(build_engine(UrlCredentials(url), tls=None), Clock(NOW))))


@pytest.mark.parametrize("what", ["port", "password", "database"])
def test_a_database_that_is_away_is_503_without_details(migrated_url: URL, what: str) -> None:
    wrong = {
        "port": migrated_url.set(port=1),
        "password": migrated_url.set(password="Wrong-password"),
        "database": migrated_url.set(database="no_such_database"),
    }[what]
    client = _away(wrong)

    for answer in (
        client.get("pat", "/me"),
        client.get(None, "/health/ready"),
        client.post("rita", "/users", {"user_name": "new", "full_name": "New"}),
    ):
        expect_problem(answer, 503, "unavailable")
        for word in (str(wrong.host), str(wrong.port), str(wrong.password), str(wrong.username), "no_such", "pymysql"):
            assert word not in answer.text.replace(answer.json["request_id"], "")
    assert client.get(None, "/health").status == 200


def test_a_connection_that_the_server_has_closed_is_replaced_unseen(
    desk: Desk, impatient: Engine, other: Connection
) -> None:
    with impatient.connect() as connection:
        number = connection.execute(text("SELECT CONNECTION_ID()")).scalar_one()
    other.execute(text(f"KILL {number}"))

    assert desk.client.get("pat", "/me").status == 200
