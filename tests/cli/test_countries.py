"""Operators move a country's dead messages back, and compare its register by the real function of the country."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from lambda_function.aws.country_processor import CountryProcessor
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.cli.command import Exit
from lambda_function.db.engine import build_engine
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.registration import ON_ITS_WAY
from lambda_function.services.registers import checking
from tests.api.desk import instant
from tests.cli.terminal import Terminal
from tests.cli.test_command import cli_here
from tests.clock import NOW
from tests.dead_letters import PREFIX, Letters
from tests.deployments import Answer, answer_invocations, fails, works
from tests.factories import Practice
from tests.registers import PeruvianRegister

FAILS_AT = 10
OLD = NOW - ON_ITS_WAY


@pytest.fixture
def terminal(aws: pytest.MonkeyPatch, practice: Practice, tmp_path: Path) -> Terminal:
    """The command line without a database."""
    aws.setenv("COUNTRY_PREFIX", PREFIX)
    return Terminal(None, practice, tmp_path)  # type: ignore[arg-type] # the commands never ask for it


@pytest.fixture
def letters(terminal: Terminal) -> Letters:
    return Letters()


@pytest.fixture
def invoked(terminal: Terminal, peru: PeruvianRegister, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The events of the function of PE, which compares two visits in each part, and fails after so many events."""
    monkeypatch.setattr(checking, "PART", 2)
    processor = peru.processor
    function = CountryProcessor(
        process=processor.process, check=partial(checking.check, processor.country, peru.delivery.bus)
    )
    events: list[Any] = []

    def answer(name: str, event: bytes) -> Answer:
        assert name == f"{PREFIX}pe"
        events.append(json.loads(event))
        return fails("OperationalError") if len(events) > FAILS_AT else works(function(events[-1], lambda: 60))

    answer_invocations(answer)
    return events


def add(peru: PeruvianRegister, number: int, **columns: Any) -> list[int]:
    """Adds visits that changed so long ago that no message can be on its way, and returns their ids."""
    starts = [instant("15:00") + timedelta(hours=hour) for hour in range(number)]
    rows = [peru.practice.add_appointment(**{"starts_at": start, "updated_at": OLD, **columns}) for start in starts]
    return [row.appointment_id for row in rows]


def test_as_many_messages_as_there_were_are_moved_back(terminal: Terminal, letters: Letters) -> None:
    letters.die(*map(str, range(23)))

    assert terminal.done("countries", "redrive", "pe") == {"country": "PE", "moved": 23}

    assert sorted(letters.bodies(letters.queue), key=int) == [str(number) for number in range(23)]
    assert letters.number(letters.dead) == 0


def test_what_dies_meanwhile_stays(terminal: Terminal, letters: Letters) -> None:
    letters.die("one", "two")
    terminal.dead_letters = _meanwhile(terminal.dead_letters, lambda: letters.die("late"))

    assert terminal.run("countries", "redrive", "PE").stdout == "2 messages were moved back into the queue of PE.\n"

    assert letters.number(letters.dead) == 1


def _meanwhile(build: Callable[[str], Any], happens: Callable[[], None]) -> Callable[[str], Any]:
    """Makes something happen after messages were counted."""

    class Counted:
        def __init__(self, country: str) -> None:
            self._letters = build(country)

        def count(self) -> int:
            number: int = self._letters.count()
            happens()
            return number

        def move_back(self, most: int) -> int:
            moved: int = self._letters.move_back(most)
            return moved

    return Counted


def test_repeated_it_moves_nothing(terminal: Terminal, letters: Letters) -> None:
    letters.die("one")
    assert terminal.run("countries", "redrive", "PE").stdout == "1 message was moved back into the queue of PE.\n"
    assert terminal.run("countries", "redrive", "PE").stdout == "0 messages were moved back into the queue of PE.\n"


def test_a_country_without_queues_is_refused(terminal: Terminal, letters: Letters) -> None:
    error = terminal.refused("countries", "redrive", "XX")
    assert error["code"] == "not_found"
    assert error["detail"].startswith(f"There is no queue {PREFIX}xx-dead. Check the code of the country")


@pytest.mark.parametrize("command", ["redrive", "check"])
@pytest.mark.parametrize("country", ["P", "PER", "P1", "PÉ", ""])
def test_what_is_no_country_is_a_usage_error(terminal: Terminal, command: str, country: str) -> None:
    assert terminal.run("countries", command, country).exit_code == Exit.USAGE


@pytest.mark.parametrize("command", ["redrive", "check"])
def test_without_a_prefix_the_variable_is_named(command: str) -> None:
    run = cli_here("countries", command, "PE")
    assert (run.exit_code, "COUNTRY_PREFIX is not set" in run.stderr) == (Exit.USAGE, True)


def test_parts_are_compared_to_the_end_and_put_together(
    terminal: Terminal, peru: PeruvianRegister, invoked: list[Any]
) -> None:
    ids = add(peru, 5)

    result = terminal.run("countries", "check", "PE", "--json")

    document = json.loads(result.stdout)
    assert (result.exit_code, document["country"], document["after"]) == (Exit.REFUSED, "PE", None)
    assert (document["visits"], document["registered"], document["repaired"]) == (5, 0, 0)
    assert document["differences"] == [{"appointment_id": each, "kind": "missing"} for each in ids]
    assert document["days"] == {"2030-01-08": {"visits": 5, "registered": 0}}
    assert [event["after"] for event in invoked] == [0, ids[1], ids[3]]


def test_a_repair_leaves_nothing_and_the_next_comparison_agrees(
    terminal: Terminal, peru: PeruvianRegister, invoked: list[Any]
) -> None:
    ids = add(peru, 3)

    repaired = terminal.run("countries", "check", "PE", "--repair")
    again = terminal.run("countries", "check", "PE")

    assert repaired.stdout.splitlines() == [
        "PE has 3 visits, and its register has 0.",
        f"missing, 3: {', '.join(map(str, ids))}",
        "Days with other numbers (visits, registered): 2030-01-08 (3, 0)",
        "Repaired: 3.",
        "The register agrees.",
    ]
    assert (repaired.exit_code, again.exit_code) == (Exit.DONE, Exit.REFUSED)
    assert peru.versions() == dict.fromkeys(ids, 1)
    # Nobody has brought the outcomes to the main database.
    assert f"untold, 3: {', '.join(map(str, ids))}" in again.stdout


def test_visits_on_their_way_are_listed_and_are_no_difference(
    terminal: Terminal, peru: PeruvianRegister, invoked: list[Any]
) -> None:
    [visit] = add(peru, 1, updated_at=NOW)

    result = terminal.run("countries", "check", "PE")

    assert result.exit_code == Exit.DONE
    assert result.stdout.splitlines()[1:] == [f"On their way: {visit}", "The register agrees."]


def test_when_the_function_fails_it_says_where_to_go_on(
    terminal: Terminal, peru: PeruvianRegister, invoked: list[Any]
) -> None:
    ids = add(peru, 5)
    invoked.extend([None] * (FAILS_AT - 1))

    result = terminal.run("countries", "check", "PE", "--repair")

    assert result.exit_code == Exit.REFUSED
    assert f"missing, 2: {ids[0]}, {ids[1]}" in result.stdout
    assert "ended without an answer. Its log says why." in result.stderr
    assert result.stderr.endswith(f"To go on when that is over, run: countries check PE --repair --after {ids[1]}\n")
    assert peru.versions() == dict.fromkeys(ids[:2], 1)


@pytest.mark.parametrize(("away", "name"), [("main", "The main database"), ("register", "The register of PE")])
def test_a_database_that_is_away_is_named_with_how_to_go_on(
    terminal: Terminal, peru: PeruvianRegister, away: str, name: str
) -> None:
    gone = build_engine(UrlCredentials(URL.create("mysql+pymysql", "nobody", "x", "127.0.0.1", 1, "none")), tls=None)
    country = peru.processor.country
    database = Database(gone, lambda: NOW, name)
    country = replace(country, main=database) if away == "main" else replace(country, register=database)
    function = CountryProcessor(
        process=peru.processor.process, check=partial(checking.check, country, peru.delivery.bus)
    )
    answer_invocations(lambda _, event: works(function(json.loads(event), lambda: 60)))

    result = terminal.run("countries", "check", "PE", "--after", "7", "--json")

    assert result.exit_code == Exit.REFUSED
    assert json.loads(result.stdout)["error"]["code"] == "unavailable"
    assert result.stderr == (f"Error: {name} is away.\nTo go on when that is over, run: countries check PE --after 7\n")


def test_there_is_nothing_to_compare_beyond_the_greatest_id(
    terminal: Terminal, peru: PeruvianRegister, invoked: list[Any]
) -> None:
    [visit] = add(peru, 1)

    result = terminal.run("countries", "check", "PE", "--after", str(visit + 1))

    assert (result.exit_code, result.stdout) == (Exit.USAGE, "")
    assert f"the greatest id of a visit is {visit}" in result.stderr
    assert terminal.run("countries", "check", "PE", "--after", str(2**63)).exit_code == Exit.USAGE


def test_it_goes_on_behind_the_id_that_was_told(terminal: Terminal, peru: PeruvianRegister, invoked: list[Any]) -> None:
    ids = add(peru, 3)

    document = json.loads(terminal.run("countries", "check", "PE", "--after", str(ids[1]), "--json").stdout)

    assert [each["appointment_id"] for each in document["differences"]] == ids[2:]


def test_an_interruption_says_where_to_go_on(terminal: Terminal, peru: PeruvianRegister, invoked: list[Any]) -> None:
    ids = add(peru, 3)
    build = terminal.register

    class Interrupted:
        def __init__(self, country: str) -> None:
            self._register = build(country)

        def check(self, after: int, *, repair: bool) -> Any:
            if after:
                raise KeyboardInterrupt
            return self._register.check(after, repair=repair)

    terminal.register = Interrupted
    result = terminal.run("countries", "check", "PE", "--json")

    document = json.loads(result.stdout)
    assert (result.exit_code, document["after"], document["error"]["code"]) == (1, ids[1], "unavailable")
    assert result.stderr.endswith(f"To go on, run: countries check PE --after {ids[1]}\n")
