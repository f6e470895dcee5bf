"""Times the page behind a link against the check of readiness, the least that a request to the database costs.

    python -m benchmarks.links [--url mysql+pymysql://administrator:password@host:port] [--rounds 200]

In process and warm: a visit with free times to choose from, the link of a visit that has begun, a link that is wrong,
and `GET /health/ready`. In each round they take turns, in an order that moves on, and each time is divided by that of
the check of the same round. Wrong links come from a new address each, since those of one address would be told to wait.

Without --url a throw-away MySQL is started. With it, the database `dentist_bench` of that server is dropped and created
again. The result is Markdown.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from itertools import count
from typing import Any

from sqlalchemy import URL

from benchmarks.bench import Ways, argument_parser, bench_database, in_turns, print_ratios
from dev.lambda_context import LambdaContext
from lambda_function.api.app import create_app
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.unit_of_work import Database
from lambda_function.pages.app import Pages
from lambda_function.services.links.addresses import PATH
from tests.api_client import http_event
from tests.clock import NOW, Clock
from tests.factories import Practice
from tests.pages.visitor import Visitor
from tests.services.notifications.messages import Messages

WARM_UP = 20
_CONTEXT = LambdaContext("api", 60)


def requests_of(url: URL, clock: Clock) -> Ways:
    """Returns what is measured. The first is the floor."""
    database = Database(build_engine(UrlCredentials(url), tls=None), clock)
    api, pages = create_app(database), Pages(database, clock)
    with Practice.open(url) as practice:
        visitor = Visitor(pages, Messages(database, practice, clock))
        right = visitor.told("booked", practice.add_appointment(NOW + timedelta(days=30)))
        ended = visitor.told("booked", practice.add_appointment(NOW + timedelta(minutes=5)))
    clock.advance(minutes=5)
    callers = count(1)

    def page(path: str) -> dict[str, Any]:
        event = http_event("GET", path)
        event["requestContext"]["http"]["sourceIp"] = f"2001:db8::{next(callers):x}"
        return pages(event, _CONTEXT)

    def readiness() -> dict[str, Any]:
        return api(http_event("GET", "/health/ready"), _CONTEXT)

    return {
        "readiness (the floor)": partial(_answered, readiness, HTTPStatus.OK),
        "a visit with free times": partial(_answered, partial(page, right), HTTPStatus.OK),
        "an ended link": partial(_answered, partial(page, ended), HTTPStatus.NOT_FOUND),
        "a wrong link": partial(_answered, partial(page, f"{PATH}wrong"), HTTPStatus.NOT_FOUND),
    }


def _answered(send: Callable[[], dict[str, Any]], status: HTTPStatus) -> None:
    answer = send()
    if answer["statusCode"] != status:
        raise RuntimeError(f"{status} was expected, and it was answered with {answer['statusCode']}")


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    wanted = parser.parse_args()
    with bench_database(wanted.url) as url:
        ways = requests_of(url, Clock(NOW))
        times = in_turns(lambda: ways, wanted.rounds, warm_up=WARM_UP)
    print_ratios(ways, times, what="request")


if __name__ == "__main__":
    main()
