"""A private instance of a server program: this user's, on the loopback, gone with the process it is for."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import IO, Final

from sqlalchemy.engine import URL

from dev.mysql.folders import Stamp, cache_folder, copy_sparse, made_once, read_stamp, write_stamp
from dev.mysql.programs import Program, initialise, series, tail
from dev.mysql.server import (
    DURABLE_SETTINGS,
    NAMES,
    SETTINGS,
    THROW_AWAY_SETTINGS,
    Server,
    SourceFailedError,
    SourceUnavailableError,
    tls_settings,
    version_when_ready,
)

_ADMINISTRATOR: Final = "administrator"
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the folders made in it have random names and mode 0700
_ROOM: Final = 512 * 1024 * 1024
# A Unix socket's address has room for 107 characters, a random folder name and the file name included.
_LONGEST_TEMPORARY: Final = 70
_TRIES: Final = 3


@dataclass(frozen=True)
class _Instance:
    """What to start. `data` makes the data folder if need be, and is given the run folder: the one for the
    socket, which needs a short name, and for everything else that dies with the server.
    """

    program: Program
    place: Path
    data: Callable[[Path], Path]
    settings: tuple[str, ...]
    stop_signal: signal.Signals
    log: IO[bytes]
    lock: int | None = None


@contextmanager
def throw_away(program: Program, certificates: Path | None = None) -> Iterator[Server]:
    """A server on new data, in memory where there is room. Nothing of it is left at the end."""
    settings = (*THROW_AWAY_SETTINGS, *tls_settings(certificates))

    def data(run: Path) -> Path:
        copy_sparse(_template(program), run / "data")
        return run / "data"

    with tempfile.TemporaryFile() as log:
        instance = _Instance(program, _roomy_folder(), data, settings, signal.SIGKILL, log)
        with _started(instance) as url:
            yield Server(url, program.flavour, _origin(program))


@contextmanager
def durable(program: Program, folder: Path, lock: int) -> Iterator[Server]:
    """A server on the data of this folder, made on the first run. The caller holds the folder's lock."""
    _refuse_data_of_another(program, read_stamp(folder))
    stamp = Stamp("private", program.flavour, program.version)

    def data(_run: Path) -> Path:
        ready, part = folder / "data", folder / "data.part"
        if not ready.exists():
            shutil.rmtree(part, ignore_errors=True)
            copy_sparse(_template(program), part)
            write_stamp(folder, stamp)
            part.rename(ready)
        return ready

    with (folder / "error.log").open("w+b") as log:
        instance = _Instance(program, _short_folder(), data, DURABLE_SETTINGS, signal.SIGTERM, log, lock)
        with _started(instance) as url:
            write_stamp(folder, stamp)  # a later release has now made the data its own
            yield Server(url, program.flavour, f"{_origin(program)}, data in {folder}")


def _refuse_data_of_another(program: Program, stamp: Stamp | None) -> None:
    """A server opens the data of its own flavour and major version, and of no later release than itself."""
    if stamp is None:
        return
    theirs, ours = series(stamp.made_by), series(program.version)
    if (stamp.flavour, theirs[0]) != (program.flavour, ours[0]) or theirs > ours:
        raise SourceUnavailableError(f"{program.path} is {NAMES[program.flavour]} {program.version}.")


def _origin(program: Program) -> str:
    return f"private instance of {program.path}, {NAMES[program.flavour]} {program.version}"


def _template(program: Program) -> Path:
    """An initialised data folder to copy, which is many times faster than initialising another."""
    status = program.path.stat()
    build = sha256(f"{program.path} {status.st_size} {status.st_mtime_ns}".encode()).hexdigest()[:12]
    name = f"{program.flavour}-{program.version}-{build}"
    return made_once(cache_folder() / "templates" / name, partial(initialise, program))


def _roomy_folder() -> Path:
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
        return _MEMORY
    return _short_folder()


def _short_folder() -> Path:
    temporary = tempfile.gettempdir()
    return Path(temporary if len(temporary) <= _LONGEST_TEMPORARY else "/tmp")  # noqa: S108 - as for _MEMORY


@contextmanager
def _started(instance: _Instance) -> Iterator[URL]:
    url, stop = _start(instance)
    with stop:
        yield url


def _start(instance: _Instance) -> tuple[URL, ExitStack]:
    """Start on a free port; should somebody else take the port first, on another one."""
    for _ in range(_TRIES - 1):
        try:
            return _try_to_start(instance)
        except SourceFailedError:
            if "Address already in use" not in _text(instance.log):
                raise
    return _try_to_start(instance)


def _try_to_start(instance: _Instance) -> tuple[URL, ExitStack]:
    instance.log.seek(0)
    instance.log.truncate()
    with ExitStack() as stop:
        # The keeper removes this folder too, in case that this process cannot.
        temporary = tempfile.TemporaryDirectory(prefix="dentist-", dir=instance.place, ignore_cleanup_errors=True)
        run = Path(stop.enter_context(temporary))
        data = instance.data(run)
        password = secrets.token_urlsafe()
        (run / "init.sql").write_text(_init_file(password))
        port = _free_port()
        keeper = _keeper(instance, run, _command(instance, data, run, port))
        stop.callback(_stop, keeper)
        url = URL.create("mysql+pymysql", _ADMINISTRATOR, password, "127.0.0.1", port)
        version_when_ready(url, pause=partial(_pause, keeper, instance))
        return url, stop.pop_all()


def _init_file(password: str) -> str:
    """The server runs this whenever it starts, so the password is kept nowhere. One statement a line."""
    user = f"'{_ADMINISTRATOR}'@'127.0.0.1'"
    return (
        f"CREATE USER IF NOT EXISTS {user};\n"
        f"ALTER USER {user} IDENTIFIED BY '{password}';\n"
        f"GRANT ALL ON *.* TO {user} WITH GRANT OPTION;\n"
    )


def _command(instance: _Instance, data: Path, run: Path, port: int) -> list[str]:
    return instance.program.command(
        f"--datadir={data}",
        f"--socket={run / 'socket'}",
        f"--pid-file={run / 'pid'}",
        f"--tmpdir={run}",
        f"--init-file={run / 'init.sql'}",
        "--bind-address=127.0.0.1",
        f"--port={port}",
        *SETTINGS,
        *instance.settings,
    )


def _keeper(instance: _Instance, run: Path, command: list[str]) -> subprocess.Popen[bytes]:
    keeper = Path(__file__).with_name("keeper.py")
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(keeper), str(instance.stop_signal.value), str(run), *command],
        stdin=subprocess.PIPE,  # held open for as long as the server is wanted
        stdout=instance.log,
        stderr=subprocess.STDOUT,
        pass_fds=() if instance.lock is None else (instance.lock,),
        start_new_session=True,  # a Ctrl-C in the terminal is for us, not for the server
    )


def _stop(keeper: subprocess.Popen[bytes]) -> None:
    if keeper.stdin:
        keeper.stdin.close()
    keeper.wait()


def _pause(keeper: subprocess.Popen[bytes], instance: _Instance) -> None:
    with suppress(subprocess.TimeoutExpired):
        keeper.wait(0.02)
        raise SourceFailedError(f"{instance.program.path} did not start. Its log ends:\n{tail(_text(instance.log))}")


def _text(log: IO[bytes]) -> str:
    """What the server wrote so far, read without moving the offset that it shares with us."""
    return os.pread(log.fileno(), os.fstat(log.fileno()).st_size, 0).decode(errors="replace")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
