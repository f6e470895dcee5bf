"""Packages of npm, installed from a lock file into the cache folder."""

import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

from dev.mysql.folders import cache_folder, made_once

_FILES = ("package.json", "package-lock.json")


class PackagesMissingError(Exception):
    """The packages cannot be installed; the message says why."""


def installed(folder: Path) -> Path:
    """Returns a folder with the packages of the package-lock.json in `folder`, below `node_modules`. They are installed
    once for each lock file. Raises PackagesMissingError.
    """
    lock = sha256((folder / "package-lock.json").read_bytes()).hexdigest()[:16]
    return made_once(cache_folder() / f"npm-{lock}", lambda made: _install(folder, made))


def _install(source: Path, made: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise PackagesMissingError(f"The packages of {source.name} need Node.js 20 or later with npm on the PATH.")
    made.mkdir()
    for name in _FILES:
        shutil.copy(source / name, made)
    # Scripts are not run: the only one of any package reports the installation to its makers.
    command = [npm, "ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    ran = subprocess.run(command, cwd=made, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if ran.returncode:
        raise PackagesMissingError(f"npm could not install the packages of {source.name}: {ran.stdout.strip()}")
