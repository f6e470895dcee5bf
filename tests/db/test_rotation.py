"""Two database users take turns while eight clients book: no request fails, although error 1045 is really met."""

import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import count
from threading import Condition
from time import monotonic
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws
from sqlalchemy import URL, Engine, text

from lambda_function.aws.secrets import SecretCredentials
from lambda_function.db.engine import Credentials, build_engine
from lambda_function.db.models import Appointment
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Actor
from lambda_function.services.booking import BookingRequest, book
from tests.clock import NOW
from tests.factories import Practice
from tests.servers import plain_engine

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CLIENTS = 8
SECONDS = 20.0
LEAST_RECONNECTIONS = 20
SECRET = "dentist/app"
USERS = ("dentist_app_a", "dentist_app_b")


class Rotation:
    """The operator's side: users in MySQL, and the secret that names the one in use."""

    def __init__(self, admin: Engine, url: URL, client: "SecretsManagerClient") -> None:
        self._admin = admin
        self._url = url
        self._client = client
        self.turns = 0
        for user in USERS:
            self._sql(f"DROP USER IF EXISTS '{user}'@'%'")
            self._sql(f"CREATE USER '{user}'@'%' IDENTIFIED BY '{secrets.token_hex(8)}'")
            self._sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {url.database}.* TO '{user}'@'%'")
        client.create_secret(Name=SECRET, SecretString="{}")
        self.turn()

    def _sql(self, statement: str) -> None:
        with self._admin.begin() as connection:
            connection.execute(text(statement))

    def _set_password(self, user: str) -> str:
        password = secrets.token_hex(16)
        self._sql(f"ALTER USER '{user}'@'%' IDENTIFIED BY '{password}'")
        return password

    def turn(self) -> None:
        """The idle user gets a new password and the secret; the retired one then loses its own."""
        idle, retired = USERS[self.turns % 2], USERS[(self.turns + 1) % 2]
        self.turns += 1
        value = {
            "engine": "mysql",
            "host": self._url.host,
            "port": self._url.port,
            "username": idle,
            "password": self._set_password(idle),
            "dbname": self._url.database,
        }
        self._client.put_secret_value(SecretId=SECRET, SecretString=json.dumps(value))
        self._set_password(retired)

    def close(self) -> None:
        for user in USERS:
            self._sql(f"DROP USER '{user}'@'%'")


class CountingSource(SecretCredentials):
    """The real source, which also counts how often 1045 made it fetch anew."""

    refusals = 0

    def current(self) -> Credentials:
        return super().current() if self._cached else super().refreshed()

    def refreshed(self) -> Credentials:
        self.refusals += 1
        return super().refreshed()


class Progress:
    """Lets the operator wait until every client has booked again."""

    def __init__(self) -> None:
        self._booked = [0] * CLIENTS
        self._changed = Condition()

    def note(self, client: int) -> None:
        with self._changed:
            self._booked[client] += 1
            self._changed.notify_all()

    def wait_for_all(self) -> None:
        with self._changed:
            # Two, since the first may have connected before the last turn: nobody is turned on twice in one connect.
            target = [booked + 2 for booked in self._booked]
            arrived = self._changed.wait_for(
                lambda: all(booked >= least for booked, least in zip(self._booked, target, strict=True)), timeout=30
            )
            assert arrived, "a client stopped booking"

    @property
    def total(self) -> int:
        return sum(self._booked)


@pytest.fixture
def rotation(server_url: URL, database_url: URL, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rotation]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        rotation = Rotation(plain_engine(server_url), database_url, boto3.client("secretsmanager"))
        yield rotation
        rotation.close()


@dataclass(frozen=True)
class Client:
    """Books one visit after the other, each on a new connection, as cold Lambdas do."""

    number: int
    source: CountingSource
    receptionist: Actor
    first: BookingRequest
    progress: Progress

    def book_until(self, end: float) -> None:
        engine = build_engine(self.source, tls=None)
        database = Database(engine, lambda: NOW)
        for visit in count():
            if monotonic() > end:
                return
            request = replace(self.first, starts_at=self.first.starts_at + visit * timedelta(minutes=30))
            database.transact(partial(self._book, request))
            engine.dispose()
            self.progress.note(self.number)

    def _book(self, request: BookingRequest, work: UnitOfWork) -> None:
        work.act_as(self.receptionist)
        book(work, request)


def _clients(practice: Practice, progress: Progress) -> list[Client]:
    """Each with a doctor and a patient of its own, so that only a failure can refuse a booking."""
    clinic_id = practice.add_clinic("Rotation", "America/Lima").clinic_id
    practice.add_receptionist("rotor", clinics=(clinic_id,))
    receptionist = practice.actor("rotor")
    clients = []
    for number in range(CLIENTS):
        doctor, patient = practice.add_doctor(clinic=clinic_id), practice.add_patient(clinics=(clinic_id,))
        first = BookingRequest(doctor.user_id, 1, NOW + timedelta(days=1), patient.user_id)
        source = CountingSource(boto3.client("secretsmanager"), SECRET)
        clients.append(Client(number, source, receptionist, first, progress))
    return clients


def test_no_request_fails_while_the_users_alternate(rotation: Rotation, practice: Practice) -> None:
    progress = Progress()
    clients = _clients(practice, progress)
    end = monotonic() + SECONDS
    with ThreadPoolExecutor(CLIENTS) as pool:
        running = [pool.submit(client.book_until, end) for client in clients]
        while monotonic() < end - 1:
            progress.wait_for_all()
            rotation.turn()
        for done in running:
            done.result()
    refusals = sum(client.source.refusals for client in clients)
    print(f"{progress.total} bookings, {rotation.turns} turns, {refusals} reconnections after error 1045")  # noqa: T201 - shown by pytest -rP
    assert refusals >= LEAST_RECONNECTIONS
    assert len(practice.rows(Appointment)) == progress.total
