"""Server programs: which there are, what they are, how each makes an empty data folder."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dev.mysql.server import THROW_AWAY_SETTINGS, Flavour, SourceFailedError, flavour_of

# Servers live in folders that the PATH of an ordinary user often lacks.
_FOLDERS: Final = ("/usr/sbin", "/usr/local/sbin", "/usr/libexec")
_LINES_OF_LOG: Final = 20


@dataclass(frozen=True)
class Program:
    """A server program. `basedir` is given only where the program is not where it was built to be."""

    path: Path
    flavour: Flavour
    version: str
    basedir: Path | None = None

    def command(self, *options: str) -> list[str]:
        """The command line of a server that reads no configuration file of the machine."""
        return [str(self.path), *self.options(), *options]

    def options(self) -> list[str]:
        """What comes first on the command line of the server and of its installer alike."""
        options = ["--no-defaults"]
        if self.basedir:
            options.append(f"--basedir={self.basedir}")
        if self.flavour == "mysql":
            options.append("--secure-file-priv=NULL")  # the folder that it was built with need not exist here
        if os.geteuid() == 0:
            options.append("--user=root")  # a server run by root insists on being told
        return options


def inspect(path: Path, basedir: Path | None = None) -> Program | None:
    """Ask a program what it is; None when it does not answer like a server."""
    try:
        answer = subprocess.run(
            [path, "--no-defaults", "--version"], capture_output=True, text=True, check=True, timeout=30
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_version(path, answer, basedir)


def parse_version(path: Path, answer: str, basedir: Path | None = None) -> Program | None:
    found = re.search(r"\bVer (\d+\.\d+\.\d+)", answer)
    return found and Program(path, flavour_of(answer), found[1], basedir)


def series(version: str) -> tuple[int, int]:
    """The two numbers that say which data a server can open."""
    major, minor, *_ = version.split(".")
    return int(major), int(minor)


def on_path(flavour: Flavour | None, path: str | None = None) -> Iterator[Program]:
    """The servers of this flavour on the PATH (or on `path`). Behind either name may be either flavour."""
    places = os.pathsep.join((os.environ.get("PATH", os.defpath), *_FOLDERS)) if path is None else path
    seen: set[Path] = set()
    for name in ("mysqld", "mariadbd"):
        found = shutil.which(name, path=places)
        if found is None or (real := Path(found).resolve()) in seen:
            continue
        seen.add(real)
        program = inspect(real)
        if program and flavour in (None, program.flavour):
            yield program


def initialise(program: Program, data: Path) -> None:
    """Make an empty data folder. Nobody can log in to it over TCP before an init file has made a user."""
    if program.flavour == "mysql":
        # Root gets no password, and can only come through the socket, which is in a folder of this user.
        command = program.command("--initialize-insecure")
    else:
        command = [str(_installer(program)), *program.options(), "--skip-test-db"]
    _run([*command, f"--datadir={data}", "--skip-log-bin", "--skip-name-resolve", *THROW_AWAY_SETTINGS], data)
    (data / "auto.cnf").unlink(missing_ok=True)  # the server's UUID, which copies must not share


def _installer(program: Program) -> Path:
    """Beside the server, in the bin of its prefix, or on the PATH."""
    places = (program.path.parent, program.path.parent.parent / "bin")
    for name in ("mariadb-install-db", "mysql_install_db"):
        for place in map(str, places):
            if found := shutil.which(name, path=place) or shutil.which(name):
                return Path(found)
    raise SourceFailedError(f"{program.path} has no mariadb-install-db beside it.")


def _run(command: Sequence[str], data: Path) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SourceFailedError(f"{command[0]} could not make the data folder {data}:\n{tail(done.stdout)}")


def tail(log: str) -> str:
    return "\n".join(f"    {line}" for line in log.splitlines()[-_LINES_OF_LOG:])
