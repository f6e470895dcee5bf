"""The packages that `make run` installs, and an environment in which programs find no others."""

import os
from functools import cache
from importlib.metadata import packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_ROOT = Path(__file__).resolve().parents[2]
_INCLUDED = "-r "


@cache
def environment() -> dict[str, str]:
    """Returns our own environment, in which each Python finds only the packages of requirements-run.txt."""
    return os.environ | {
        "PYTHONPATH": str(Path(__file__).with_name("hiding_packages")),
        "HIDDEN_PACKAGES": " ".join(sorted(_hidden())),
    }


def _hidden() -> set[str]:
    """Returns the top-level modules that belong to no package for running."""
    needed = _with_what_they_need(_requirements(_ROOT / "requirements-run.txt"))
    providers = packages_distributions().items()
    return {module for module, names in providers if needed.isdisjoint(map(canonicalize_name, names))}


def _requirements(file: Path) -> list[Requirement]:
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    included = [file.with_name(line.removeprefix(_INCLUDED)) for line in lines if line.startswith(_INCLUDED)]
    own = [Requirement(line) for line in lines if not line.startswith(_INCLUDED)]
    return [*own, *(each for other in included for each in _requirements(other))]


def _with_what_they_need(requirements: list[Requirement]) -> set[str]:
    """Returns the names of all packages that pip would install for them here."""
    found: set[tuple[str, str]] = set()
    waiting = list(requirements)
    while waiting:
        requirement = waiting.pop()
        for extra in ("", *requirement.extras):
            if (key := (canonicalize_name(requirement.name), extra)) in found:
                continue
            found.add(key)
            needs = [Requirement(line) for line in requires(requirement.name) or ()]
            waiting += [need for need in needs if need.marker is None or need.marker.evaluate({"extra": extra})]
    return {name for name, _ in found}
