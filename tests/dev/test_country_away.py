"""One country of the running stack is away: its visits wait, and everything else goes on."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dev import country
from dev.aws import Aws
from dev.token import access_token
from tests.api.desk import rfc3339
from tests.dev.reception import Reception, soon
from tests.dev.running_stack import MAKE, RunningStack
from tests.docs.documents import ROOT, section, shell
from tests.docs.test_shell import opened

WALK = section((ROOT / "README.md").read_text(), "A country that is away")


@pytest.fixture(autouse=True)
def all_up(stack: RunningStack) -> Iterator[None]:
    yield
    for each in ("CL", "PE"):
        country.set_up(f"http://127.0.0.1:{stack.aws_port}", each, up=True)


class Santiago(Reception):
    """Acts as rosa, of the clinic in Chile."""

    def __init__(self, stack: RunningStack) -> None:
        super().__init__(stack)
        self._token = access_token(stack.folder, "rosa")

    def patient(self, full_name: str, **more: Any) -> Any:
        return super().patient(full_name, **{"clinic_id": 2, **more})

    def free(self) -> list[Any]:
        first = datetime.now(UTC) + timedelta(days=3)
        span = f"from={rfc3339(first)}&to={rfc3339(first + timedelta(days=4))}"
        items: list[Any] = self.call("GET", f"/availability?treatment_id=1&clinic_id=2&limit=200&{span}")["items"]
        return items


def registered(reception: Reception, visit: Any, status: str = "DONE") -> Any:
    """Waits until the visit's registration has that status, and returns it."""

    def find() -> Any:
        registration = reception.visit(visit)["registration"]
        return registration if registration["status"] == status else None

    return soon(find)


def test_a_country_that_is_away_delays_only_itself(stack: RunningStack, reception: Reception, ana: Any) -> None:
    santiago = Santiago(stack)
    assert stack.make("country", "PE=down").returncode == 0

    waiting = reception.book(ana)
    elsewhere = santiago.book(santiago.patient("Luz Soto"))
    assert (waiting["country"], elsewhere["country"]) == ("PE", "CL")
    assert registered(santiago, elsewhere)["version"] == elsewhere["version"]
    # Messages to people and later changes go on, too.
    reception.mail(ana, "BOOKED")
    later = reception.free()[-1]
    assert reception.move(waiting, later).status == 200
    reception.mail(ana, "MOVED")
    moved = reception.visit(waiting)
    assert moved["registration"] == {"status": "PENDING", "version": moved["version"], "error": None, "at": None}

    assert stack.make("country", "PE=up").returncode == 0
    assert registered(reception, waiting)["version"] == moved["version"]
    checked = stack.make("operator", "ARGS=countries check PE --json")
    assert waiting["appointment_id"] not in [
        each["appointment_id"] for each in json.loads(checked.stdout)["differences"]
    ]


def test_what_was_dead_is_moved_back_and_registered(stack: RunningStack, reception: Reception, ana: Any) -> None:
    """Puts the message of a change where it goes when it has failed too often."""
    visit = reception.book(ana)
    registered(reception, visit)
    queues = Aws(f"http://127.0.0.1:{stack.aws_port}").session.client(
        "sqs", endpoint_url=f"http://127.0.0.1:{stack.aws_port}"
    )
    url = queues.get_queue_url(QueueName="dentist-country-pe-dead")["QueueUrl"]
    detail = {"appointment_id": visit["appointment_id"], "version": 1, "clinic_id": 1, "country": "PE"}
    event = {"detail-type": "appointment.moved", "detail": {**detail, "message_id": 1, "at": "2030-01-07T14:00:00Z"}}
    queues.send_message(QueueUrl=url, MessageBody=json.dumps(event))
    before = reception.visit(visit)["registration"]["at"]

    done = stack.make("operator", "ARGS=countries redrive PE")

    assert (done.returncode, done.stdout) == (0, "1 message was moved back into the queue of PE.\n")
    soon(lambda: reception.visit(visit)["registration"]["at"] > before)


def test_the_walk_in_readme(stack: RunningStack, reception: Reception) -> None:
    head, tail = re.split(r"^(?=1\. )", WALK, maxsplit=1, flags=re.MULTILINE)
    make = f'make() {{ command {" ".join(MAKE)} FOLDER="{stack.folder}" "$@"; }}'
    blocks = [
        block.replace("127.0.0.1:8000", f"127.0.0.1:{stack.port}") for block in [*shell(head, 4), *shell(tail, 7)]
    ]
    with opened(stack.environment) as terminal:
        set_up, down, book, pending, up = ["\n".join([make, blocks[0]]), *blocks[1:4], blocks[4]]
        assert terminal.paste(set_up) == ""
        assert "The database of PE is away now." in terminal.paste(down)
        assert terminal.paste(book) == ""
        assert terminal.paste(pending) == "PENDING"
        told, registration = up.rsplit("\n", 1)
        assert "The database of PE is there again." in terminal.paste(told)
        soon(lambda: terminal.paste(registration) == "DONE")
