"""Files of patients as another system would export them, and the program that imports them."""

import csv
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from signal import SIGKILL
from threading import Timer
from time import perf_counter

from sqlalchemy import URL

COLUMNS = ("key", "full_name", "birth_date", "email", "phone", "national_id", "chart")
_FIRST = ("María", "José", "Ana", "Luis", "Rosa", "Juan", "Carmen", "Jorge", "Elena", "Pedro")
_PLAIN = str.maketrans("áéíóúñ", "aeioun")
_LAST = ("Quispe", "Flores", "Sánchez", "Rojas", "Mamani", "Torres", "Núñez", "Díaz", "Ramos", "Vargas")


def patient(number: int, prefix: str = "") -> dict[str, str]:
    """Returns the values of a row. Different prefixes have no key, identifier or address in common."""
    first, second = _FIRST[number % 10], _FIRST[number // 10 % 10]
    father, mother = _LAST[number // 100 % 10], _LAST[number // 1000 % 10]
    return {
        "key": f"{prefix}{number}",
        "full_name": f"{first} {second} {father} {mother}",
        "birth_date": f"{1940 + number % 80}-{number % 12 + 1:02}-{number % 28 + 1:02}",
        "email": f"{prefix}{father}.{mother}{number}@example.org".lower().translate(_PLAIN),
        "phone": f"+51 9{number // 10000 % 100:02} {number // 1000 % 1000:03} {number % 1000:03}",
        "national_id": f"{prefix}{number:08}",
        "chart": f"HC-{prefix}{number}",
    }


def write_patients(path: Path, numbers: Iterable[int], prefix: str = "") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(patient(number, prefix) for number in numbers)
    return path


def text_of(*rows: Mapping[str, str], separator: str = ",") -> str:
    """Returns rows as a file whose columns are those of the first row."""
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@dataclass(frozen=True, slots=True)
class Run:
    """How a process ended, after how many seconds, and its largest resident set in MB."""

    code: int
    seconds: float
    megabytes: float
    output: str


def importing(url: URL, file: Path, clinic: str, *options: str) -> "subprocess.Popen[bytes]":
    """Starts the command in a process of its own."""
    environment = {**os.environ, "DATABASE_URL": url.render_as_string(hide_password=False), "DATABASE_TLS": "off"}
    command = [sys.executable, "-m", "lambda_function", "import", "patients", str(file), "--clinic", clinic, *options]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def import_file(url: URL, file: Path, clinic: str, *options: str, kill_after: float | None = None) -> Run:
    """Runs the command to its end, or kills it after some seconds."""
    begun = perf_counter()
    with importing(url, file, clinic, *options) as process:
        kill = Timer(kill_after or 0, os.kill, (process.pid, SIGKILL))
        if kill_after is not None:
            kill.start()
        output = process.stdout.read().decode() if process.stdout else ""
        kill.cancel()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Run(process.returncode, perf_counter() - begun, usage.ru_maxrss / 1024, output.strip())
