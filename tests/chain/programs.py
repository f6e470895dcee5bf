"""One Lambda of the chain as a program: `python -m tests.chain.programs ROLE FOLDER`. It calls the handler again and
again, as a schedule, a queue or an invocation would.

Each life of it is a process that kills itself at a step, if the file `lives.json` of the folder says so: before or
after a statement, a commit or a call to AWS. Then the next life begins. It writes down at which steps it died. The
file `clock` says how many seconds the clock is ahead.
"""

import json
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from sqlalchemy import Engine, event
from werkzeug.exceptions import NotFound
from werkzeug.serving import run_simple

from dev import messaging
from dev.children import end_with_parent
from dev.clock import StackClock
from dev.functions import Functions
from dev.pumps import Consumer
from lambda_function.bootstrap.clock import Clock
from lambda_function.bootstrap.country_processor import build_country_processor
from lambda_function.bootstrap.messenger import build_messenger
from lambda_function.bootstrap.notifications import build_notifications
from lambda_function.bootstrap.outbox_relay import build_relay
from lambda_function.bootstrap.registration import build_registration
from lambda_function.settings import country_settings

LIVES, BIRTHS, DEATHS, CLOCK = "lives.json", "births.jsonl", "deaths.jsonl", "clock"
# What stands in the log after each turn that did not fail.
TURN = "turn"
INVOKE_PORT = "INVOKE_PORT"
# The variable with the address of the program's queue.
QUEUE = "LOCAL_QUEUE_URL"
_PAUSE = 0.05

Handler = Callable[[Any], Any]


class Steps:
    """Counts the steps of a life, and ends it at the last. A life without a last step goes on until it is stopped."""

    def __init__(self, folder: Path, role: str) -> None:
        self._folder, self._role = folder, role
        self._left = 0

    def begin(self, number: int) -> None:
        """Begins a life of so many steps, or with 0, one without a last step."""
        self._left = number
        self._write(BIRTHS, str(number))

    def _write(self, name: str, what: str) -> None:
        with (self._folder / name).open("a") as file:
            file.write(json.dumps({"role": self._role, "step": what}) + "\n")

    def watch(self) -> None:
        """Counts statements, commits, and the calls of AWS's clients that are made from now on."""
        event.listen(Engine, "before_cursor_execute", lambda *given: self._step(f"before {_verb(given[2])}"))
        event.listen(Engine, "after_cursor_execute", lambda *given: self._step(f"after {_verb(given[2])}"))
        event.listen(Engine, "commit", lambda *_: self._step("before COMMIT"))
        boto3.setup_default_session()
        calls = boto3._get_default_session().events
        calls.register("before-send", lambda request, **_: self._step(f"before {_name(request)}"))
        calls.register("response-received", lambda **_: self._step("after a call"))

    def _step(self, what: str) -> None:
        self._left -= 1
        if self._left == 0:
            self._write(DEATHS, what)
            os.kill(os.getpid(), signal.SIGKILL)


def _verb(statement: str) -> str:
    return statement.split(maxsplit=1)[0]


def _name(request: Any) -> str:
    target = request.headers.get("X-Amz-Target", b"")
    return str(target.decode() if target else urlsplit(request.url).path)


def _calling(handler: Handler) -> None:
    """Calls the handler again and again, as a schedule does."""
    _repeat(lambda: handler({}))


def _consuming(handler: Handler) -> None:
    """Hands over what is in the queue."""
    _repeat(_consumer(handler))


def _sweeping(handler: Handler) -> None:
    """Hands over what is in the queue, and then has the handler sweep."""
    consume = _consumer(handler)

    def turn() -> None:
        consume()
        handler({"action": "sweep"})

    _repeat(turn)


def _consumer(handler: Handler) -> Consumer:
    queues = boto3.client("sqs", config=Config(read_timeout=5, retries={"total_max_attempts": 1}))
    return Consumer(queues, os.environ[QUEUE], handler)


def _answering(handler: Handler) -> None:
    """Answers invocations, one at a time, as Lambda's API does."""
    functions = Functions(NotFound(), {messaging.FUNCTION: lambda event, _: handler(event)})
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    run_simple("127.0.0.1", int(os.environ[INVOKE_PORT]), functions)


def _repeat(turn: Callable[[], object]) -> None:
    """Takes turns until the process is killed. After one that fails comes the next, as AWS calls a function again."""
    while True:
        try:
            turn()
            sys.stdout.write(f"{TURN}\n")
        except Exception as error:  # noqa: BLE001 - the outer edge: Lambda takes whatever is raised
            sys.stdout.write(json.dumps({"failed": type(error).__name__}) + "\n")
        time.sleep(_PAUSE)  # between two calls of a schedule


def _build_relay(clock: Clock) -> Handler:
    run = build_relay(clock)
    return lambda event: run(_plenty)


def _build_notifications(clock: Clock) -> Handler:
    run = build_notifications(clock)
    return lambda event: run(event, _plenty)


def _build_messenger(clock: Clock) -> Handler:
    run = build_messenger(clock)
    return lambda event: run(_plenty)


def _build_country(clock: Clock) -> Handler:
    run = build_country_processor(country_settings(), clock)
    return lambda event: run(event, _plenty)


def _build_registration(clock: Clock) -> Handler:
    run = build_registration(clock)
    return lambda event: run(event, _plenty)


def _plenty() -> float:
    return 55.0


class Role(NamedTuple):
    """`longer` says how many times as long its lives are, for a program whose turns take more steps."""

    build: Callable[[Clock], Handler]
    run: Callable[[Handler], None]
    longer: int = 1


ROLES: Mapping[str, Role] = MappingProxyType(
    {
        "relay": Role(_build_relay, _calling),
        "consumer": Role(_build_notifications, _sweeping, 6),
        "answering": Role(_build_notifications, _answering, 3),
        "messenger": Role(_build_messenger, _calling, 3),
        "country-pe": Role(_build_country, _consuming, 3),
        "country-cl": Role(_build_country, _consuming, 3),
        "registration": Role(_build_registration, _consuming, 3),
    }
)


MESSAGE_ROLES = ("relay", "consumer", "answering", "messenger")


def main(name: str, folder: Path) -> None:
    role = ROLES[name]
    steps = Steps(folder, name)
    steps.watch()
    # Nothing connects before the first call, so each life begins with a handler of its own.
    handler = role.build(StackClock(folder / CLOCK))
    boto3.client("sqs")  # reads the description of the service, so that no life has to
    chance = random.Random(name)  # noqa: S311 - it chooses where to die, which a run has to be able to repeat
    while True:
        lives = json.loads((folder / LIVES).read_text())
        last = chance.randint(1, lives["longest"] * role.longer) if lives["mortal"] else 0
        child = os.fork()
        if child == 0:
            end_with_parent()
            steps.begin(last)
            role.run(handler)
        os.waitpid(child, 0)


if __name__ == "__main__":
    end_with_parent()
    main(sys.argv[1], Path(sys.argv[2]))
