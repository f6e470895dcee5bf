"""Times requests in the handler, against the same SQL sent by PyMySQL alone.

    python -m benchmarks.requests [--rounds 300] [--url mysql+pymysql://administrator:password@host:port]

There are two requests of a receptionist: a page of 50 of 500 appointments, and a booking at a time that is still free.
Each is served in three ways that take turns in every round, on the same server and in one process:

- handler: the warm application as production builds it, called with payload-2.0 events. The time includes the line of
  log, which goes to the null device, but neither building the event nor the network in front of the function.
- floor: PyMySQL on one open connection, which sends the statements and parameters that the handler has sent, with the
  ping before and the commit or rollback after. All rows are fetched and thrown away.
- naive: the floor with a new connection for every call, opened with PyMySQL's defaults. It takes part in every tenth
  round.

There are five sittings, each with a new connection for the floor, and for each way the one with the lowest median
counts. Even so, the floor of a booking, which mostly waits for the server, eleven times, has been seen at 2.1 and at
2.8 ms with the same code, and the handler at 5.1 and 5.4 ms: run it several times before you trust a ratio.

Without --url a throw-away MySQL is started. With it, the database `dentist_bench` of that server is dropped and created
again. The result is a Markdown table. Other work on the machine makes all times longer, so trust the ratios.
"""

import json
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from importlib.metadata import version as version_of
from itertools import cycle
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Engine

from benchmarks.bench import Times, Ways, argument_parser, bench_database, in_turns
from benchmarks.floor import Step, moved, recorded, replay
from benchmarks.practice import APPOINTMENTS, CHECKUP, PATIENTS, fill, free_starts
from dev.lambda_context import LambdaContext
from lambda_function.api.app import Api, create_app
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import Credentials, build_engine, connect
from lambda_function.db.unit_of_work import Database
from tests.api_client import access_claims, http_event
from tests.clock import NOW, Clock
from tests.factories import Practice

if TYPE_CHECKING:
    import pymysql

AIM = 2.0
_WARM_UP = 15
_SITTINGS = 5
_NAIVE_EVERY = 10
_CALLER = access_claims("rita")


@dataclass
class Bench:
    """One database and the two ways into it."""

    api: Api
    engine: Engine
    credentials: Credentials
    doctor_id: int
    patients: list[int]
    starts: Iterator[datetime] = field(default_factory=free_starts)
    raw: "pymysql.Connection[Any]" = field(init=False)

    @classmethod
    @contextmanager
    def open(cls, url: URL) -> Iterator["Bench"]:
        """Loads the data into a migrated, empty database."""
        patients = fill(url)
        with Practice.open(url) as practice:
            doctor_id = practice.ids["drjay"]
        source = UrlCredentials(url)
        engine = build_engine(source, tls=None)
        bench = cls(create_app(Database(engine, Clock(NOW))), engine, source.current(), doctor_id, patients)
        bench.open_floor()
        try:
            yield bench
        finally:
            bench.raw.close()
            engine.dispose()

    def open_floor(self) -> None:
        self.raw = connect(self.credentials, charset="utf8mb4", ssl_disabled=True)
        with self.raw.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")

    def call(self, event: Mapping[str, Any], expected: HTTPStatus) -> dict[str, Any]:
        answer = self.api(event, LambdaContext("api", 60))
        if answer["statusCode"] != expected:
            raise RuntimeError(f"the handler answered {answer['statusCode']}: {answer['body']}")
        return answer

    def floor(self, steps: list[Step]) -> None:
        self.raw.ping(reconnect=False)
        replay(self.raw, steps)

    def naive(self, steps: list[Step]) -> None:
        connection = connect(self.credentials)
        replay(connection, steps)
        connection.close()


def list_ways(bench: Bench) -> tuple[list[Step], Callable[[], Ways]]:
    """Returns the statements of the request, and a function that makes the three calls of a round."""
    event = http_event("GET", "/appointments", query="from=2030-01-07T00:00:00Z&limit=50", claims=_CALLER)
    bench.call(event, HTTPStatus.OK)
    with recorded(bench.engine) as steps:
        page = json.loads(bench.call(event, HTTPStatus.OK)["body"])
    if len(page["items"]) != 50:  # noqa: PLR2004 - the limit in the event
        raise RuntimeError("the page is not full")
    ways: Ways = {
        "handler": lambda: bench.call(event, HTTPStatus.OK),
        "floor": lambda: bench.floor(steps),
        "naive": lambda: bench.naive(steps),
    }
    return steps, lambda: ways


def booking_ways(bench: Bench) -> tuple[list[Step], Callable[[], Ways]]:
    """Returns the same as list_ways, for a booking. Each call books a new time, and patients take turns. The three
    calls of a round book for the same patient, so the steps are recorded once for each patient.
    """
    bench.call(_booking_event(bench, bench.patients[0], next(bench.starts)), HTTPStatus.CREATED)
    recordings = cycle([_recorded_booking(bench, patient_id) for patient_id in bench.patients])

    def ways() -> Ways:
        patient_id, start, steps = next(recordings)
        event = _booking_event(bench, patient_id, next(bench.starts))
        at_floor, naive = (moved(steps, start, next(bench.starts)) for _ in range(2))
        return {
            "handler": lambda: bench.call(event, HTTPStatus.CREATED),
            "floor": lambda: bench.floor(at_floor),
            "naive": lambda: bench.naive(naive),
        }

    return next(recordings)[-1], ways


def _recorded_booking(bench: Bench, patient_id: int) -> tuple[int, datetime, list[Step]]:
    start = next(bench.starts)
    event = _booking_event(bench, patient_id, start)
    with recorded(bench.engine) as steps:
        bench.call(event, HTTPStatus.CREATED)
    return patient_id, start, steps


def _booking_event(bench: Bench, patient_id: int, start: datetime) -> dict[str, Any]:
    body = {
        "doctor_id": bench.doctor_id,
        "patient_id": patient_id,
        "treatment_id": CHECKUP,
        "starts_at": start.isoformat(),
        "patient_note": "Prefers the chair at the window",
    }
    headers = {"content-type": "application/json"}
    return http_event("POST", "/appointments", body=json.dumps(body), headers=headers, claims=_CALLER)


def measure(bench: Bench, make: Callable[[], Ways], rounds: int) -> Times:
    """Returns the best sitting of each way, the one with the lowest median, in milliseconds for each call."""
    sittings = []
    for _ in range(_SITTINGS):
        bench.raw.close()
        bench.open_floor()
        sittings.append(in_turns(make, rounds // _SITTINGS, warm_up=_WARM_UP, seldom={"naive": _NAIVE_EVERY}))
    return {way: min((times[way] for times in sittings), key=median) for way in sittings[0]}


def check_bookings(bench: Bench) -> None:
    """Raises RuntimeError unless the floor's bookings have as many claims and events as the handler's."""
    bench.raw.rollback()
    with bench.raw.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT"
            " (SELECT COUNT(*) FROM slot_claim WHERE slot_claim.appointment_id = appointment.appointment_id),"
            " (SELECT COUNT(*) FROM appointment_event WHERE appointment_event.appointment_id ="
            " appointment.appointment_id AND changes ->> '$.starts_at' = DATE_FORMAT(starts_at, '%Y-%m-%dT%T+00:00'))"
            " FROM appointment WHERE chair_id IS NOT NULL"
        )
        kinds = cursor.fetchall()
    if len(kinds) != 1:
        raise RuntimeError(f"the bookings differ in their claims and events: {kinds}")


def row(workload: str, statements: int, times: Times) -> str:
    cells = [workload, str(statements)]
    for name in ("handler", "floor"):
        cells += [f"{median(times[name]):.2f}", f"{quantiles(times[name], n=20)[-1]:.2f}"]
    ratio = median(times["handler"]) / median(times["floor"])
    cells += [f"**{ratio:.2f}**", f"{median(times['naive']):.1f}"]
    return f"| {' | '.join(cells)} |"


def report(url: URL, rounds: int, stream: Callable[[str], None]) -> None:
    with Bench.open(url) as bench:
        rows = []
        for workload, prepare in {"list of 50": list_ways, "booking": booking_ways}.items():
            steps, make = prepare(bench)
            rows.append(row(workload, len(steps), measure(bench, make, rounds)))
        check_bookings(bench)
        with bench.raw.cursor() as cursor:
            cursor.execute("SELECT VERSION()")
            version = next(iter(cursor))[0]
    stream(f"{datetime.now(UTC):%Y-%m-%d}, best of {_SITTINGS} sittings of {rounds // _SITTINGS} rounds;")
    stream(f"{PATIENTS} patients, {APPOINTMENTS} appointments; MySQL {version}, Python {platform.python_version()},")
    stream(f"SQLAlchemy {version_of('SQLAlchemy')}, PyMySQL {version_of('PyMySQL')}.")
    stream(f"Times in ms; the aim is a ratio of at most {AIM}.\n")
    stream("| request | SQL steps | handler | p95 | floor | p95 | handler / floor | naive |")
    stream("|---|---|---|---|---|---|---|---|")
    for line in rows:
        stream(line)


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="rounds in all sittings together, from 50 to 3000")
    arguments = parser.parse_args()
    with bench_database(arguments.url) as url:
        report(url, arguments.rounds, print)


if __name__ == "__main__":
    main()
