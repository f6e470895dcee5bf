"""`make country`: what it does to the gates, and what it prints."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import country
from dev.aws import Aws
from dev.stack import Addresses, StackError
from tests.dev.emulator import emulated_aws
from tests.dev.running_stack import MAKE, REPOSITORY, free_port


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("a folder")


@pytest.fixture(scope="module")
def emulator(folder: Path) -> Iterator[Aws]:
    with emulated_aws(folder) as emulator:
        addresses = Addresses(api="http://127.0.0.1:1", aws=emulator.url, pool_id="pool", client_id="client")
        with addresses.published(folder):
            yield emulator


@pytest.fixture(autouse=True)
def all_up(emulator: Aws) -> Iterator[None]:
    yield
    for each in country.states(emulator.url):
        country.set_up(emulator.url, each.country, up=True)


def run(folder: Path, *variables: str) -> "subprocess.CompletedProcess[str]":
    command = [*MAKE, "-s", f"FOLDER={folder}", "country", *variables]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


def ups(emulator: Aws) -> dict[str, bool]:
    return {each.country: each.up for each in country.states(emulator.url)}


def test_a_country_goes_down_and_the_next_step_is_told(emulator: Aws, folder: Path) -> None:
    done = run(folder, "PE=down")

    assert (done.returncode, done.stderr) == (0, "")
    assert "The database of PE is away now." in done.stdout
    assert f"make country PE=up FOLDER='{folder}'" in done.stdout
    assert ups(emulator) == {"CL": True, "PE": False}


def test_a_country_comes_up_again(emulator: Aws, folder: Path) -> None:
    run(folder, "PE=down", "CL=down")
    done = run(folder, "pe=up")

    assert (done.returncode, done.stderr) == (0, "")
    assert "The database of PE is there again." in done.stdout
    assert ups(emulator) == {"CL": False, "PE": True}


def test_without_a_country_all_are_shown(emulator: Aws, folder: Path) -> None:
    run(folder, "CL=down")
    done = run(folder)

    assert done.returncode == 0
    assert done.stdout.splitlines()[:2] == ["CL  down", "PE  up"]
    assert ups(emulator) == {"CL": False, "PE": True}


@pytest.mark.parametrize("way", ["", "off", "DOWN", "true"])
def test_a_country_is_up_or_down(emulator: Aws, folder: Path, way: str) -> None:
    done = run(folder, f"PE={way}")

    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == "PE can be up or down, for example: make country PE=down"
    assert ups(emulator) == {"CL": True, "PE": True}


@pytest.mark.parametrize("name", ["PEX", "P", "peru", "P1"])
def test_what_is_no_country_is_refused_with_an_example(emulator: Aws, folder: Path, name: str) -> None:
    done = run(folder, f"{name}=down")

    assert (done.returncode, done.stdout) == (2, "")
    example = "Its code has two letters, for example: make country PE=down"
    assert done.stderr.splitlines()[0] == f"{name.upper()} is no country. {example}"


def test_one_country_that_there_is_not_leaves_the_others_as_they_are(emulator: Aws, folder: Path) -> None:
    assert run(folder, "PE=down", "XX=down").returncode != 0
    assert ups(emulator) == {"CL": True, "PE": True}


@pytest.mark.parametrize(
    "way", ["down; touch {}", "down\ntouch {}", "`touch {}`", "' && touch {} '", '" && touch {} "']
)
def test_nothing_that_is_written_there_is_executed(emulator: Aws, folder: Path, tmp_path: Path, way: str) -> None:
    trace = tmp_path / "trace"

    assert run(folder, f"PE={way.format(trace)}").returncode == 2
    assert not trace.exists()
    assert ups(emulator) == {"CL": True, "PE": True}


def test_a_country_that_there_is_not_is_one_message(emulator: Aws, folder: Path) -> None:
    done = run(folder, "XX=down")

    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == "There is no country XX. Write CL or PE, for example: make country CL=down"


def test_without_a_stack_it_says_how_to_start_one(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dev.country", "--folder", str(tmp_path), "PE=down"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "The local stack is not running. Start it with: make run\n"


def test_a_stack_that_was_killed_is_one_message() -> None:
    with pytest.raises(StackError, match="no longer running"):
        country.states(f"http://127.0.0.1:{free_port()}")
