"""A server in a container of the Docker engine that is running, if one is."""

import secrets
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from docker.constants import DEFAULT_UNIX_SOCKET
from docker.errors import DockerException, ImageNotFound, NotFound
from requests import RequestException
from sqlalchemy.engine import URL
from testcontainers.community.mysql import MySqlContainer
from testcontainers.core.docker_client import DockerClient, get_docker_host

from dev.mysql.folders import Stamp, read_stamp, write_stamp
from dev.mysql.programs import tail
from dev.mysql.server import (
    DURABLE_SETTINGS,
    SETTINGS,
    THROW_AWAY_SETTINGS,
    Server,
    SourceFailedError,
    SourceUnavailableError,
    flavour_of,
    tls_settings,
    version_when_ready,
)

_DATA: Final = "/var/lib/mysql"
_CERTIFICATES: Final = Path("/certificates")
_PORT: Final = "3306/tcp"
# The image sets the password once, when it makes the data, so it has to be known ever after. The port is
# bound to the loopback, and the data is a developer's.
_DURABLE_PASSWORD: Final = "local-only"  # noqa: S105 - see above
_FAILURES: Final = (DockerException, RequestException, TimeoutError)


@contextmanager
def throw_away(image: str, certificates: Path | None = None) -> Iterator[Server]:
    """A container on new data in memory, removed at the end, or by testcontainers when this process dies."""
    with _engine_with(image):
        pass
    container = MySqlContainer(image, username="root", password=secrets.token_urlsafe())
    settings = [*SETTINGS, *THROW_AWAY_SETTINGS, *tls_settings(certificates and _CERTIFICATES)]
    container.with_tmpfs_mount(_DATA).with_command(settings)
    if certificates:
        container.with_volume_mapping(str(certificates), str(_CERTIFICATES), "ro")
    with ExitStack() as stack:
        try:
            stack.enter_context(container)
        except _FAILURES as error:
            raise SourceFailedError(f"Docker could not start {image}: {_one_line(error)}") from error
        port = int(container.get_exposed_port(3306))
        url = URL.create("mysql+pymysql", "root", container.password, container.get_container_host_ip(), port)
        # The server does not say when it is ready.
        version = version_when_ready(url, pause=lambda: time.sleep(0.1))  # between two tries to connect
        yield Server(url, flavour_of(version), f"Docker, {image}")


@contextmanager
def durable(image: str, folder: Path) -> Iterator[Server]:
    """A container on a volume that is named after the folder, which holds only a note of that. The container
    is removed at the end and the volume stays. When this process is killed the container goes on running,
    and the next run replaces it. The caller holds the folder's lock.
    """
    stamp = read_stamp(folder)
    if stamp and stamp.made_by != image:
        raise SourceUnavailableError(f"The image asked for is {image}.")
    name = f"dentist-appointments-{sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"
    with _engine_with(image) as engine:
        try:
            container = _run(engine, image, name)
            container.reload()
            port = int(container.ports[_PORT][0]["HostPort"])
            url = URL.create("mysql+pymysql", "root", _DURABLE_PASSWORD, "127.0.0.1", port)
            flavour = flavour_of(version_when_ready(url, pause=lambda: _pause(container)))
            write_stamp(folder, Stamp("docker", flavour, image))
            yield Server(url, flavour, f"Docker, {image}, volume {name}")
        finally:
            _remove(engine, name)


def _run(engine: Any, image: str, name: str) -> Any:
    _remove(engine, name)
    try:
        return engine.containers.run(
            image,
            [*SETTINGS, *DURABLE_SETTINGS],
            name=name,
            detach=True,
            environment={"MYSQL_ROOT_PASSWORD": _DURABLE_PASSWORD},
            volumes={name: {"bind": _DATA, "mode": "rw"}},
            ports={_PORT: ("127.0.0.1", None)},
        )
    except _FAILURES as error:
        raise SourceFailedError(f"Docker could not start {image}: {_one_line(error)}") from error


@contextmanager
def _engine_with(image: str) -> Iterator[Any]:
    """The engine, once it has the image."""
    if not _listens(get_docker_host() or DEFAULT_UNIX_SOCKET):
        raise SourceUnavailableError("No Docker engine is running.")
    try:
        engine = DockerClient().client
    except DockerException as error:
        raise SourceFailedError(f"The Docker engine does not answer: {_one_line(error)}") from error
    with closing(engine):
        _fetch(engine, image)
        yield engine


def _listens(address: str) -> bool:
    """Whether there is an engine at all. Docker's own client leaves a socket open when there is none."""
    scheme, _, path = address.partition("://")
    if not scheme.endswith("unix"):
        return True
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
        except OSError:
            return False
        return True


def _fetch(engine: Any, image: str) -> None:
    try:
        engine.images.get(image)
    except ImageNotFound:
        print(f"Downloading the Docker image {image}. This happens once and may take some minutes.", file=sys.stderr)
        try:
            engine.images.pull(image)
        except _FAILURES as error:
            raise SourceFailedError(
                f"Docker is running, but the image {image} cannot be downloaded: {_one_line(error)}"
            ) from error


def _remove(engine: Any, name: str) -> None:
    """Stop the server cleanly and remove its container, if there is one."""
    try:
        container = engine.containers.get(name)
        container.stop(timeout=60)
        container.remove()
    except NotFound:
        pass


def _pause(container: Any) -> None:
    time.sleep(0.1)  # between two tries to connect
    container.reload()
    if container.status != "running":
        log = container.logs(tail=100).decode(errors="replace")
        raise SourceFailedError(f"The container {container.name} ended. Its log ends:\n{tail(log)}")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
