"""The emulated AWS of the local stack as a program of its own, for tests that need no more of the stack."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev import clock
from dev.aws import Aws, running_emulator
from tests.dev.running_stack import free_port

API = "http://127.0.0.1:8000"


@contextmanager
def emulated_aws(folder: Path) -> Iterator[Aws]:
    """Its log and the stack's clock are in the folder."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with running_emulator(port, log=folder / "aws.log", environment=needed(folder)) as child:
        child.wait_until_it_answers(f"{url}/moto-api/")
        yield Aws(url)


def needed(folder: Path) -> dict[str, str]:
    """Returns what the emulator needs in its environment."""
    return clock.environment(folder) | {"LOCAL_API_URL": API, "LOCAL_COUNTRIES": "CL PE"}
