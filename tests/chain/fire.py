"""The chain of messages as real processes, which are killed while AWS fails, and what it left behind."""

import json
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.config import Config
from sqlalchemy import URL

from dev import messaging
from dev.aws import Aws, environment, lambda_environment
from dev.children import running
from dev.clock import StackClock
from dev.secret_names import APP_SECRET
from tests.aws import secret_of
from tests.chain.programs import BIRTHS, CLOCK, DEATHS, INVOKE_PORT, LIVES, MESSAGE_ROLES, TURN
from tests.chain.providers import BUS, BYSTANDER, DELIVERIES, TROUBLE

_PATIENCE = 900.0
# The queue of messages to people.
MESSAGES = "messages"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@dataclass
class Chain:
    """The running processes, the addresses of their queues by names, and the folder where they write what they do."""

    folder: Path
    sqs: Any
    queues: Mapping[str, str]
    roles: Sequence[str]

    def troubled(self, troubles: Mapping[str, Mapping[str, float]]) -> None:
        """From now on these shares of requests get into trouble, by action."""
        self._put(TROUBLE, troubles)

    def mortal(self, longest: int) -> None:
        """From the next life on, processes die within so many steps; with 0, they live."""
        self._put(LIVES, {"mortal": longest > 0, "longest": longest})

    def _put(self, name: str, value: Any) -> None:
        """Replaces a file at once, since programs may be reading it."""
        new = self.folder / f"{name}.new"
        new.write_text(json.dumps(value))
        new.replace(self.folder / name)

    def ahead(self, seconds: int) -> None:
        """Moves the clock of all programs."""
        StackClock(self.folder / CLOCK).set(seconds)

    def lines(self, name: str) -> list[Any]:
        file = self.folder / name
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def deliveries(self) -> list[dict[str, Any]]:
        return self.lines(DELIVERIES)

    def deaths_by_role(self) -> dict[str, int]:
        died = Counter(each["role"] for each in self.lines(DEATHS))
        return {role: died[role] for role in self.roles}

    def burn(self, seconds: float) -> None:
        """Lets the programs work and die for so long."""
        time.sleep(seconds)

    def turns(self, role: str) -> int:
        """Returns how many turns of the program have not failed."""
        return (self.folder / f"{role}.log").read_text().splitlines().count(TURN)

    def queued(self, queue: str) -> int:
        """Returns how many events are in the queue, with those that the consumer has taken and not yet deleted."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        numbers = self.sqs.get_queue_attributes(QueueUrl=self.queues[queue], AttributeNames=names)["Attributes"]
        return sum(int(numbers[name]) for name in names)

    def written(self) -> str:
        """Returns everything that was written to logs and put on the bus."""
        logs = "".join(file.read_text(errors="replace") for file in self.folder.glob("*.log"))
        return logs + (self.folder / BUS).read_text()


@contextmanager
def emulated_aws(folder: Path) -> Iterator[Aws]:
    """Starts AWS, which fails as the folder's file says."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = ("tests.chain.providers", str(port), str(folder))
    with running("AWS", *arguments, log=folder / "providers.out", environment=environment(url)) as aws:
        aws.wait_until_it_answers(f"{url}/moto-api/")
        yield Aws(url)


@contextmanager
def burning(
    folder: Path,
    account: Aws,
    programs: Mapping[str, Mapping[str, str]],
    queues: Mapping[str, str],
    *,
    longest_life: int,
) -> Iterator[Chain]:
    """Starts the programs, each by its role with its environment. A program lives for at most `longest_life` steps, or
    for several times as many if each of its turns takes more.
    """
    with ExitStack() as stack:
        quietly = Config(user_agent_extra=BYSTANDER)
        sqs = account.session.client("sqs", endpoint_url=account.url, config=quietly)
        found = Chain(folder, sqs, queues, tuple(programs))
        found.mortal(longest_life)
        for role, own in programs.items():
            stack.enter_context(_role(role, folder, own))
        until(lambda: len(found.lines(BIRTHS)) >= len(programs), "every program has begun")
        yield found


@contextmanager
def chain(folder: Path, database: URL, *, longest_life: int) -> Iterator[Chain]:
    """Starts AWS and the four programs of messages to people."""
    with emulated_aws(folder) as account:
        account.create_secrets(APP_SECRET).put_current(APP_SECRET, secret_of(database))
        # A program that dies leaves its batch behind, which must not end in the dead-letter queue.
        own = lambda_environment(account.url) | messaging.create(account, visibility_seconds=2, max_receives=50)
        own |= {"PUBLIC_URL": "https://appointments.example"}
        invoke_port = str(free_port())
        own |= {"AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{invoke_port}", INVOKE_PORT: invoke_port}
        programs = dict.fromkeys(MESSAGE_ROLES, own)
        queues = {MESSAGES: own["LOCAL_QUEUE_URL"]}
        with burning(folder, account, programs, queues, longest_life=longest_life) as found:
            yield found


def _role(name: str, folder: Path, own: Mapping[str, str]) -> AbstractContextManager[Any]:
    log = folder / f"{name}.log"
    return running(name, "tests.chain.programs", name, str(folder), log=log, environment=own)


def until(done: Callable[[], bool], what: str) -> None:
    """Waits for programs that have no means to tell us when they are done."""
    deadline = time.monotonic() + _PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {_PATIENCE} s: {what}")
        time.sleep(0.1)  # between two looks
