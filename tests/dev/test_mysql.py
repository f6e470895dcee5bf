"""The parts of dev.mysql that do not need a server."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dev.mysql import NoDatabaseServerError, choose, programs, running_server
from dev.mysql.apt_sources import archives
from dev.mysql.archive import server_package, sources
from dev.mysql.folders import Stamp, copy_sparse, data_folder, made_once, read_stamp, write_stamp
from dev.mysql.programs import on_path, parse_version, series
from dev.mysql.server import SourceUnavailableError

DEBIAN = """\
# comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""
SOMEBODY_ELSE = """\
Types: deb
URIs: https://packages.example/12.1/debian
Suites: bookworm
Components: main
Signed-By: /etc/apt/keyrings/somebody.gpg

Enabled: no
Types: deb
URIs: http://mirror.example/debian
Suites: trixie
Components: main
"""
UBUNTU = """\
deb-src http://mirror.example/ubuntu noble main
deb [arch=amd64,i386 signed-by=/usr/share/keyrings/ubuntu-archive-keyring.gpg] http://mirror.example/ubuntu/ noble main universe # own
deb [arch=amd64] http://mirror.example/ubuntu/ noble-updates main universe multiverse
deb [arch=arm64] http://ports.example/ubuntu-ports noble main universe
deb http://mirror.example/ubuntu/ noble-backports main
deb http://mirror.example/somebody/ubuntu-tools noble main
"""  # noqa: E501 - lines as they stand in such files


def machine(folder: Path, **files: str) -> Path:
    (folder / "sources.list.d").mkdir()
    for name, text in files.items():
        path = "sources.list" if name == "classic" else f"sources.list.d/{name}.sources"
        (folder / path).write_text(text)
    return folder


def test_debians_own_archive_is_found_among_others(tmp_path: Path) -> None:
    found = archives(machine(tmp_path, a_somebody=SOMEBODY_ELSE, debian=DEBIAN), "amd64")

    assert [(archive.distribution, archive.uri, archive.suites, archive.components) for archive in found] == [
        ("debian", "http://mirror.example/debian", ("bookworm", "bookworm-updates"), ("main",))
    ]


def test_on_debian_mysql_comes_from_unstable_of_the_same_archive(tmp_path: Path) -> None:
    found = archives(machine(tmp_path, debian=DEBIAN), "amd64")

    assert sources(found, "mysql") == (
        "Types: deb\n"
        "Uris: http://mirror.example/debian\n"
        "Suites: sid\n"
        "Components: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n"
    )
    assert "Suites: bookworm bookworm-updates\n" in sources(found, "mariadb")


@pytest.mark.parametrize(
    ("architecture", "addresses"),
    [
        ("amd64", ["http://mirror.example/ubuntu/", "http://mirror.example/ubuntu/"]),
        ("arm64", ["http://ports.example/ubuntu-ports"]),
    ],
)
def test_ubuntus_own_archive_depends_on_the_architecture(
    tmp_path: Path, architecture: str, addresses: list[str]
) -> None:
    found = archives(machine(tmp_path, classic=UBUNTU), architecture)

    assert [archive.uri for archive in found] == addresses
    assert all(archive.distribution == "ubuntu" for archive in found)
    assert "Suites: noble\n" in sources(found, "mysql")


def test_a_key_within_a_stanza_is_kept_whole(tmp_path: Path) -> None:
    text = "Types: deb\nURIs: http://mirror.example/debian\nSuites: sid\nComponents: main\nTrusted:\n yes\n ~\n"

    (found,) = archives(machine(tmp_path, own=text), "arm64")

    assert "Trusted: \n yes\n ~\n" in found.stanza()


def test_a_machine_without_such_an_archive_is_no_source() -> None:
    with pytest.raises(SourceUnavailableError, match="names no archive"):
        sources([], "mysql")


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["mysql-server-core-8.0", "mysql-server-core-8.4"], "mysql-server-core-8.4"),
        (["mariadb-server-core-10.6", "mariadb-server-core-10.11"], "mariadb-server-core-10.11"),
        (["mysql-server-core-8.0", "mysql-server-core"], "mysql-server-core"),
    ],
)
def test_the_package_without_a_version_or_the_latest(names: list[str], chosen: str) -> None:
    assert server_package(names) == chosen


@pytest.mark.parametrize(
    ("answer", "flavour", "version"),
    [
        ("/usr/sbin/mysqld  Ver 8.0.41-0ubuntu0.24.04.1 for Linux on x86_64 ((Ubuntu))", "mysql", "8.0.41"),
        ("mysqld  Ver 9.7.0 for Linux on aarch64 (Source distribution)", "mysql", "9.7.0"),
        ("mysqld  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64", "mariadb", "10.11.19"),
    ],
)
def test_a_program_is_what_its_version_says(answer: str, flavour: str, version: str) -> None:
    program = parse_version(Path("mysqld"), answer)

    assert program
    assert (program.flavour, program.version) == (flavour, version)


def test_a_program_that_answers_otherwise_is_no_server() -> None:
    assert parse_version(Path("mysqld"), "not found") is None


def test_servers_are_compared_by_numbers() -> None:
    assert series("10.11.19") > series("10.6.2")


def program_that_says(path: Path, version: str) -> None:
    path.write_text(f"#!/bin/sh\necho 'mysqld  Ver {version} for Linux'\n")
    path.chmod(0o755)


def test_programs_on_the_path_are_told_apart_by_what_they_say(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    for folder in (first, second):
        folder.mkdir()
    program_that_says(first / "mysqld", "10.11.2-MariaDB")
    (first / "mariadbd").symlink_to("mysqld")
    program_that_says(second / "mysqld", "8.4.3")

    assert [program.flavour for program in on_path(None, f"{first}{os.pathsep}{second}")] == ["mariadb"]
    assert list(on_path("mysql", str(first))) == []
    assert [program.version for program in on_path("mysql", str(second))] == ["8.4.3"]


def test_a_folder_is_made_once_however_many_want_it(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(part: Path) -> None:
        made.append(part)
        part.mkdir()

    with ThreadPoolExecutor(4) as pool:
        folders = list(pool.map(lambda _: made_once(tmp_path / "cache" / "it", make), range(4)))

    assert folders == [tmp_path / "cache" / "it"] * 4
    assert len(made) == 1


def test_a_folder_half_made_is_made_again(tmp_path: Path) -> None:
    def fail(part: Path) -> None:
        (part / "half").mkdir(parents=True)
        raise SourceUnavailableError

    with pytest.raises(SourceUnavailableError):
        made_once(tmp_path / "it", fail)
    assert not (tmp_path / "it").exists()

    made_once(tmp_path / "it", Path.mkdir)
    assert list((tmp_path / "it").iterdir()) == []


def test_a_sparse_copy_has_the_same_bytes_in_fewer_blocks(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    content = bytes(1 << 20) + b"x" + bytes(1 << 20)
    (tmp_path / "source" / "file").write_bytes(content)

    copy_sparse(tmp_path / "source", tmp_path / "target")

    copy = tmp_path / "target" / "file"
    assert copy.read_bytes() == content
    assert copy.stat().st_blocks * 512 < len(content) // 2


def test_a_stamp_is_read_as_written(tmp_path: Path) -> None:
    assert read_stamp(tmp_path) is None
    stamp = Stamp("private", "mysql", "9.7.4")

    write_stamp(tmp_path, stamp)

    assert read_stamp(tmp_path) == stamp


def test_a_data_folder_belongs_to_one_server_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dev.mysql.folders._SECONDS_TO_WAIT", 0)
    with (
        data_folder(tmp_path),
        pytest.raises(NoDatabaseServerError, match="Another database server is running"),
        running_server(data=tmp_path),
    ):
        pass


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with nothing on the PATH and without a Docker engine."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "_FOLDERS", ())


def test_where_nothing_is_to_be_had_a_person_is_told_what_to_do(bare_machine: None) -> None:
    with pytest.raises(NoDatabaseServerError) as error, running_server():
        pass

    assert "start Docker" in str(error.value)
    assert "apt-get install default-mysql-server-core" in str(error.value)
    assert "No Docker engine is running." in str(error.value)


def test_data_stay_with_the_source_that_made_them(bare_machine: None, tmp_path: Path) -> None:
    write_stamp(tmp_path, Stamp("docker", "mysql", "mysql:8.4"))

    with pytest.raises(NoDatabaseServerError, match=r"was made by Docker, mysql:8\.4"), running_server(data=tmp_path):
        pass


def test_data_of_the_other_flavour_are_refused(bare_machine: None, tmp_path: Path) -> None:
    write_stamp(tmp_path, Stamp("private", "mysql", "9.7.4"))

    with (
        pytest.raises(NoDatabaseServerError, match=r"MySQL 9\.7\.4, which MariaDB cannot open"),
        running_server(data=tmp_path, flavour="mariadb"),
    ):
        pass


def test_an_address_that_does_not_answer_is_not_replaced_by_another_server() -> None:
    with pytest.raises(NoDatabaseServerError, match="the address given"), running_server(url="mysql://a@127.0.0.1:1"):
        pass


def test_the_order_of_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker comes first, then the PATH, then the archive. Existing data is only opened by
    the server that made them.
    """
    program_that_says(tmp_path / "mysqld", "8.4.3")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "_FOLDERS", ())

    def count(stamp: Stamp | None) -> int:
        return len(list(choose._durable("mysql:8.4", tmp_path, 0, stamp, None)))

    assert count(None) == len(list(choose._throw_away("mysql:8.4", None))) == 3
    assert count(Stamp("docker", "mysql", "mysql:8.4")) == 1
    assert count(Stamp("private", "mysql", "8.4.3")) == 2
