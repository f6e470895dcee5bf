"""Times the registers of countries: how much a processor registers in a second, and how far registers are behind.

    python -m benchmarks.registers [--visits 2000] [--rate 100] [--seconds 60] [--every 0.5] [--checked 100000]

The services are those of production, and the register of each country is a database of its own. The bus is replaced by
a function that answers after a fixed time, and there are queues in memory behind it. What AWS adds is left out: the
network, the start of functions, and Lambda's own time for an invocation.

- Throughput, in one process without the time of the bus: batches of ten, as SQS hands them over, of visits that are
  new, that have changed, and that the register knows already; and batches of ten outcomes. The floor of each batch is
  the same SQL, sent again by PyMySQL alone as soon as its rows are as they were before.
- Lag: visits of two countries change at a fixed rate. The relay, a processor for each country and the registration
  function work at the same time, each as a process. The relay begins every so many seconds (60 on AWS). The lag is from
  the commit of the change until the change is committed in its register, and until its outcome is committed in the main
  database.
- Checking: a whole register is compared with the main database, part by part, in a process of its own.

Without --url a throw-away MySQL is started. With it, the database `dentist_bench` of that server and two more beside it
are dropped and created again. The result is Markdown. Other work on the machine makes all times longer, so trust the
ratios.
"""

import json
import multiprocessing
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from functools import partial
from os import devnull
from pathlib import Path
from queue import Empty
from resource import RUSAGE_SELF, getrusage
from statistics import median, quantiles
from time import perf_counter
from typing import Any, NamedTuple

from sqlalchemy import URL, text

from benchmarks.bench import argument_parser, bench_database
from benchmarks.countries import ZONES, Place, country_of, detail_of, fill, records, register_all
from benchmarks.floor import Step, recorded, replay
from benchmarks.messages import (
    RELAY_SECONDS,
    TEN,
    Bus,
    Say,
    closing_engine,
    now,
    on_schedule,
    plenty,
    raw_connection,
    tens,
)
from lambda_function.bootstrap.alembic_setup import upgrade
from lambda_function.db.schemas import Schema
from lambda_function.db.unit_of_work import Database
from lambda_function.services.queue import Record
from lambda_function.services.registers.checking import check
from lambda_function.services.registers.outcomes import keep_outcomes
from lambda_function.services.registers.processing import Processor
from lambda_function.services.relay import relay
from tests.factories import Practice
from tests.servers import new_database, plain_engine

MAX_RECEIVES = 10
_OUTCOMES = "outcomes"
_PATIENCE = 300.0
_CHANGE = "UPDATE appointment SET version = version + 1, updated_at = %s WHERE appointment_id = %s"
_EVENT = "INSERT INTO outbox (kind, detail, created_at) VALUES ('appointment.moved', %s, %s)"


class Programs(NamedTuple):
    """The queues of the programs, by name, and what they tell about their work."""

    queues: Mapping[str, Any]
    told: Any


class Stage(NamedTuple):
    """A kind of batch. `before` is SQL, by database, that brings the rows of the batch to where it begins; {ids} are
    its visits.
    """

    name: str
    before: Mapping[str, str]


_FORGOTTEN = "DELETE FROM visit WHERE appointment_id IN ({ids})"
_OLDER = "UPDATE visit SET version = version - 1 WHERE appointment_id IN ({ids})"
_UNTOLD = "DELETE FROM appointment_registration WHERE appointment_id IN ({ids})"
STAGES = (
    Stage("visits that are new", {"register": _FORGOTTEN}),
    Stage("visits that have changed", {"register": _OLDER}),
    Stage("visits that are known", {}),
    Stage("outcomes", {"main": _UNTOLD}),
)


class Throughput:
    """Measures batches in the way of the processor, each followed by its floor."""

    def __init__(self, place: Place, stack: ExitStack) -> None:
        self._place = place
        self._urls = {"main": place.main, "register": place.register}
        self._engines = {name: stack.enter_context(closing_engine(url)) for name, url in self._urls.items()}
        self._raw = {name: stack.enter_context(raw_connection(url)) for name, url in self._urls.items()}
        country = country_of(place, self._engines["main"], self._engines["register"])
        self._outcomes: list[str] = []
        self._processor = Processor(country, Bus(self._outcomes.append, 0), MAX_RECEIVES, now)

    def rows(self) -> Iterator[list[str]]:
        """Yields the cells of a table's row for each stage."""
        for stage in STAGES:
            times, floors, steps = [], [], 0
            for ids in tens(self._place.visits):
                time_taken, taken = self._batch(stage, ids)
                times.append(time_taken)
                floors.append(self._floor(stage, ids, taken))
                steps += sum(map(len, taken.values()))
            ratio = median(mine / least for mine, least in zip(times, floors, strict=True))
            number = len(self._place.visits)
            cells = [stage.name, f"{steps / number:.2f}", f"{number / sum(times):,.0f}", f"{number / sum(floors):,.0f}"]
            yield [*cells, f"**{ratio:.2f}**"]

    def _batch(self, stage: Stage, ids: Sequence[int]) -> tuple[float, dict[str, list[Step]]]:
        self._prepare(stage, ids)
        run = self._kept if stage.name == "outcomes" else self._processed
        batch = records(self._bodies(stage, ids))
        with recorded(self._engines["main"]) as main, recorded(self._engines["register"]) as register:
            begun = perf_counter()
            again = run(batch)
            seconds = perf_counter() - begun
        if again:
            raise RuntimeError("a message was not handled")
        return seconds, {"main": main, "register": register}

    def _bodies(self, stage: Stage, ids: Sequence[int]) -> list[str]:
        if stage.name == "outcomes":
            bodies, self._outcomes[:TEN] = self._outcomes[:TEN], []
            return bodies
        return [
            json.dumps({"detail-type": "appointment.moved", "detail": detail_of(self._place.code, each, 1)})
            for each in ids
        ]

    def _processed(self, batch: Sequence[Record]) -> Collection[str]:
        return self._processor.process(batch, plenty)

    def _kept(self, batch: Sequence[Record]) -> Collection[str]:
        return keep_outcomes(Database(self._engines["main"], now), batch, plenty)

    def _prepare(self, stage: Stage, ids: Sequence[int]) -> None:
        for name, statement in stage.before.items():
            with plain_engine(self._urls[name]).begin() as connection:
                connection.execute(text(statement.format(ids=", ".join(map(str, ids)))))

    def _floor(self, stage: Stage, ids: Sequence[int], steps: Mapping[str, list[Step]]) -> float:
        self._prepare(stage, ids)
        begun = perf_counter()
        for name, own in steps.items():
            replay(self._raw[name], own)
        return perf_counter() - begun


def throughput(place: Place, say: Say) -> None:
    say(f"| {len(place.visits):,} in batches of ten | SQL steps each | a second | floor, a second | times the floor |")
    say("|---|---|---|---|---|")
    with ExitStack() as stack:
        for cells in Throughput(place, stack).rows():
            say(f"| {' | '.join(cells)} |")


def _relaying(main: URL, programs: Programs, every: float) -> None:
    def put(body: str) -> None:
        programs.queues[json.loads(body)["detail"]["country"]].put(body)

    with closing_engine(main) as engine:
        on_schedule(every, RELAY_SECONDS, lambda seconds_left: relay(Database(engine, now), Bus(put), seconds_left))


def _processing(place: Place, programs: Programs) -> None:
    with closing_engine(place.main) as main, closing_engine(place.register) as register:
        bus = Bus(programs.queues[_OUTCOMES].put)
        processor = Processor(country_of(place, main, register), bus, MAX_RECEIVES, now)
        _consume(programs, place.code, lambda batch: processor.process(batch, plenty))


def _keeping(main: URL, programs: Programs) -> None:
    with closing_engine(main) as engine:
        _consume(programs, _OUTCOMES, lambda batch: keep_outcomes(Database(engine, now), batch, plenty))


def _consume(programs: Programs, name: str, run: Callable[[Sequence[Record]], Collection[str]]) -> None:
    """Hands over what is in the queue, at most ten at a time, and tells when it was done."""
    queue = programs.queues[name]
    while True:
        bodies = [queue.get()]
        try:
            while len(bodies) < TEN:
                bodies.append(queue.get_nowait())
        except Empty:
            pass
        if run(records(bodies)):
            raise RuntimeError("a message was not handled")
        at = time.time()
        programs.told.put([(name == _OUTCOMES, json.loads(body)["detail"]["appointment_id"], at) for body in bodies])


@contextmanager
def _programs(places: Sequence[Place], every: float) -> Iterator[Programs]:
    context = multiprocessing.get_context("fork")
    names = [_OUTCOMES, *(place.code for place in places)]
    programs = Programs({name: context.Queue() for name in names}, context.Queue())
    main = places[0].main
    running = [
        context.Process(target=_relaying, args=(main, programs, every), daemon=True),
        context.Process(target=_keeping, args=(main, programs), daemon=True),
        *(context.Process(target=_processing, args=(place, programs), daemon=True) for place in places),
    ]
    for program in running:
        program.start()
    try:
        yield programs
    finally:
        for program in running:
            program.kill()
            program.join()


def _changes_of(place: Place) -> list[tuple[str, int]]:
    return [(place.code, visit) for visit in place.visits]


def lag(places: Sequence[Place], every: float, arguments: Namespace, say: Say) -> None:
    """Prints how far the registers and their outcomes are behind the main database."""
    number = int(arguments.rate * arguments.seconds)
    # Of each country in turn.
    changes = [change for some in zip(*map(_changes_of, places), strict=True) for change in some][:number]
    changed: dict[int, float] = {}
    done: tuple[dict[int, float], ...] = ({}, {})
    with raw_connection(places[0].main) as raw, _programs(places, every) as programs:
        first = time.monotonic()
        for each, (country, visit) in enumerate(changes):
            time.sleep(max(0.0, first + each / arguments.rate - time.monotonic()))  # until the next change
            with raw.cursor() as cursor:
                at = now().replace(tzinfo=None)
                cursor.execute(_CHANGE, (at, visit))
                cursor.execute(_EVENT, (json.dumps(detail_of(country, visit, 2)), at))
            raw.commit()
            changed[visit] = time.time()
        seconds = time.monotonic() - first
        while min(map(len, done)) < number:
            for is_outcome, visit, at_second in programs.told.get(timeout=_PATIENCE):
                done[is_outcome].setdefault(visit, at_second)
    say(f"\n{number:,} changes at {number / seconds:.0f} a second; the relay begins every {every:g} s.\n")
    say("| from the commit until | median | p95 | at most |\n|---|---|---|---|")
    for name, times in zip(("the register has it", "the main database knows"), done, strict=True):
        lags = sorted(at - changed[visit] for visit, at in times.items())
        say(f"| {name} | {median(lags):.2f} s | {quantiles(lags, n=20)[-1]:.2f} s | {lags[-1]:.2f} s |")


def _checking(place: Place, told: Any) -> None:
    before = getrusage(RUSAGE_SELF).ru_maxrss
    bus = Bus(told.put)
    with closing_engine(place.main) as main, closing_engine(place.register) as register:
        country = country_of(place, main, register)
        after: int | None = 0
        parts, visits, times = 0, 0, []
        while after is not None:
            begun = perf_counter()
            part = check(country, bus, after, plenty, repair=False)
            times.append(perf_counter() - begun)
            after, parts, visits = part.after, parts + 1, visits + part.visits
            if part.differences or part.on_their_way or part.untold or part.visits != part.registered:
                raise RuntimeError("the register differs from the main database")
    told.put((visits, parts, sum(times), max(times), (getrusage(RUSAGE_SELF).ru_maxrss - before) / 1024))


def checking(peru: Place, practice: Practice, number: int, say: Say) -> None:
    """Prints what it takes to find that a register is right about all visits of Peru."""
    fill(practice, peru.code, number)
    register_all(peru)
    context = multiprocessing.get_context("fork")
    told = context.Queue()
    process = context.Process(target=_checking, args=(peru, told), daemon=True)
    process.start()
    visits, parts, seconds, longest, megabytes = told.get(timeout=_PATIENCE)
    process.join()
    say(
        f"\nChecking {visits:,} visits: {seconds:.1f} s in {parts} parts, the longest {longest * 1000:.0f} ms,"
        f" with {megabytes:.0f} MB more memory than before."
    )


def report(main: URL, arguments: Namespace, say: Say) -> None:
    each = max(arguments.visits, int(arguments.rate * arguments.seconds) // len(ZONES) + 1)
    with ExitStack() as stack:
        practice = stack.enter_context(Practice.open(main))
        places = []
        for country in ZONES:
            url = stack.enter_context(new_database(main, f"{main.database}_{country.lower()}"))
            upgrade(url, schema=Schema.REGISTER)
            places.append(Place(country, main, url, fill(practice, country, each)))
        throughput(places[0]._replace(visits=places[0].visits[: arguments.visits]), say)
        for every in arguments.every:
            lag(places, every, arguments, say)
        checking(places[0], practice, arguments.checked, say)


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--visits", type=int, default=2000, help="visits of the throughput")
    parser.add_argument("--rate", type=float, default=100, help="changes a second of the lag")
    parser.add_argument("--seconds", type=float, default=60, help="how long changes come")
    parser.add_argument("--every", type=float, nargs="+", default=[0.5], help="seconds between two runs of the relay")
    parser.add_argument("--checked", type=int, default=100_000, help="visits to check")
    arguments = parser.parse_args()
    stream = sys.stdout
    # Metrics are written too, as in production, but to the null device.
    with (
        Path(devnull).open("w", encoding="utf-8") as nowhere,
        redirect_stdout(nowhere),
        bench_database(arguments.url) as url,
    ):
        report(url, arguments, partial(print, file=stream, flush=True))


if __name__ == "__main__":
    main()
