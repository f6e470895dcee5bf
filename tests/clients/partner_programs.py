"""The partners' programs of docs/examples/partner as a partner runs them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.partner_server import PASSWORD, POOL_ID
from tests.dev.running_stack import REPOSITORY

PROGRAMS = {"partner.py": sys.executable, "partner.mjs": "node", "partner.php": "php"}
FOLDER = REPOSITORY / "docs" / "examples" / "partner"

Ran = subprocess.CompletedProcess[str]
each_program = pytest.mark.parametrize("name", PROGRAMS)


class Partner:
    """A partner on the machine of a test, with a file for one booking."""

    def __init__(self, url: str, folder: Path) -> None:
        self.file = folder / "visit.json"
        self.environment = {
            "API": url,
            "COGNITO": url,
            "COGNITO_CLIENT_ID": "a-client",
            "COGNITO_USER_POOL_ID": POOL_ID,
            "AUTH_FLOW": "USER_PASSWORD_AUTH",
            "PARTNER_USER": "insurer",
            "PARTNER_PASSWORD": PASSWORD,
        }

    def run(
        self,
        name: str,
        *,
        insurance: str = "RIM-204417",
        pause: float = 0.01,
        patience: float = 20,
        **environment: str,
    ) -> Ran:
        options = {
            "insurance": insurance,
            "treatment": 1,
            "booking": self.file,
            "pause": pause,
            "patience": patience,
        }
        words = [word for option, value in options.items() for word in (f"--{option}", str(value))]
        return run(name, *words, **self.environment | environment)


def run(name: str, *words: str, **environment: str) -> Ran:
    """Runs the program, or skips the test on a machine that cannot."""
    program = shutil.which(PROGRAMS[name])
    if not program:
        pytest.skip(f"{name} needs {PROGRAMS[name]}, which is not on this machine (docs/contributing.md)")
    command = [program, str(FOLDER / name), *words]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
