"""`make run` installs only the packages of requirements-run.txt, so what it runs must not need others. The stack of the
tests runs without others as well (see running_stack.py).
"""

import subprocess
import sys

from tests.architecture.source import ROOT, modules
from tests.dev import packages


def importing(*names: str) -> "subprocess.CompletedProcess[str]":
    program = "".join(f"import {name}\n" for name in names)
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=packages.environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_package_for_tests_is_hidden() -> None:
    done = importing("pytest")
    assert done.returncode == 1
    assert "ModuleNotFoundError: No package of requirements-run.txt has the module pytest." in done.stderr


def test_every_module_of_the_local_stack_needs_only_the_packages_for_running() -> None:
    drill = "dev/drill/"  # runs with all packages, and its emulator in a Python of its own
    paths = [module.path for module in modules("dev") if not module.path.startswith(drill)]
    names = [path.removesuffix(".py").replace("/", ".") for path in paths]
    done = importing(*(name.removesuffix(".__init__") for name in names))
    assert done.returncode == 0, done.stderr
