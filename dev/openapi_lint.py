"""Checks openapi.json against the rules of Spectral and Redocly: `make openapi-lint`."""

import os
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from dev.mysql.folders import cache_folder, made_once
from dev.openapi_file import FILE

RULES = FILE.parent / "clients" / "lint"
_PACKAGES = ("package.json", "package-lock.json")
# Without these settings, Redocly sends usage statistics and looks for newer releases.
_QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


class LintersMissingError(Exception):
    """The linters cannot be installed; the message says why."""


def findings(document: Path) -> str:
    """Returns what both linters find wrong, as text for people, which is empty when they find nothing.

    Raises LintersMissingError. The packages are installed once for each package-lock.json, in the cache folder.
    """
    programs = _installed() / "node_modules" / ".bin"
    linters: tuple[tuple[str | Path, ...], ...] = (
        (programs / "spectral", "lint", "--quiet", "--fail-severity=hint", "--ruleset", RULES / ".spectral.yaml"),
        (programs / "redocly", "lint", "--config", RULES / "redocly.yaml"),
    )
    running = [
        subprocess.Popen(
            [*linter, document],
            env=os.environ | _QUIET,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for linter in linters
    ]
    outputs = [linter.communicate()[0] for linter in running]
    return "\n".join(output for linter, output in zip(running, outputs, strict=True) if linter.returncode)


def _installed() -> Path:
    lock = sha256((RULES / "package-lock.json").read_bytes()).hexdigest()[:16]
    return made_once(cache_folder() / f"openapi-lint-{lock}", _install)


def _install(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise LintersMissingError("The linters of openapi.json need Node.js 20 or later with npm on the PATH.")
    folder.mkdir()
    for name in _PACKAGES:
        shutil.copy(RULES / name, folder)
    # The only script of any package reports the installation to its makers, so scripts are not run.
    command = [npm, "ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    ran = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if ran.returncode:
        raise LintersMissingError(f"npm could not install the linters of openapi.json: {ran.stdout.strip()}")


def main() -> int:
    try:
        found = findings(FILE)
    except LintersMissingError as error:
        print(error, file=sys.stderr)
        return 1
    print(found or "Spectral and Redocly find nothing wrong in openapi.json.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
