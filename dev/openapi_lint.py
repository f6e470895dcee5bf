"""Checks openapi.json against the rules of Spectral and Redocly: `make openapi-lint`."""

import os
import subprocess
import sys
from pathlib import Path

from dev.npm import PackagesMissingError, installed
from dev.openapi_file import FILE

RULES = FILE.parent / "clients" / "lint"
# Without these settings, Redocly sends usage statistics and looks for newer releases.
_QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def findings(document: Path) -> str:
    """Returns what both linters find wrong, as text for people, which is empty when they find nothing.

    Raises PackagesMissingError.
    """
    programs = installed(RULES) / "node_modules" / ".bin"
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


def main() -> int:
    try:
        found = findings(FILE)
    except PackagesMissingError as error:
        print(error, file=sys.stderr)
        return 1
    print(found or "Spectral and Redocly find nothing wrong in openapi.json.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
