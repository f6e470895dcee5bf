"""Times searches among 1,000,000 people, and what writing a person costs with and without words.

Run `make bench-search`: ten minutes and 6 GB of disk, with a MySQL of its own, or with the server of `--url`, where it
sets the buffer pool to 4 GB. The floor of a search is reading by primary key as many people as its rarest word finds,
in the same run. The aim of any search is 300 ms, and three times its floor where a word finds at most 1,000 people.
Each cell has the median, the longest time, how many people the page shows, and how far it gets if it cannot tell of
all.
"""

from collections.abc import Callable
from datetime import date
from functools import partial
from itertools import count
from statistics import median
from time import perf_counter
from unittest.mock import patch

from sqlalchemy import URL, Engine, event, text

from benchmarks.bench import argument_parser, bench_database
from benchmarks.million import OF_MANY, Million, check_words, fill
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.repositories import people, people_search
from lambda_function.db.repositories.duplicates import possible_duplicates
from lambda_function.db.repositories.integrity import IdRange
from lambda_function.db.repositories.people_search import PeopleFilter, SoughtIdentifier
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.identifiers import IdentifierSystem
from lambda_function.domain.people import NewUser
from lambda_function.domain.person_words import same_words, sought_words
from lambda_function.services.operators.rebuilding import BATCH, correct_batch
from tests.clock import NOW, Clock
from tests.factories import Practice
from tests.servers import plain_engine

# FIXED_MS is what the statements of a search cost even if it finds nobody.
AIM_MS, TIMES_THE_FLOOR, FIXED_MS, RUNS, WRITES, PAGE = 300, 3, 15, 7, 200, 101
# Each with what it is about.
SEARCHES = {
    "9 001234": "a part of a telephone number",
    "zzz": "nobody",
    "s001x": "1,000 people",
    "s001x maria": "1,000 and 100,000",
    "s00": "10,000",
    "torres mar": "20,000 and 170,000",
    "garcia maria": "30,000 and 100,000",
    "quispe maria": "50,000 and 100,000",
    "maria zapata": "100,000 each, and nobody has both",
    "ma": "300,000",
    "ma ga": "300,000 and 30,000",
    "m f": "300,000 and 100,000",
    "example": "1,000,000",
    "519": "1,000,000, but nobody by so few digits",
    "": "everybody",
}
EXPLAINED = ("s001x", "garcia maria", "ma")
_FEW = 1000


def _milliseconds(act: Callable[[], object], runs: int = RUNS) -> tuple[float, float]:
    """Returns the median and the longest time of some runs after the first."""
    act()
    times = []
    for _ in range(runs):
        begun = perf_counter()
        act()
        times.append((perf_counter() - begun) * 1000)
    return median(times), max(times)


def _actors(url: URL, million: Million) -> dict[str, Actor]:
    with Practice.open(url) as practice:
        names = (million.of_small_clinic, million.of_large_clinics, million.doctor, million.patient)
        return {name: practice.actor(name) for name in names}


def _search(database: Database, actor: Actor, q: str) -> people_search.FoundPeople:
    def run(work: UnitOfWork) -> people_search.FoundPeople:
        work.act_as(actor)
        return people_search.find(work.session, actor, PeopleFilter(sought_words(q)), after=0, limit=PAGE)

    return database.transact(run, commit=False)


def _floor(url: URL, q: str) -> float:
    """Returns the time of reading by primary key the people whom the rarest word finds, or 0 unless they are few."""
    with plain_engine(url).connect() as connection:
        found = [
            connection.scalars(
                text("SELECT DISTINCT user_id FROM person_word WHERE word LIKE :word LIMIT :most"),
                {"word": f"{word.start}%", "most": _FEW + 1},
            ).all()
            for word in sought_words(q)
        ]
        ids = min(found, key=len, default=[0] * (_FEW + 1))
        if not 0 < len(ids) <= _FEW:
            return 0.0
        columns = "user_id, user_name, user_type, full_name, email, phone, version"
        statement = f"SELECT {columns} FROM user WHERE user_id IN ({', '.join(map(str, ids))})"
        return _milliseconds(lambda: connection.exec_driver_sql(statement).all())[0]


def searches(url: URL, database: Database, actors: dict[str, Actor]) -> None:
    print("| q | finds | floor | " + " | ".join(actors) + " |\n|---|---|---|" + "---|" * len(actors))
    for q, about in SEARCHES.items():
        floor = _floor(url, q)
        cells = []
        for actor in actors.values():
            page = _search(database, actor, q)
            middle, longest = _milliseconds(partial(_search, database, actor, q))
            met = longest <= AIM_MS and (floor == 0 or middle <= max(TIMES_THE_FLOOR * floor, FIXED_MS))
            times = f"{middle:.0f} ({longest:.0f})"
            part = "" if page.until is None else f" to id {page.until:,}"
            cells.append(f"{times if met else f'**{times}**'}: {min(len(page.people), PAGE - 1)}{part}")
        print(f"| {q} | {about} | {f'{floor:.0f}' if floor else ''} | " + " | ".join(cells) + " |", flush=True)


def filters(database: Database, actors: dict[str, Actor]) -> None:
    """Times searches by identifier and date of birth, and what is looked up before a patient is entered."""
    number = SoughtIdentifier(frozenset({IdentifierSystem.NATIONAL_ID}), "00001235")
    wanted = {
        "`identifier`": PeopleFilter(identifier=number),
        "`birth_date` of 30 people": PeopleFilter(birth_date=date(1950, 3, 7)),
        "`birth_date` of 100,000": PeopleFilter(birth_date=date(1990, 1, 1)),
        "the same and `q` of 10,000": PeopleFilter(sought_words("s00"), birth_date=date(1990, 1, 1)),
        "`active=false`": PeopleFilter(active=False),
    }
    print("\n| filter | " + " | ".join(actors) + " |\n|---|" + "---|" * len(actors))

    def search(work: UnitOfWork, actor: Actor, sought: PeopleFilter) -> people_search.FoundPeople:
        work.act_as(actor)
        return people_search.find(work.session, actor, sought, after=0, limit=PAGE)

    for name, sought in wanted.items():
        cells = []
        for actor in actors.values():
            run = partial(database.transact, partial(search, actor=actor, sought=sought), commit=False)
            page = run()
            middle, longest = _milliseconds(run)
            part = "" if page.until is None else f" to id {page.until:,}"
            cells.append(f"{middle:.0f} ({longest:.0f}): {min(len(page.people), PAGE - 1)}{part}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
    for name, word in (("possible duplicates: 1", same_word(1235)), ("possible duplicates: 100,000", OF_MANY)):
        cells = []
        for actor in actors.values():

            def look(work: UnitOfWork, actor: Actor = actor, word: str = word) -> int:
                work.act_as(actor)
                return len(possible_duplicates(work.session, [word], 20))

            middle, longest = _milliseconds(partial(database.transact, look, commit=False))
            cells.append(f"{middle:.0f} ({longest:.0f}): {database.transact(look, commit=False)}")
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def same_word(number: int) -> str:
    """Returns the word that people who have the telephone number of this person share."""
    [word] = same_words(full_name="", email=None, phone=f"519{number:08}", birth_date=None)
    return word


def explain(url: URL, engine: Engine, database: Database, actors: dict[str, Actor]) -> None:
    for name, q in ((name, q) for q in EXPLAINED for name in list(actors)[:2]):
        sent: list[tuple[str, object]] = []

        def note(*arguments: object, sent: list[tuple[str, object]] = sent) -> None:
            sent.append((str(arguments[2]), arguments[3]))

        event.listen(engine, "before_cursor_execute", note)
        _search(database, actors[name], q)
        event.remove(engine, "before_cursor_execute", note)
        print(f"\n{name}, {q!r}:\n\n| table | type | key | rows | extra |\n|---|---|---|---|---|")
        with plain_engine(url).connect() as connection:
            for row in connection.exec_driver_sql(f"EXPLAIN FORMAT=TRADITIONAL {sent[-1][0]}", sent[-1][1]):  # type: ignore[arg-type]
                print(f"| {row.table} | {row.type} | {row.key or ''} | {row.rows} | {row.Extra or ''} |", flush=True)


def writing(database: Database) -> None:
    numbers = count()

    def add(work: UnitOfWork) -> int:
        number = next(numbers)
        person = NewUser(
            user_name=f"writer{number}",
            user_type=Role.PATIENT,
            full_name="Maria Fernanda Quispe Mamani",
            email=f"maria.quispe{number}@example.org",
            phone="+51 987 654 321",
            birth_date=NOW.date(),
        )
        return people.add_patient(work.session, person, NOW, (1,))

    print("\n| writing a person | ms |\n|---|---|")
    with patch.object(people, "add_words"):
        print(f"| without words | {_milliseconds(partial(database.transact, add), WRITES)[0]:.1f} |")
    print(f"| with 21 words | {_milliseconds(partial(database.transact, add), WRITES)[0]:.1f} |")
    first = IdRange(100_000, 100_000 + BATCH - 1)
    begun = _milliseconds(lambda: database.transact(partial(correct_batch, batch=first)))[0]
    print(f"| `users rebuild-words`, {BATCH} people whose words are right | {begun:.0f} |")

    def fill_in(work: UnitOfWork) -> None:
        work.session.execute(
            text("DELETE FROM person_word WHERE user_id BETWEEN :first AND :last"),
            {"first": first.first, "last": first.last},
            execution_options={"unscoped": True},
        )
        begun = perf_counter()
        correct_batch(work, first)
        print(f"| the same, {BATCH} people without words | {(perf_counter() - begun) * 1000:.0f} |")

    database.transact(fill_in)


def main() -> None:
    arguments = argument_parser(__doc__).parse_args()
    with bench_database(arguments.url) as url:
        begun = perf_counter()
        million = fill(url)
        check_words(url, million)
        print(f"Filled in {perf_counter() - begun:.0f} s.\n", flush=True)
        report(url, million)


def report(url: URL, million: Million) -> None:
    engine = build_engine(UrlCredentials(url), tls=None)
    database = Database(engine, Clock(NOW))
    actors = _actors(url, million)
    searches(url, database, actors)
    filters(database, actors)
    explain(url, engine, database, actors)
    writing(database)


if __name__ == "__main__":
    main()
