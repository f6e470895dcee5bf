"""The commands of README and docs/operations.md work on any day as they stand."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lambda_function.api.app import Api
from lambda_function.db.unit_of_work import Database
from tests.api_client import ApiClient
from tests.bus import Delivery
from tests.clock import Clock
from tests.docs.documents import OPERATIONS, ROOT, section, shell
from tests.docs.in_process import served
from tests.docs.inbox import Inbox
from tests.moved_clock import INSTANTS, moved_to

DAY = section((ROOT / "README.md").read_text(), "A day of a clinic")
FIRST_BOOKING = section(OPERATIONS, "From nothing to running").split("   Then:\n", 1)[1]
END = "-- that is all --"
# This replaces `make -s token AS=pat`, which starts Python. Here a person's name is the token.
MAKE = """\
#!/bin/sh
for word; do case $word in AS=*) echo "${word#AS=}" ;; esac; done
"""


class Shell:
    """An open shell: variables stay, and the output can be read after each block."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def paste(self, block: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{block}\nprintf '\\n%s\\n' '{END}'\n")
        self._process.stdin.flush()
        printed = ""
        for line in self._process.stdout:
            if line == f"{END}\n":
                return printed.strip()
            printed += line
        raise AssertionError(f"the shell has ended: {printed}")


@contextmanager
def opened(environment: dict[str, str]) -> Iterator[Shell]:
    with subprocess.Popen(
        ["/bin/sh", "-u"],
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield Shell(process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(params=INSTANTS)
def moved(request: pytest.FixtureRequest, clock: Clock, tmp_path: Path) -> dict[str, str]:
    """The environment of programs at one of the instants, to which the service's clock is also set."""
    clock.now = INSTANTS[request.param]
    environment = moved_to(clock.now, tmp_path)
    make = tmp_path / "bin" / "make"
    make.write_text(MAKE)
    make.chmod(0o755)
    return environment


@pytest.fixture
def inbox(database: Database, delivery: Delivery, clock: Clock, moved: dict[str, str]) -> Inbox:
    return Inbox(database, delivery, clock)


@pytest.fixture
def port(api: Api, client: ApiClient, inbox: Inbox) -> Iterator[int]:
    with served(api, inbox) as port:
        yield port


def answers(printed: str) -> list[Any]:
    """Returns the answers, one JSON on each line, none of which is a refusal."""
    read = [json.loads(line) for line in printed.splitlines() if line]
    assert [answer for answer in read if "code" in answer] == []
    return read


def test_the_day_in_readme(port: int, inbox: Inbox, clock: Clock, moved: dict[str, str]) -> None:
    [set_up, *steps] = [block.replace("127.0.0.1:8000", f"127.0.0.1:{port}") for block in _day()]
    assert len(re.findall(r"^[0-9]+\. ", DAY, re.MULTILINE)) == 9
    with opened(moved) as shell:
        assert shell.paste(set_up) == ""
        week, *visits = [answer for step in steps[:6] for answer in answers(pasted(shell, step, inbox))]
        assert week["outside_appointment_ids"] == []
        assert [visit["status"] for visit in visits] == ["BOOKED", "REQUESTED", "BOOKED"]
        afternoon = datetime.fromisoformat(visits[-1]["starts_at"])
        assert (afternoon.isoweekday(), f"{afternoon:%H:%M}") == (5, "19:00")
        clock.advance(minutes=5)
        assert [visit["status"] for visit in answers(shell.paste(steps[6]))] == ["CHECKED_IN", "COMPLETED"]
        histories = [[event["action"] for event in page["items"]] for page in answers(shell.paste(steps[7]))]
        assert histories == [["BOOK", "CONFIRM", "MOVE", "CONFIRM"], ["BOOK", "CHECK_IN", "COMPLETE"]]
        told = [line.split(": ")[0] for line in shell.paste(steps[8]).splitlines()]
        assert told == ["CONFIRMED", "MOVED", "CONFIRMED", "REQUESTED"]
        assert shell.paste(steps[9]) == ""
        reminded = shell.paste(steps[10])
        assert reminded.startswith("REMINDER: ")
        assert len(steps) == 11


def pasted(shell: Shell, block: str, inbox: Inbox) -> str:
    printed = shell.paste(block)
    inbox.deliver()
    return printed


def _day() -> list[str]:
    """Returns the set-up and the steps of the list, which are indented further."""
    head, tail = re.split(r"^(?=1\. )", DAY, maxsplit=1, flags=re.MULTILINE)
    return [*shell(head, 4), *shell(tail, 7)]


def test_the_first_booking_in_operations(port: int, moved: dict[str, str]) -> None:
    [block] = shell(FIRST_BOOKING.split("   An access token lasts", 1)[0], 8)
    health, rest = block.replace('"Cusco"', '"Lima Centro"').split("\n", 1)
    with opened(moved | {"API": f"http://127.0.0.1:{port}", "TOKEN": "rita"}) as shell_:
        assert "200 OK" in shell_.paste(health)
        [visit] = answers(shell_.paste(rest))
    assert (visit["status"], visit["patient"]["full_name"]) == ("BOOKED", "First Patient")
