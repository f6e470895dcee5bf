"""Real servers, temporary and durable, private and in Docker, through clean ends and crashes."""

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import pytest
import sqlalchemy as sa

from dev.mysql import Flavour, NoDatabaseServerError, Server, archive, containers, private, programs, running_server
from dev.mysql.folders import Stamp, data_folder, write_stamp
from dev.mysql.programs import Program
from dev.mysql.server import SourceUnavailableError

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=["mysql", "mariadb"])
def program(request: pytest.FixtureRequest) -> Program:
    flavour: Flavour = request.param
    try:
        return next(programs.on_path(flavour), None) or archive.program(flavour)
    except SourceUnavailableError as reason:
        pytest.skip(str(reason))


@contextmanager
def connection(server: Server) -> Iterator[sa.Connection]:
    engine = sa.create_engine(server.url, poolclass=sa.NullPool, connect_args={"ssl_disabled": True})
    with engine.connect() as connection:
        yield connection


def value(server: Server, expression: str) -> object:
    with connection(server) as connected:
        return connected.scalar(sa.text(f"SELECT {expression}"))


def add_row(server: Server) -> None:
    with connection(server) as connected:
        connected.execute(sa.text("CREATE DATABASE IF NOT EXISTS kept"))
        connected.execute(sa.text("CREATE TABLE IF NOT EXISTS kept.row_ (id INT AUTO_INCREMENT PRIMARY KEY)"))
        connected.execute(sa.text("INSERT INTO kept.row_ VALUES ()"))
        connected.commit()


def rows(server: Server) -> object:
    with connection(server) as connected:
        return connected.scalar(sa.text("SELECT COUNT(*) FROM kept.row_"))


def process_of(server: Server) -> int:
    return int(Path(str(value(server, "@@pid_file"))).read_text())


def run_folder(server: Server) -> Path:
    return Path(str(value(server, "@@pid_file"))).parent


def test_a_throw_away_server_answers_and_leaves_nothing(program: Program) -> None:
    with private.throw_away(program) as server:
        assert value(server, "1") == 1
        process, folder = process_of(server), run_folder(server)
        assert folder.stat().st_mode & 0o777 == 0o700

    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    assert not folder.exists()


def test_a_server_has_the_settings_that_the_application_counts_on(program: Program) -> None:
    with private.throw_away(program) as server:
        assert value(server, "@@time_zone") == "+00:00"
        assert value(server, "@@innodb_lock_wait_timeout") == 3
        assert (value(server, "@@lock_wait_timeout"), value(server, "@@net_write_timeout")) == (5, 30)
        assert (value(server, "@@wait_timeout"), value(server, "@@GLOBAL.interactive_timeout")) == (30, 60)
        statements = {"mysql": ("@@max_execution_time", 5000), "mariadb": ("@@max_statement_time", 5)}
        limit, expected = statements[server.flavour]
        assert value(server, limit) == expected
        assert value(server, "@@character_set_server") == "utf8mb4"
        assert "STRICT_TRANS_TABLES" in str(value(server, "@@sql_mode"))
        isolation = "@@transaction_isolation" if server.flavour == "mysql" else "@@tx_isolation"
        assert value(server, isolation) == "REPEATABLE-READ", "the application has to set this, not the server"


def test_the_administrator_makes_databases_and_users(program: Program) -> None:
    with private.throw_away(program) as server, connection(server) as administrator:
        administrator.execute(sa.text("CREATE DATABASE clinic"))
        administrator.execute(sa.text("CREATE USER app@'127.0.0.1' IDENTIFIED BY 'secret'"))
        administrator.execute(sa.text("GRANT SELECT ON clinic.* TO app@'127.0.0.1'"))

        app = Server(server.url.set(username="app", password="secret"), server.flavour, "")
        assert value(app, "1") == 1


def test_a_durable_server_keeps_rows_through_a_clean_end_and_a_crash(program: Program, tmp_path: Path) -> None:
    def started() -> Iterator[Server]:
        with data_folder(tmp_path) as lock, private.durable(program, tmp_path, lock) as server:
            yield server

    for server in started():
        add_row(server)
        assert value(server, "@@innodb_flush_log_at_trx_commit") == 1
    for server in started():
        assert rows(server) == 1
        add_row(server)
        os.kill(process_of(server), signal.SIGKILL)
    for server in started():
        assert rows(server) == 2


PARENT = """\
import sys
from pathlib import Path
from dev.mysql import private
from dev.mysql.folders import data_folder
from dev.mysql.programs import inspect

program = inspect(Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2] else None)
folder = Path(sys.argv[3])
with data_folder(folder) as lock, private.throw_away(program) as one, private.durable(program, folder, lock) as two:
    print(one.url.render_as_string(hide_password=False), two.url.render_as_string(hide_password=False), flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the test waits for processes as only Linux can")
def test_servers_end_when_the_process_that_started_them_is_killed(program: Program, tmp_path: Path) -> None:
    arguments = [str(program.path), str(program.basedir or ""), str(tmp_path)]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout
        one, two = (Server(sa.make_url(url), program.flavour, "") for url in parent.stdout.readline().split())
        add_row(two)
        folder = run_folder(one)
        keeper = int(Path(f"/proc/{process_of(one)}/stat").read_text().rpartition(")")[2].split()[1])
        ended = os.pidfd_open(keeper)
        parent.kill()

    assert select.select([ended], [], [], 10)[0], "the keeper of the throw-away server goes on"
    os.close(ended)
    assert not folder.exists()
    with data_folder(tmp_path) as lock, private.durable(program, tmp_path, lock) as server:
        assert rows(server) == 1


def test_a_port_that_somebody_takes_first_is_given_up(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        taken = somebody.getsockname()[1]
        ports = iter([taken, private._free_port()])
        monkeypatch.setattr(private, "_free_port", lambda: next(ports))
        with private.throw_away(program) as server:
            assert server.url.port != taken
            assert value(server, "1") == 1


@pytest.mark.parametrize("version", ["1.0.0", "999.0.0"])
def test_data_of_another_major_version_are_refused(program: Program, tmp_path: Path, version: str) -> None:
    write_stamp(tmp_path, Stamp("private", program.flavour, version))
    with (
        data_folder(tmp_path) as lock,
        pytest.raises(SourceUnavailableError),
        private.durable(program, tmp_path, lock),
    ):
        pass


def test_a_server_that_does_not_start_shows_its_log(program: Program, tmp_path: Path) -> None:
    write_stamp(tmp_path, Stamp("private", program.flavour, program.version))
    (tmp_path / "data").mkdir()
    with (
        data_folder(tmp_path) as lock,
        pytest.raises(SourceUnavailableError, match=r"did not start\. Its log ends:\n(.*\n)*.*ERROR"),
        private.durable(program, tmp_path, lock),
    ):
        pass


def test_a_server_that_runs_already_is_used_by_its_address(program: Program) -> None:
    with private.throw_away(program) as server:
        address = server.url.set(database="mysql").render_as_string(hide_password=False)
        with running_server(url=address) as given:
            assert (given.url, given.flavour) == (server.url, server.flavour)
        other: Flavour = "mariadb" if server.flavour == "mysql" else "mysql"
        with pytest.raises(NoDatabaseServerError, match="is M"), running_server(url=address, flavour=other):
            pass


@pytest.fixture(scope="module")
def image() -> str:
    """Returns an image that exists here or can be fetched."""
    name = os.environ.get("MYSQL_IMAGE", "mysql:8.4")
    try:
        with containers._engine_with(name):
            return name
    except SourceUnavailableError as reason:
        pytest.skip(str(reason))


def test_a_throw_away_container_answers(image: str) -> None:
    with running_server(image=image) as server:
        assert server.origin == f"Docker, {image}"
        assert value(server, "@@time_zone") == "+00:00"


def test_a_durable_container_keeps_rows(image: str, tmp_path: Path) -> None:
    for count in (1, 2):
        with running_server(image=image, data=tmp_path) as server:
            add_row(server)
            assert rows(server) == count
    engine = docker.from_env()
    engine.volumes.get(server.origin.split()[-1]).remove()
    engine.close()


def test_an_image_that_cannot_be_had_is_said_in_one_line(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    with (
        pytest.raises(SourceUnavailableError, match="localhost:1/none"),
        containers.throw_away("localhost:1/none:1"),
    ):
        pass
    assert capsys.readouterr().err.startswith("Downloading the Docker image localhost:1/none:1.")
