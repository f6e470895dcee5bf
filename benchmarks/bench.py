"""What the benchmarks share: their arguments, the database that they measure, and clinics full of doctors."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stdout
from http import HTTPStatus
from io import StringIO
from logging import StreamHandler
from os import devnull
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from types import MappingProxyType
from typing import Any

from sqlalchemy import URL, text

from dev.lambda_context import LambdaContext
from dev.mysql import running_server
from lambda_function.api.app import Api
from lambda_function.bootstrap.alembic_setup import upgrade
from lambda_function.observability import logger
from tests.factories import Practice
from tests.servers import new_database

Ways = dict[str, Callable[[], object]]
Times = dict[str, list[float]]


def argument_parser(document: str | None) -> ArgumentParser:
    """Returns a parser of --url whose help is the benchmark's docstring."""
    parser = ArgumentParser(description=document, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--url", help="an administrator's URL of a MySQL that is already running, without a database")
    return parser


def call(api: Api, event: dict[str, Any]) -> dict[str, Any]:
    """Sends an event to the API, without its metrics on standard output. The tests' own client would also hold the
    answer against openapi.json, which takes longer than the answer.
    """
    with redirect_stdout(StringIO()):
        return api(event, LambdaContext("api", 60))


def answered(api: Api, event: dict[str, Any]) -> str:
    """Returns the body of the answer to an event. Raises RuntimeError unless the request succeeds."""
    answer = call(api, event)
    body = str(answer.get("body") or "")
    if not HTTPStatus.OK <= answer["statusCode"] < HTTPStatus.MULTIPLE_CHOICES:
        method = event["requestContext"]["http"]["method"]
        raise RuntimeError(f"{method} {event['rawPath']}: {answer['statusCode']} {body[:300]}")
    return body


@contextmanager
def bench_database(server_url: str | None) -> Iterator[URL]:
    """Yields an empty database, migrated to head, of the given server or of a throw-away MySQL. Until the end, lines of
    log are written, as in production, but to the null device.
    """
    handler = logger.registered_handler
    if not isinstance(handler, StreamHandler):
        raise TypeError("the log does not go to a stream")
    with ExitStack() as stack:
        handler.setStream(stack.enter_context(Path(devnull).open("w", encoding="utf-8")))
        server = stack.enter_context(running_server(url=server_url, flavour=None if server_url else "mysql"))
        url = stack.enter_context(new_database(server.url, "dentist_bench"))
        upgrade(url)
        yield url


def in_turns(
    make: Callable[[], Ways], rounds: int, *, warm_up: int, seldom: Mapping[str, int] = MappingProxyType({})
) -> Times:
    """Returns the times of each way in milliseconds, round by round, after some rounds that do not count. `make` makes
    the ways of a round. Each round starts with another way, so that no way always follows the same one. A way that is
    in `seldom` takes its turn only in every so many rounds.
    """
    times: Times = defaultdict(list)
    for number in range(-warm_up, rounds):
        ways = list(make().items())
        turn = number % len(ways)
        for name, call in ways[turn:] + ways[:turn]:
            if number % seldom.get(name, 1):
                continue
            begun = perf_counter()
            call()
            if number >= 0:
                times[name].append((perf_counter() - begun) * 1000)
    return times


def print_ratios(ways: Ways, times: Times, *, what: str) -> None:
    """Prints a table of the ways, each with the median of its ratios to the first one, the floor, in the same round."""
    floor = times[next(iter(ways))]
    print(f"| {what} | median | p95 | times the floor |\n|---|---|---|---|")
    for name in ways:
        found = times[name]
        ratio = median(mine / least for mine, least in zip(found, floor, strict=True))
        print(f"| {name} | {median(found):.2f} ms | {quantiles(found, n=20)[-1]:.2f} ms | {ratio:.1f} |")


def add_doctors(practice: Practice, clinic_name: str, amount: int) -> list[tuple[int, int, int]]:
    """Adds a clinic in Lima with a chair for each doctor, and returns (doctor, clinic, chair) of every doctor."""
    clinic_id = practice.add_clinic(clinic_name, "America/Lima", chairs=amount).clinic_id
    practice.session.rollback()
    chairs = practice.session.execute(text(f"SELECT chair_id FROM chair WHERE clinic_id = {clinic_id}")).scalars().all()
    return [(practice.add_doctor(clinic=clinic_id).user_id, clinic_id, chair_id) for chair_id in chairs]
