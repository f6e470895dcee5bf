"""Which server it is: an address that was given, or else the first that works of Docker, a program on the
PATH, and the archive of the Linux distribution.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import sqlalchemy
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from dev.mysql import archive, containers, private, programs
from dev.mysql.folders import Stamp, data_folder, read_stamp
from dev.mysql.server import (
    NAMES,
    Flavour,
    NoDatabaseServerError,
    Server,
    SourceFailedError,
    SourceUnavailableError,
    flavour_of,
    version,
)

Source = Callable[[], AbstractContextManager[Server]]

_IMAGES: Final[dict[Flavour, str]] = {"mysql": "mysql:8.4", "mariadb": "mariadb:11.8"}
_ADVICE: Final = """\
No {name} server could be started. Do one of the following, then try again:
  - start Docker, which must have the image {image} or be able to download it;
  - install a server: {packages};
  - start a server yourself and give its address: in DATABASE_URL for make run, in TEST_DATABASE_URL for make test.
These were tried:"""
# The client packages hold a program that MariaDB's installer needs. Debian's default is MariaDB, Ubuntu's MySQL.
_PACKAGES: Final[dict[Flavour | None, str]] = {
    None: "sudo apt-get install default-mysql-server-core default-mysql-client-core, or brew install mysql",
    "mysql": "sudo apt-get install mysql-server (Ubuntu), or brew install mysql",
    "mariadb": "sudo apt-get install mariadb-server-core mariadb-client-core, or brew install mariadb",
}


@contextmanager
def running_server(
    *,
    url: str | None = None,
    image: str | None = None,
    data: Path | None = None,
    flavour: Flavour | None = None,
    certificates: Path | None = None,
) -> Iterator[Server]:
    """A server for as long as the block runs, and no longer.

    Args:
        url: A running server to use instead of starting one; nothing else is tried then.
        image: The Docker image; when not given the one that made the data, else mysql:8.4 or, for the flavour
            mariadb, mariadb:11.8.
        data: The folder of data that are to be found again next time; throw-away data when not given. Data
            stay with the source that made them, and with a server that can open them.
        flavour: Insist on this one; otherwise whichever comes first.
        certificates: The folder with server.pem and server.key, by which a server with throw-away data shows who it is.

    Raises:
        NoDatabaseServerError: with a message for the person at the terminal.
    """
    with ExitStack() as stack:
        if url is not None:
            yield _given(url, flavour)
            return
        stamp = None
        if data is None:
            image = image or _IMAGES[flavour or "mysql"]
            sources = _throw_away(image, flavour, certificates)
        else:
            data = data.resolve()  # a server takes relative paths from a folder of its own
            lock = stack.enter_context(data_folder(data))
            stamp = read_stamp(data)
            _refuse_another_flavour(data, stamp, flavour)
            made_by = stamp.made_by if stamp and stamp.source == "docker" else None
            image = image or made_by or _IMAGES[flavour or "mysql"]
            sources = _durable(image, data, lock, stamp, flavour)
        server, reasons = _first_that_works(stack, sources, flavour)
        if server is None:
            raise NoDatabaseServerError("\n  - ".join([_advice(data, stamp, image, flavour), *reasons]))
        yield server


def _given(address: str, flavour: Flavour | None) -> Server:
    try:
        given = sqlalchemy.make_url(address)
        url = URL.create("mysql+pymysql", given.username, given.password, given.host, given.port, query=given.query)
        server = Server(url, flavour_of(version(url, encrypted=True)), "The server at the address given")
    except SQLAlchemyError as error:
        said = getattr(error, "orig", None) or error
        raise NoDatabaseServerError(f"The database server at the address given cannot be used: {said}") from error
    _insist(server, flavour)
    return server


def _throw_away(image: str, flavour: Flavour | None, certificates: Path | None = None) -> Iterator[Source]:
    yield partial(containers.throw_away, image, certificates)
    for program in programs.on_path(flavour):
        yield partial(private.throw_away, program, certificates)
    yield lambda: private.throw_away(archive.program(flavour or "mysql"), certificates)


def _durable(image: str, data: Path, lock: int, stamp: Stamp | None, flavour: Flavour | None) -> Iterator[Source]:
    """Only the server that made the data may open it: an empty server from elsewhere would look like lost data."""
    wanted = stamp.flavour if stamp else flavour
    if stamp is None or stamp.source == "docker":
        yield partial(containers.durable, image, data)
    if stamp is None or stamp.source == "private":
        for program in programs.on_path(wanted):
            yield partial(private.durable, program, data, lock)
        yield lambda: private.durable(archive.program(wanted or "mysql"), data, lock)


def _first_that_works(
    stack: ExitStack, sources: Iterator[Source], flavour: Flavour | None
) -> tuple[Server | None, list[str]]:
    reasons = []
    for source in sources:
        try:
            server = stack.enter_context(source())
        except SourceUnavailableError as reason:
            reasons.append(str(reason))
            if isinstance(reason, SourceFailedError):
                print(reason, file=sys.stderr)
            continue
        _insist(server, flavour)
        return server, reasons
    return None, reasons


def _insist(server: Server, flavour: Flavour | None) -> None:
    if flavour and flavour != server.flavour:
        raise NoDatabaseServerError(f"{server.origin} is {NAMES[server.flavour]}, not {NAMES[flavour]}.")


def _refuse_another_flavour(data: Path, stamp: Stamp | None, flavour: Flavour | None) -> None:
    if stamp and flavour and flavour != stamp.flavour:
        raise NoDatabaseServerError(f"The data in {data} was made by {stamp}, which {NAMES[flavour]} cannot open.")


def _advice(data: Path | None, stamp: Stamp | None, image: str, flavour: Flavour | None) -> str:
    if stamp:
        return f"The data in {data} was made by {stamp}. Start that again, or use another folder. These were tried:"
    name = NAMES[flavour] if flavour else "MySQL or MariaDB"
    return _ADVICE.format(name=name, image=image, packages=_PACKAGES[flavour])
