"""Times the chain of messages: how many it takes in a second, and how long people wait.

    python -m benchmarks.messages [--messages 2000] [--rate 100] [--seconds 60] [--every 1] [--provider-ms 50]

The services, the adapters and their JSON are those of production. The bus and SES are replaced by functions that
answer after a fixed time, and there is a queue in memory between them. What AWS adds is left out: the network, the
start of functions, and Lambda's own time for an invocation.

- Stages, one after the other in one process: the relay; the consumer, with batches of ten as SQS hands them over; and
  the messenger, which claims, sends and settles. The floor of each is the same SQL, sent again by PyMySQL alone, and
  the time of the providers divided by the number that are asked at once.
- Lag: events of new visits come at a fixed rate. The relay, three consumers and the messenger work at the same time,
  each as a process. The relay and the messenger begin every so many seconds (60 on AWS) and have the time of their
  functions. The lag of a message is from the event's row to SENT, and the backlog is what is between them.

Without --url a throw-away MySQL is started. With it, the database `dentist_bench` of that server is dropped and created
again. The result is Markdown. Other work on the machine makes all times longer, so trust the ratios.
"""

import json
import multiprocessing
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, redirect_stdout
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from itertools import count
from os import devnull
from pathlib import Path
from queue import Empty
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from sqlalchemy import URL, Engine, insert, select

from benchmarks.bench import argument_parser, bench_database
from benchmarks.floor import Step, recorded, replay
from lambda_function.aws.mail import Mail
from lambda_function.aws.notifications import Notifications
from lambda_function.aws.notifications_function import NotificationsFunction
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine, connect
from lambda_function.db.models import Appointment
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.appointment import Status
from lambda_function.domain.message_rules import LEASE
from lambda_function.domain.messages import rfc3339
from lambda_function.domain.people import Channel
from lambda_function.services.bus import Message
from lambda_function.services.messenger import THREADS, Messenger
from lambda_function.services.notifications.claiming import claim
from lambda_function.services.notifications.consuming import consume
from lambda_function.services.notifications.settling import settle
from lambda_function.services.relay import relay
from tests.factories import Practice

if TYPE_CHECKING:
    import pymysql
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sesv2 import SESV2Client

PATIENTS = 200
# As many events as EventBridge takes in a request, and SQS hands over.
TEN = 10
BUS_SECONDS = 0.02
# As in terraform: the consumers that the queue may start, and the seconds of the functions.
CONSUMERS = 3
RELAY_SECONDS, MESSENGER_SECONDS = 55.0, 85.0
_SAMPLE = 10.0
_PATIENCE = 900.0
_NEW_EVENT = "INSERT INTO outbox (kind, detail, created_at) VALUES ('appointment.booked', %s, %s)"
_SENT = "SELECT COUNT(*) FROM notification WHERE status = 'SENT'"
_EMPTY = "DELETE FROM notification; DELETE FROM outbox"
_LAGS = (
    "SELECT TIMESTAMPDIFF(MICROSECOND, outbox.created_at, sent_at) / 1000000 FROM outbox JOIN notification"
    " ON notification.subject = CONCAT('change:', outbox_id, ':BOOKED') WHERE notification.status = 'SENT'"
)
# What brings the rows back to where a stage began, so that its statements can be sent again.
_BEFORE = {
    "relay": "UPDATE outbox SET published_at = NULL",
    "consumer": "DELETE FROM notification",
    "messenger": "UPDATE notification SET status = 'PENDING', next_at = due_at, lease = NULL, attempts = 0",
}


_Item = TypeVar("_Item")
Say = Callable[[str], None]


class Bus:
    """Takes ten events in a request, and puts them into the queue as the rule does."""

    def __init__(self, put: Callable[[str], object], seconds: float = BUS_SECONDS) -> None:
        self._put = put
        self._seconds = seconds

    def publish(self, messages: Sequence[Message]) -> set[int]:
        for request in tens(messages):
            time.sleep(self._seconds)  # the provider's time
            for each in request:
                detail = each.detail
                self._put(json.dumps({"detail-type": each.kind, "detail": detail}))
        return {message.key for message in messages}


class Ses:
    """The client of SES."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def send_email(self, **_: Any) -> Mapping[str, str]:
        time.sleep(self._seconds)  # the provider's time
        return {"MessageId": "0100018c-bench"}


class Invocations:
    """The client of Lambda, with the function in the same process."""

    def __init__(self, function: Notifications) -> None:
        self._function = function

    def invoke(self, *, Payload: bytes, **_: str) -> Mapping[str, Any]:  # noqa: N803 - boto3's own name
        return {"Payload": BytesIO(json.dumps(self._function(json.loads(Payload), plenty)).encode())}


def tens(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    return (items[start : start + TEN] for start in range(0, len(items), TEN))


def plenty() -> float:
    return 60.0


def now() -> datetime:
    return datetime.now(UTC)


def _engine(url: URL) -> Engine:
    return build_engine(UrlCredentials(url), tls=None)


def _notifications(database: Database) -> Notifications:
    return Notifications(
        consume=lambda records, seconds_left: consume(database, records, seconds_left),
        sweep=lambda _: 0,
        claim=lambda limit: claim(database, limit, "https://appointments.example"),
        settle=lambda outcomes: settle(database, outcomes),
        lease_seconds=int(LEASE.total_seconds()),
    )


def _messenger(database: Database, provider_seconds: float) -> Messenger:
    function = NotificationsFunction(cast("LambdaClient", Invocations(_notifications(database))), "notifications")
    mail = Mail(cast("SESV2Client", Ses(provider_seconds)), "reminders@clinic.example", "mail", now)
    return Messenger(function, {Channel.EMAIL: mail})


@contextmanager
def raw_connection(url: URL) -> Iterator["pymysql.Connection[Any]"]:
    with closing(connect(UrlCredentials(url).current(), charset="utf8mb4", ssl_disabled=True)) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        yield connection


def _run(connection: "pymysql.Connection[Any]", script: str) -> None:
    with connection.cursor() as cursor:
        for statement in script.split("; "):
            cursor.execute(statement)
    connection.commit()


def _number(connection: "pymysql.Connection[Any]", query: str) -> int:
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(next(iter(cursor))[0])


def fill(practice: Practice, number: int) -> list[str]:
    """Adds a clinic with so many visits, and returns the details of their events."""
    clinic = practice.add_clinic("Messages", "America/Lima", quiet_from_minute=None, quiet_to_minute=None).clinic_id
    doctor = practice.add_doctor(clinic=clinic).user_id
    patients = [
        practice.add_patient(clinics=(clinic,), email=f"bench{each}@example.org").user_id for each in range(PATIENTS)
    ]
    placed = now() - timedelta(hours=1)
    first = placed.replace(minute=0, second=0, microsecond=0) + timedelta(days=100)
    rows = [
        {
            "patient_id": patients[each % PATIENTS],
            "doctor_id": doctor,
            "clinic_id": clinic,
            "treatment_id": 1,
            "status": Status.BOOKED,
            "starts_at": first + each * timedelta(minutes=30),
            "ends_at": first + (each + 1) * timedelta(minutes=30),
            "buffer_before_minutes": 0,
            "buffer_after_minutes": 0,
            "created_at": placed,
            "updated_at": placed,
        }
        for each in range(number)
    ]
    practice.session.execute(insert(Appointment), rows)
    practice.session.commit()
    visits = practice.session.execute(
        select(Appointment.appointment_id, Appointment.starts_at).where(Appointment.clinic_id == clinic)
    ).all()
    return [json.dumps(_detail(visit.appointment_id, visit.starts_at, clinic, doctor)) for visit in visits]


def _detail(appointment_id: int, starts_at: datetime, clinic_id: int, doctor_id: int) -> Mapping[str, Any]:
    return {
        "appointment_id": appointment_id,
        "version": 1,
        "action": "BOOK",
        "from_status": None,
        "to_status": "BOOKED",
        "changed": [],
        "announce": True,
        "country": "PE",
        "clinic_id": clinic_id,
        "doctor_id": doctor_id,
        "starts_at": rfc3339(starts_at),
        "at": rfc3339(now()),
    }


class Stage(NamedTuple):
    """`asked` is the time of the providers, divided by the number that are asked at once."""

    name: str
    seconds: float
    steps: list[Step]
    asked: float


def stages(url: URL, details: Sequence[str], provider_seconds: float, say: Say) -> None:
    """Prints a row for each stage."""
    number = len(details)
    say(f"\n| stage, {number:,} messages | SQL steps each | a second | floor, a second | chain / floor |")
    say("|---|---|---|---|---|")
    with raw_connection(url) as raw, closing_engine(url) as engine:
        with raw.cursor() as cursor:
            cursor.executemany(_NEW_EVENT, [(detail, now().replace(tzinfo=None)) for detail in details])
        raw.commit()
        for stage in _stages(engine, number, provider_seconds):
            _run(raw, _BEFORE[stage.name])
            begun = time.perf_counter()
            replay(raw, stage.steps)
            floor = time.perf_counter() - begun + stage.asked
            cells = [stage.name, f"{len(stage.steps) / number:.2f}", f"{number / stage.seconds:,.0f}"]
            cells += [f"{number / floor:,.0f}", f"**{stage.seconds / floor:.2f}**"]
            say(f"| {' | '.join(cells)} |")
        if _number(raw, _SENT.replace("'SENT'", "'SENT' AND attempts = 1")) != number:
            raise RuntimeError("not every message was sent at the first attempt")
        _run(raw, _EMPTY)


@contextmanager
def closing_engine(url: URL) -> Iterator[Engine]:
    engine = _engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _stages(engine: Engine, number: int, provider_seconds: float) -> Iterator[Stage]:
    database = Database(engine, now)
    bodies: list[str] = []
    function, messenger = _notifications(database), _messenger(database, provider_seconds)

    def consumer() -> None:
        for records in tens(list(enumerate(bodies))):
            event = {"Records": [{"messageId": str(each), "body": body} for each, body in records]}
            if function(json.loads(json.dumps(event)), plenty)["batchItemFailures"]:
                raise RuntimeError("an event was not handled")

    asked = {"relay": number / TEN * BUS_SECONDS, "consumer": 0.0, "messenger": number * provider_seconds / THREADS}
    runs: dict[str, Callable[[], object]] = {
        "relay": lambda: relay(database, Bus(bodies.append), plenty),
        "consumer": consumer,
        "messenger": lambda: messenger(plenty),
    }
    for name, run in runs.items():
        with recorded(engine) as steps:
            begun = time.perf_counter()
            run()
            seconds = time.perf_counter() - begun
        yield Stage(name, seconds, steps, asked[name])


def on_schedule(every: float, seconds: float, run: Callable[[Callable[[], float]], object]) -> None:
    """Begins a run every so many seconds, or when the one before has ended. Each has so many seconds."""
    first = time.monotonic()
    for number in count():
        time.sleep(max(0.0, first + number * every - time.monotonic()))  # until the next run
        ends = time.monotonic() + seconds
        run(lambda ends=ends: ends - time.monotonic())  # type: ignore[misc]


def _relaying(url: URL, queue: Any, every: float) -> None:
    database = Database(_engine(url), now)
    on_schedule(every, RELAY_SECONDS, lambda seconds_left: relay(database, Bus(queue.put), seconds_left))


def _consuming(url: URL, queue: Any) -> None:
    function = _notifications(Database(_engine(url), now))
    while True:
        bodies = [queue.get()]
        try:
            while len(bodies) < TEN:
                bodies.append(queue.get_nowait())
        except Empty:
            pass
        function({"Records": [{"messageId": str(each), "body": body} for each, body in enumerate(bodies)]}, plenty)


def _messaging(url: URL, every: float, provider_seconds: float) -> None:
    on_schedule(every, MESSENGER_SECONDS, _messenger(Database(_engine(url), now), provider_seconds))


@contextmanager
def _programs(url: URL, every: float, provider_seconds: float) -> Iterator[None]:
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    programs = [
        context.Process(target=_relaying, args=(url, queue, every), daemon=True),
        *(context.Process(target=_consuming, args=(url, queue), daemon=True) for _ in range(CONSUMERS)),
        context.Process(target=_messaging, args=(url, every, provider_seconds), daemon=True),
    ]
    for program in programs:
        program.start()
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.join()


def lag(url: URL, details: Sequence[str], every: float, arguments: Namespace, say: Say) -> None:
    """Prints how long people wait."""
    rate, provider_seconds = arguments.rate, arguments.provider_ms / 1000
    samples: list[int] = []
    with raw_connection(url) as raw:
        with _programs(url, every, provider_seconds):
            first = time.monotonic()
            for number, detail in enumerate(details):
                time.sleep(max(0.0, first + number / rate - time.monotonic()))  # until the next change
                with raw.cursor() as cursor:
                    cursor.execute(_NEW_EVENT, (detail, now().replace(tzinfo=None)))
                raw.commit()
                if time.monotonic() - first >= _SAMPLE * (len(samples) + 1):
                    samples.append(number + 1 - _number(raw, _SENT))
            changed = time.monotonic()
            samples.append(len(details) - _number(raw, _SENT))
            while _number(raw, _SENT) < len(details):
                if time.monotonic() > changed + _PATIENCE:
                    raise RuntimeError("not every message was sent")
                time.sleep(0.1)  # until other threads have sent more
            after = time.monotonic() - changed
        with raw.cursor() as cursor:
            cursor.execute(_LAGS)
            lags = sorted(float(row[0]) for row in cursor)
        _run(raw, _EMPTY)
    backlog = ", ".join(str(each) for each in samples)
    real = len(details) / (changed - first)
    say(f"\n{len(details):,} changes at {real:.0f} a second; relay and messenger begin every {every:g} s.")
    say(f"Lag: median {median(lags):.1f} s, p95 {quantiles(lags, n=20)[-1]:.1f} s, at most {lags[-1]:.1f} s.")
    say(f"Backlog every {_SAMPLE:g} s: {backlog}. The last is sent {after:.1f} s after the last change.")


def report(url: URL, arguments: Namespace, say: Say) -> None:
    provider = arguments.provider_ms / 1000
    changes = int(arguments.rate * arguments.seconds)
    with Practice.open(url) as practice:
        details = fill(practice, max(arguments.messages, changes))
    stages(url, details[: arguments.messages], provider, say)
    for every in arguments.every:
        lag(url, details[:changes], every, arguments, say)


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--messages", type=int, default=2000, help="messages of the stages")
    parser.add_argument("--rate", type=float, default=100, help="changes a second of the lag")
    parser.add_argument("--seconds", type=float, default=60, help="how long changes come")
    parser.add_argument("--every", type=float, nargs="+", default=[1], help="seconds between two runs; 60 on AWS")
    parser.add_argument("--provider-ms", type=float, default=50, help="how long a provider takes for a message")
    arguments = parser.parse_args()
    stream = sys.stdout
    # Metrics are written too, as in production, but to the null device.
    with Path(devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        _measure(arguments, partial(print, file=stream, flush=True))


def _measure(arguments: Namespace, say: Say) -> None:
    with bench_database(arguments.url) as url:
        report(url, arguments, say)


if __name__ == "__main__":
    main()
