"""A server from the archive of the distribution, Debian or Ubuntu, without root and without installing it.

The packages come from the archive that the machine trusts already, by apt with state folders of its own, and
are unpacked into the cache. With them comes the C library that they were built for, so that the machine's own
may be older.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

from dev.mysql.apt_sources import Archive, archives
from dev.mysql.folders import cache_folder, made_once
from dev.mysql.programs import Program, inspect
from dev.mysql.server import NAMES, Flavour, SourceFailedError, SourceUnavailableError

_APT: Final = Path("/etc/apt")
_PROGRAMS: Final[dict[Flavour, tuple[str, ...]]] = {
    "mysql": ("usr/sbin/mysqld",),
    "mariadb": ("usr/sbin/mariadbd", "usr/bin/my_print_defaults", "usr/bin/resolveip"),
}
# Only scripts that we do not run want Perl, which is half of the download.
_NEEDLESS: Final = ("perl", "libperl")
_NEEDLESS_FOLDERS: Final = ("usr/share/doc", "usr/share/locale", "usr/share/man")
_LAUNCHER: Final = """\
#!/bin/sh
# Runs the program with the C library that it was built for.
root=${{0%/usr/*}}
exec "$root/{loader}" --library-path "{libraries}" "$root/{program}" "$@"
"""


def program(flavour: Flavour) -> Program:
    """The server of this flavour, fetched on first use."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise SourceUnavailableError("There is no apt-get here to fetch a server with.")
    architecture = _output("dpkg", "--print-architecture").strip()
    root = cache_folder() / "packages" / f"{flavour}-{architecture}"
    made_once(root, partial(_install, flavour, architecture))
    found = inspect(root / _PROGRAMS[flavour][0], root / "usr")
    if found is None:
        raise SourceFailedError(f"The server in {root} does not run. Remove that folder and try again.")
    return found


def sources(found: list[Archive], flavour: Flavour) -> str:
    """The sources to fetch from. Debian has MySQL in unstable only, whatever the release of the machine."""
    own = [archive for archive in found if archive.distribution == found[0].distribution] if found else []
    if not own:
        raise SourceUnavailableError(f"{_APT} names no archive of Debian or Ubuntu to fetch a server from.")
    if flavour == "mysql" and own[0].distribution == "debian":
        return own[0].stanza(["sid"])
    return "".join(archive.stanza() for archive in own)


def server_package(names: list[str]) -> str:
    """The name without a version when there is one, else the latest."""
    return min(names, key=lambda name: (name[-1].isdigit(), [-int(part) for part in _numbers(name)]))


def _numbers(name: str) -> list[str]:
    last = name.rpartition("-")[2]
    return last.split(".") if last[0].isdigit() else []


def _install(flavour: Flavour, architecture: str, root: Path) -> None:
    source = sources(archives(_APT, architecture), flavour)
    place = f"from your distribution's archive into {root.parent}"
    print(f"Downloading {NAMES[flavour]} {place}. This happens once and may take some minutes.", file=sys.stderr)
    root.mkdir()
    with tempfile.TemporaryDirectory(dir=root) as state:
        apt = _Apt(Path(state), architecture, source)
        for package in apt.fetch(flavour):
            _output("dpkg-deb", "--extract", str(package), str(root))
    for folder in _NEEDLESS_FOLDERS:
        shutil.rmtree(root / folder, ignore_errors=True)
    for name in _PROGRAMS[flavour]:
        _launch_with_own_library(root, Path(name))
    if inspect(root / _PROGRAMS[flavour][0]) is None:
        raise SourceFailedError(f"The {NAMES[flavour]} of the distribution's archive does not run here.")


def _launch_with_own_library(root: Path, program: Path) -> None:
    """Put a launcher in the place of a program."""
    loader = next(path for path in sorted(root.rglob("ld-linux-*.so.*")) if not path.is_symlink())
    folders = [path for parent in ("lib", "usr/lib") for path in root.glob(f"{parent}/*-linux-gnu")]
    moved = Path("usr/libexec") / program.name  # as deep as before, for what it finds relative to itself
    (root / moved).parent.mkdir(exist_ok=True)
    (root / program).rename(root / moved)
    launcher = _LAUNCHER.format(
        loader=loader.relative_to(root),
        libraries=":".join(f"$root/{folder.relative_to(root)}" for folder in folders),
        program=moved,
    )
    (root / program).write_text(launcher)
    (root / program).chmod(0o755)


class _Apt:
    """apt with lists, cache and package database of its own, in a folder that is removed afterwards. It keeps
    the machine's keyrings and its ways to the network, and runs none of its hooks.
    """

    def __init__(self, state: Path, architecture: str, source: str) -> None:
        self._state = state
        for folder in ("lists/partial", "cache/archives/partial", "packages"):
            (state / folder).mkdir(parents=True)
        (state / "status").touch()  # nothing is installed: so the C library counts as a dependency too
        (state / "own.sources").write_text(source)
        network = [
            line
            for line in _output("apt-config", "dump").splitlines()
            if line.startswith("Acquire::") and not line.startswith("Acquire::IndexTargets")
        ]
        (state / "apt.conf").write_text("\n".join([*network, *self._configuration(architecture), ""]))

    def _configuration(self, architecture: str) -> list[str]:
        folder = self._state
        return [
            f'APT::Architecture "{architecture}";',
            f'APT::Architectures {{ "{architecture}"; }};',
            'APT::Install-Recommends "false";',
            'APT::Sandbox::User "root";',  # root's cache is closed to the user that apt would change to
            'Acquire::Languages "none";',
            'Dir::Etc::main "/dev/null";',
            'Dir::Etc::parts "/dev/null";',
            'Dir::Etc::preferences "/dev/null";',
            'Dir::Etc::preferencesparts "/dev/null";',
            'Dir::Etc::sourceparts "/dev/null";',
            f'Dir::Etc::sourcelist "{folder}/own.sources";',
            f'Dir::State "{folder}/";',
            f'Dir::State::lists "{folder}/lists/";',
            f'Dir::State::status "{folder}/status";',
            f'Dir::Cache "{folder}/cache/";',
            f'Dir::Cache::archives "{folder}/cache/archives/";',
        ]

    def fetch(self, flavour: Flavour) -> list[Path]:
        """Download the server and all that it needs."""
        self._run("apt-get", "--quiet=2", "update")
        pattern = rf"^{flavour}-server-core(-[0-9.]+)?$"
        names = [line.split()[0] for line in self._run("apt-cache", "search", "--names-only", pattern).splitlines()]
        if not names:
            raise SourceUnavailableError(f"The distribution's archive has no {NAMES[flavour]} server.")
        wanted = [server_package(names)]
        if flavour == "mariadb":
            wanted.append(wanted[0].replace("server", "client"))  # its installer needs a program of the client's
        plan = self._run("apt-get", "--simulate", "install", *wanted)
        packages = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
        needed = [name for name in packages if not name.startswith(_NEEDLESS)]
        self._run("apt-get", "--quiet=2", "download", *needed)
        return sorted((self._state / "packages").glob("*.deb"))

    def _run(self, *command: str) -> str:
        return _output(*command, cwd=self._state / "packages", config=self._state / "apt.conf")


def _output(*command: str, cwd: Path | None = None, config: Path | None = None) -> str:
    environment = os.environ | {"LC_ALL": "C"} | ({"APT_CONFIG": str(config)} if config else {})
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=environment)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise SourceFailedError(f"{command[0]} could not fetch the server: {said[-1]}")
    return done.stdout
