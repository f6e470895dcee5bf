"""The emulator of AWS for a drill: MiniStack with IAM enforced, on the loopback, gone with the process that it is for.

Two Pythons take part. `prepare` makes a virtual environment of its own from requirements-drill.txt, by the Python that
the functions run in, because MiniStack runs functions in its own Python. `running` starts dev/drill/emulated/server.py
there, which mends what MiniStack lacks. What both sides share lies in the folder `state`:

| file | written by | content |
|---|---|---|
| `servers.json` | databases.py | the MySQL servers that instances of RDS may take |
| `names.json` | database_service.py | which name of an instance leads to which of them |
| `rights.jsonl` | rights.py | the calls of roles, and their policies |
| `emulator.log` | the emulator | its log |
"""

import os
import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from dev import children

ROOT: Final = Path(__file__).parents[2]
REQUIREMENTS: Final = ROOT / "requirements-drill.txt"
ACCOUNT: Final = "123456789012"


class EmulatorError(RuntimeError):
    """The emulator cannot be installed here. The message says why."""


@dataclass(frozen=True)
class Emulator:
    port: int
    region: str
    tools: Path  # the folder with the programs of its virtual environment, `aws` among them

    @property
    def environment(self) -> dict[str, str]:
        """What makes Terraform, the AWS CLI and boto3 call the emulator, as the account's root."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def prepare(venv: Path, python: str) -> Path:
    """Makes the virtual environment unless it is there, and returns the folder of its programs."""
    stamp = venv / ".installed"
    wanted = sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        _run([python, "-m", "venv", "--clear", str(venv)])
        _run([str(venv / "bin" / "pip"), "install", "--quiet", "--requirement", str(REQUIREMENTS)])
        stamp.write_text(wanted)
    return venv / "bin"


@contextmanager
def running(tools: Path, state: Path, project_python: str, region: str) -> Iterator[Emulator]:
    """Runs the emulator until the block ends. It ends with this process too, whatever happens to that.

    Raises StackError if it does not start.
    """
    emulator = Emulator(_free_port(), region, tools)
    child = children.running(
        "The emulator of AWS",
        "dev.drill.emulated.server",
        log=state / "emulator.log",
        environment=_environment(emulator, state, project_python),
        python=str(tools / "python"),
    )
    with child as server:
        server.wait_until_it_answers(f"http://127.0.0.1:{emulator.port}/_ministack/health")
        yield emulator


def _environment(emulator: Emulator, state: Path, project_python: str) -> dict[str, str]:
    """Little is inherited, because the functions inherit it in turn."""
    temporary = state / "tmp"
    temporary.mkdir(exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],
        "LANG": "C.UTF-8",
        "TMPDIR": str(temporary),
        "PYTHONPATH": str(Path(__file__).parent / "emulated" / "function_site"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "DRILL_STATE": str(state),
        "DRILL_NAMES": str(state / "names.json"),
        "DRILL_PYTHON": project_python,
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(emulator.port),
        "MINISTACK_REGION": emulator.region,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "AUTH": "true",
        "LAMBDA_EXECUTOR": "local",
        "PERSIST_STATE": "0",
        "IOT_MTLS_ENABLED": "0",  # would listen on a port that two drills cannot share
    }


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise EmulatorError(done.stderr or done.stdout)


def _free_port() -> int:
    """One below the ports that the kernel gives to connections, so that none takes it before the emulator does."""
    while True:
        port = 20000 + secrets.randbelow(12000)
        with socket.socket() as listener:
            if listener.connect_ex(("127.0.0.1", port)):
                return port
