"""Times the page behind a link against the check of readiness, the least that a request to the database costs.

    python -m benchmarks.links [--url mysql+pymysql://administrator:password@host:port] [--rounds 200]

In process and warm: a visit with free times to choose from, the link of a visit that has begun, a link that is wrong,
and `GET /health/ready`. In each round they take turns, in an order that moves on, and each time is divided by that of
the check of the same round. Wrong links come from a new address each, since those of one address would be told to wait.

Without --url a throw-away MySQL is started. With it, the database `dentist_bench` of that server is dropped and created
again. The result is Markdown.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from statistics import median, quantiles
from time import perf_counter
from typing import Any

from sqlalchemy import URL

from benchmarks.bench import argument_parser, bench_database
from dev.lambda_context import LambdaContext
from lambda_function.api.app import create_app
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.unit_of_work import Database
from lambda_function.pages.app import Pages
from lambda_function.services.links.tokens import PATH
from tests.api_client import http_event
from tests.clock import NOW, Clock
from tests.factories import Practice
from tests.pages.visitor import Visitor
from tests.services.notifications.messages import Messages

WARM_UP = 20
_MILLISECONDS = 1000
_CONTEXT = LambdaContext("api", 60)

Request = Callable[[int], Any]


def requests_of(url: URL, clock: Clock) -> Mapping[str, tuple[int, Request]]:
    """Returns what is measured, each with the status of its answer. The first is the floor."""
    database = Database(build_engine(UrlCredentials(url), tls=None), clock)
    api, pages = create_app(database), Pages(database, clock)
    with Practice.open(url) as practice:
        visitor = Visitor(pages, Messages(database, practice, clock))
        right = visitor.told("booked", practice.add_appointment(NOW + timedelta(days=30)))
        ended = visitor.told("booked", practice.add_appointment(NOW + timedelta(minutes=5)))
    clock.advance(minutes=5)

    def page(path: str) -> Request:
        def send(number: int) -> Any:
            event = http_event("GET", path)
            event["requestContext"]["http"]["sourceIp"] = f"2001:db8::{number:x}"
            return pages(event, _CONTEXT)

        return send

    return {
        "readiness (the floor)": (200, lambda _: api(http_event("GET", "/health/ready"), _CONTEXT)),
        "a visit with free times": (200, page(right)),
        "an ended link": (404, page(ended)),
        "a wrong link": (404, page(f"{PATH}wrong")),
    }


def measured(requests: Mapping[str, tuple[int, Request]], rounds: int) -> Mapping[str, list[float]]:
    """Returns the times of each request in milliseconds, round by round."""
    times: dict[str, list[float]] = {name: [] for name in requests}
    names = list(requests)
    for number in range(WARM_UP + rounds):
        turn = number % len(names)
        for name in (*names[turn:], *names[:turn]):
            status, send = requests[name]
            began = perf_counter()
            answer = send(number)
            passed = perf_counter() - began
            if answer["statusCode"] != status:
                raise RuntimeError(f"{name} was answered with {answer['statusCode']}")
            if number >= WARM_UP:
                times[name].append(passed * _MILLISECONDS)
    return times


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    wanted = parser.parse_args()
    with bench_database(wanted.url) as url:
        times = measured(requests_of(url, Clock(NOW)), wanted.rounds)
    floor = next(iter(times.values()))
    print("| request | median | p95 | times the floor |\n|---|---|---|---|")
    for name, found in times.items():
        ratio = median(mine / least for mine, least in zip(found, floor, strict=True))
        print(f"| {name} | {median(found):.2f} ms | {quantiles(found, n=20)[-1]:.2f} ms | {ratio:.1f} |")


if __name__ == "__main__":
    main()
