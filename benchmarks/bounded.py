"""Times every kind of request, and operators' work, among 100,000 visits, 10,000 wishes and 200,000 kept answers.

    python -m benchmarks.bounded [--url mysql+pymysql://administrator:password@host:port] [--only TEXT]

The practice comes from benchmarks/crowd.py. It has patients with 2,600 visits ahead, a doctor with 982 visits ahead who
is given 196 windows, a doctor with 30 days off that 450 people wait for, 1,000 offers that have lapsed, a feed of
5,000 events, 3,000 dates with their own hours, and a history of 100 entries of the greatest length. Each request goes
through the handler, in process and warm, and finds the waitlist as it was filled. The floor is the time that the same
run spent in the database.

Aims: a request takes at most 300 ms and no more statements than its budget (tests/api/test_query_budgets.py). A request
that frees time for which somebody waits may also send the statements of the offers. Times that miss the aims are bold.
Operators' work takes as long as there is work, but its transactions are short: the longest is reported, because it
holds locks. Anything that takes longer than a minute is stopped. Reads are called five times, and the median counts.

Without --url a throw-away MySQL is started. With it, the database `dentist_bench` of that server is dropped and created
again.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from datetime import timedelta
from io import StringIO
from statistics import median
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

import yaml
from sqlalchemy import URL, Engine, text
from sqlalchemy.exc import DBAPIError

from benchmarks.bench import answered, argument_parser, bench_database, call
from benchmarks.crowd import PATIENTS, Crowd, copy_answers, fill, people, restore_waitlist
from benchmarks.meter import Cost, TooLongError, limited, metered
from lambda_function.api.app import Api, create_app
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.errors import DomainError
from lambda_function.services.offer_round import OFFERS
from lambda_function.services.offers import CLINICS_AT_ONCE
from lambda_function.services.operators.actions import ACTIONS, OperatorContext, run
from tests.api.test_query_budgets import BUDGETS, OFFERING, WRITING_DOWN
from tests.api_client import access_claims, http_event
from tests.clock import NOW, Clock
from tests.servers import plain_engine

AIM_MS = 300
LIMIT = 60
_READS = 5
_KEY = 2  # statements for an idempotency key
# Statements of a request that frees time, beyond its budget: they write the time down and offer it in one clinic.
_FREED = WRITING_DOWN + OFFERING + OFFERS
_FILE_BYTES = 24_000


@dataclass(frozen=True, slots=True)
class Request:
    """`key` finds the route in BUDGETS, and `answer` is the start of the expected outcome."""

    name: str
    key: str
    event: dict[str, Any]
    times: int = 1
    more: int = 0  # statements beyond the budget
    answer: str = "2"


@dataclass(slots=True)
class Bench:
    url: URL
    crowd: Crowd
    engine: Engine
    api: Api
    database: Database

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Sends a request as the receptionist. Raises RuntimeError unless it succeeds."""
        answer = answered(self.api, self.event(method, path, body, **headers))
        return json.loads(answer) if answer else None

    def event(
        self, method: str, path: str, body: Any = None, *, who: str = "bench", query: str = "", **headers: str
    ) -> dict[str, Any]:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            given["content-type"] = "application/json"
        content = None if body is None else json.dumps(body)
        claims = None if path.startswith("/calendar") else access_claims(who)
        return http_event(method, path, query=query, headers=given, body=content, claims=claims)

    def scalar(self, statement: str, **given: Any) -> Any:
        with plain_engine(self.url).connect() as connection:
            return connection.execute(text(statement), given).scalar()

    def settle(self) -> None:
        """Ends the statements of clients that have given up, and restores the waitlist."""
        self.engine.dispose()
        own = "SELECT id FROM information_schema.processlist WHERE db = :name AND id <> CONNECTION_ID()"
        with plain_engine(self.url.set(database="mysql")).connect() as connection:
            while ids := list(connection.scalars(text(own), {"name": self.url.database})):
                for number in ids:
                    try:
                        connection.execute(text(f"KILL {number}"))
                    except DBAPIError:  # it has ended by itself
                        continue
        restore_waitlist(self.url)

    def measure(self, act: Callable[[], tuple[str, int]]) -> Cost:
        with metered(self.engine) as cost:
            try:
                with limited(LIMIT):
                    cost.outcome, cost.size = act()
            except TooLongError:
                cost.outcome = "stopped"
        return cost

    def request(self, asked: Request) -> None:
        def act() -> tuple[str, int]:
            answer = call(self.api, asked.event)
            body = answer.get("body") or ""
            code = json.loads(body).get("code") if answer["statusCode"] >= 400 else None  # noqa: PLR2004 - a problem
            return f"{answer['statusCode']} {code or ''}".strip(), len(body.encode())

        self.settle()
        call(self.api, self.event("GET", "/me"))
        costs = [self.measure(act) for _ in range(asked.times)]
        cost = sorted(costs, key=lambda one: one.total)[len(costs) // 2]
        budget = BUDGETS[asked.key] + asked.more
        met = cost.outcome.startswith(asked.answer) and cost.total <= AIM_MS and cost.statements <= budget
        total = median(one.total for one in costs)
        print(
            f"| {asked.name} | {cost.outcome} | {'' if met else '**'}{total:,.0f}{'' if met else '**'} |"
            f" {cost.database:,.0f} | {cost.statements} | {budget} | {cost.size / 1024:,.0f} |",
            flush=True,
        )

    def operate(self, name: str, action: str, arguments: dict[str, Any]) -> None:
        def act() -> tuple[str, int]:
            try:
                with redirect_stdout(StringIO()):
                    document = run(OperatorContext(self.database), action, arguments)
            except DomainError as error:
                return error.code, 0
            return "done", len(json.dumps(document, default=str).encode())

        self.settle()
        cost = self.measure(act)
        print(
            f"| {name} | {cost.outcome} | {cost.total / 1000:,.1f} | {cost.longest:,.0f} |"
            f" {cost.statements:,} | {cost.size / 1024:,.0f} |",
            flush=True,
        )


@contextmanager
def open_bench(url: URL) -> Iterator[Bench]:
    """Fills a migrated, empty database."""
    begun = perf_counter()
    crowd = people(url)
    fill(url, crowd)
    engine = build_engine(UrlCredentials(url), tls=None)
    database = Database(engine, Clock(NOW))
    bench = Bench(url, crowd, engine, create_app(database), database)
    bench.send("POST", "/appointments", booking(bench, 0), Idempotency_Key="first")
    copy_answers(url, crowd, crowd.patient)
    print(f"Filled in {perf_counter() - begun:.0f} s.\n", flush=True)
    yield bench
    engine.dispose()


def booking(bench: Bench, number: int) -> dict[str, Any]:
    """Returns a booking at a time that is still free, before the crowd's day begins."""
    return {
        "doctor_id": bench.crowd.doctors[number][0],
        "patient_id": bench.crowd.patient + number,
        "treatment_id": 1,
        "starts_at": (NOW.replace(hour=3) + timedelta(days=30)).isoformat(),
    }


def reads(bench: Bench) -> list[Request]:
    crowd = bench.crowd
    first = bench.scalar("SELECT MIN(appointment_id) FROM appointment")
    month: dict[str, Any] = {"treatment_id": 1, "from": NOW.isoformat(), "to": (NOW + timedelta(days=31)).isoformat()}

    def read(name: str, key: str, path: str | None = None, who: str = "bench", **query: Any) -> Request:
        given = bench.event("GET", path or key.removeprefix("GET "), who=who, query=urlencode(query))
        return Request(name, key, given, _READS)

    return [
        read("a page of visits of 11 clinics", "GET /appointments", limit=100),
        read("a patient's own, of 2,600", "GET /appointments", who=crowd.marathon[-1].user_name, limit=100),
        read(
            "100 of the longest entries of a history",
            "GET /appointments/{appointment_id}/history",
            f"/appointments/{first}/history",
            limit=100,
        ),
        read("people, by the start of a name", "GET /users", q="crowd", limit=100),
        read("4 doctors, a month", "GET /availability", clinic_id=crowd.doctors[0][1], limit=1000, **month),
        read("any of 74 doctors, a month", "GET /availability", limit=1000, **month),
        read(
            "one of 3,000 dates",
            "GET /doctors/{doctor_id}/exceptions",
            f"/doctors/{crowd.dated.user_id}/exceptions",
            limit=1,
        ),
        *feeds(bench),
        # Each runs once, because a second run would not find the offers as they were.
        replace(read("the waitlist, 1,000 offers lapsed", "GET /waitlist"), times=1),
        replace(read("a patient's own place in it", "GET /waitlist", who="crowd0"), times=1),
    ]


def feeds(bench: Bench) -> list[Request]:
    """Yields requests for the feed of the doctor with 5,000 events. The last asks again as calendar programs do."""
    made = call(bench.api, bench.event("POST", "/me/calendar-token", who=bench.crowd.feed.user_name))
    query = urlencode({"token": json.loads(made["body"])["token"]})
    key = "GET /calendar.ics"
    first = call(bench.api, bench.event("GET", "/calendar.ics", query=query))
    etag = {name.lower(): value for name, value in first["headers"].items()}.get("etag", '"none"')
    return [
        Request("5,000 events", key, bench.event("GET", "/calendar.ics", query=query), _READS),
        Request("HEAD of them", key, bench.event("HEAD", "/calendar.ics", query=query), _READS),
        Request(
            "nothing new",
            key,
            bench.event("GET", "/calendar.ics", query=query, if_none_match=etag),
            _READS,
            answer="304",
        ),
    ]


def writes(bench: Bench) -> list[Request]:
    crowd = bench.crowd
    time_off_id = bench.scalar("SELECT MIN(time_off_id) FROM time_off WHERE doctor_id = :id", id=crowd.away.user_id)
    ahead = "SELECT MIN(appointment_id) FROM appointment WHERE starts_at > :soon AND doctor_id = :id"
    mine, moved = (
        bench.scalar(ahead, soon=(NOW + timedelta(days=3)).replace(tzinfo=None), id=crowd.doctors[number][0])
        for number in (5, 6)
    )
    windows = [
        {"weekday": weekday, "start": _clock(50 * number), "end": _clock(50 * number + 45)}
        for weekday in range(1, 8)
        for number in range(28)
    ]
    wish = {"treatment_id": 1, "from": NOW.isoformat(), "to": (NOW + timedelta(days=20)).isoformat()}
    later = (NOW.replace(hour=4) + timedelta(days=31)).isoformat()
    one, two = "/appointments/{appointment_id}", "/doctors/{doctor_id}"
    return [
        Request("a booking", "POST /appointments", bench.event("POST", "/appointments", booking(bench, 1))),
        Request(
            "a booking with a key",
            "POST /appointments",
            bench.event("POST", "/appointments", booking(bench, 2), idempotency_key="second"),
            more=_KEY + 1,
        ),
        Request(
            "moving a visit",
            f"PATCH {one}",
            bench.event("PATCH", f"/appointments/{moved}", {"starts_at": later}),
            more=_FREED,
        ),
        Request(
            "cancelling one",
            f"POST {one}/cancel",
            bench.event("POST", f"/appointments/{mine}/cancel", {"reason": "Flu"}),
            more=_FREED,
        ),
        Request(
            "joining the waitlist",
            "POST /waitlist",
            bench.event("POST", "/waitlist", {**wish, "patient_id": crowd.patient + 7000}),
        ),
        Request(
            "30 days off given up, 450 waiting",
            f"DELETE {two}/time-off/{{time_off_id}}",
            bench.event("DELETE", f"/doctors/{crowd.away.user_id}/time-off/{time_off_id}"),
            more=_FREED,
        ),
        Request(
            "196 windows for 982 visits ahead",
            f"PUT {two}/working-hours",
            bench.event("PUT", f"/doctors/{crowd.busy.user_id}/working-hours", {"hours": windows}),
            more=_FREED,
        ),
        Request(
            "a patient leaves, 100 visits ahead",
            "DELETE /users/{user_id}",
            bench.event("DELETE", f"/users/{crowd.hundred.user_id}"),
            more=WRITING_DOWN + (OFFERING + OFFERS) * CLINICS_AT_ONCE,
        ),
        Request(
            "one with 2,600 ahead",
            "DELETE /users/{user_id}",
            bench.event("DELETE", f"/users/{crowd.marathon[0].user_id}"),
            answer="409 has_bookings",
        ),
    ]


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def practice_file(bench: Bench) -> dict[str, Any]:
    """Returns a practice file with 24 KB of doctors' hours. The first doctor is the one with 982 visits ahead."""
    document: dict[str, Any] = {"doctors": {}}
    names = [bench.crowd.busy.user_name, bench.crowd.dated.user_name, bench.crowd.feed.user_name]
    for name in names:
        hours: list[dict[str, Any]] = []
        document["doctors"][name] = {"full_name": name.title(), "clinic": "Hall", "hours": hours}
        for number in range(200):
            hours.append({"weekdays": [*range(1, 8)], "start": _clock(5 * number), "end": _clock(5 * number + 5)})
            if len(yaml.safe_dump(document, default_flow_style=None)) > _FILE_BYTES:
                return document
    return document


def operators(bench: Bench) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yields title, action and arguments. The schedule's actions come last and find all kept answers expired."""
    leaver, gone = (somebody.user_name for somebody in bench.crowd.marathon[-2:])
    cancel = {"cancel_visits": True}
    yield "`practice plan` of 24 KB", "practice.plan", {"practice": practice_file(bench)}
    yield "`users list`, q that nobody has", "users.list", {"q": "zzz"}
    yield "`export-person`, 2,600 visits", "export-person", {"user_name": gone}
    yield "`check`", "check", {}
    yield "`erase-person`, nothing ahead", "erase-person", {"user_name": f"crowd{PATIENTS - 1}"}
    yield "`users deactivate`, 2,600 visits ahead", "users.deactivate", {"user_name": leaver, **cancel}
    yield "`erase-person`, 2,600 visits ahead", "erase-person", {"user_name": gone, **cancel}
    with plain_engine(bench.url).begin() as connection:
        connection.execute(text("UPDATE idempotency_key SET created_at = TIMESTAMPADD(DAY, -2, created_at)"))
    for name, action in ACTIONS.items():
        if action.scheduled:
            yield f"`{name}`, by the schedule", name, {}


def report(bench: Bench, only: str) -> None:
    print("| request | answer | ms | of it database | statements | budget | KB |\n|---|---|---|---|---|---|---|")
    for asked in (*reads(bench), *writes(bench)):
        if only in asked.name or only in asked.key:
            bench.request(asked)
    print("\n| operators | outcome | s | longest transaction, ms | statements | KB |\n|---|---|---|---|---|---|")
    for name, action, arguments in operators(bench):
        if only in name:
            bench.operate(name, action, arguments)


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--only", default="", help="measure only what has this text in its name or route")
    arguments = parser.parse_args()
    with bench_database(arguments.url) as url, open_bench(url) as bench:
        report(bench, arguments.only)


if __name__ == "__main__":
    main()
