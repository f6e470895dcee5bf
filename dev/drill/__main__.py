"""Runs the drill: `python -m dev.drill`."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from dev import stops
from dev.drill import blocks, databases, emulator, rights, shell, workplace
from dev.drill.blocks import Block
from dev.drill.by_hand import ACTIONS, Scene
from dev.drill.emulator import EmulatorError
from dev.drill.leftovers import inventory
from dev.drill.rights import RightsError
from dev.drill.shell import BlockError, Shell
from dev.mysql import NoDatabaseServerError
from dev.package import PackageError, lambda_target
from dev.stack import StackError, locked

DOCUMENT: Final = Path("docs/operations.md")
REGION: Final = "eu-west-1"  # of terraform/environments/prod.tfvars
_SECONDS: Final = 1800  # a drill that takes longer hangs
# What `invoke` prints when a function failed: it exits with 0 all the same.
_FAILURES: Final = ('"FunctionError"', '"ok": false', '"ok":false')


def main() -> int:
    stops.listen()
    begun = time.monotonic()
    try:
        with locked(workplace.FOLDER, "drill"), scene() as (place, session):
            document = blocks.read(place.folder / DOCUMENT)
            record = Path(place.environment["DRILL_STATE"]) / rights.RECORD
            try:
                run(document, place, session, begun + _SECONDS)
            except BlockError as error:
                raise BlockError("\n".join([str(error), *rights.refusals(record)])) from error
            rights.check(record)
    except (BlockError, EmulatorError, NoDatabaseServerError, PackageError, RightsError, StackError) as error:
        print(error, file=sys.stderr)
        return 1
    except stops.Stopped:
        return 130
    print("\n".join(account(document)))
    print(f"The drill took {time.monotonic() - begun:.0f} s.")
    return 0


@contextmanager
def scene() -> Iterator[tuple[Scene, Shell]]:
    """Starts the databases, the emulator, and a bash in a fresh copy of the project; stops them at the end."""
    tools = emulator.prepare(workplace.FOLDER / "venv", lambda_target().python)
    with ExitStack() as stack:
        state = workplace.emptied("state")
        stack.callback(shutil.rmtree, state, ignore_errors=True)
        stack.enter_context(databases.running(state, REGION))
        emulated = stack.enter_context(emulator.running(tools, state, sys.executable, REGION))
        folder, logs = workplace.copied_project(), workplace.emptied("log")
        for name in ("emulator.log", rights.RECORD):
            (state / name).touch()
            stack.callback(shutil.copy, state / name, logs)
        environment = workplace.environment(emulated, state)
        yield Scene(folder, environment), stack.enter_context(shell.running(folder, environment, logs))


def run(document: list[Block], place: Scene, session: Shell, deadline: float) -> None:
    """Runs the blocks. Raises BlockError for the first that fails, or if the last of them leave something behind."""
    before = inventory(place.environment)
    for block in document:
        if block.reason_not_to_run is None:
            begun = time.monotonic()
            _run_block(block, place, session, deadline)
            print(f"{time.monotonic() - begun:6.1f} s  {block.title}", flush=True)
    if left := inventory(place.environment) - before:
        raise BlockError("\n  ".join(["This is left behind:", *sorted(left)]))


def _run_block(block: Block, place: Scene, session: Shell, deadline: float) -> None:
    try:
        done = [ACTIONS[name](place) for name in block.marks.get("first", ())]
        commands = "".join([*(each.commands for each in done), block.text])
        output = session.run(commands, "".join(each.typed for each in done), deadline)
    except BlockError as error:
        raise BlockError(f"{block.title}\n{error}") from error
    except subprocess.CalledProcessError as error:
        raise BlockError(f"{block.title}\n{error}\n{error.stderr}") from error
    if any(text in output for text in _FAILURES):
        raise BlockError(f"{block.title}\nA function failed:\n{output}")
    for text in block.marks.get("shows", ()):
        if text not in output:
            raise BlockError(f"{block.title}\n{text!r} is not in the output:\n{output}")


def account(document: list[Block]) -> list[str]:
    """Returns lines that say how many blocks ran, and which did not and why."""
    skipped = [block for block in document if block.reason_not_to_run is not None]
    lines = [f"{len(document) - len(skipped)} blocks were run, and {len(skipped)} were not:"]
    return [*lines, *(f"  {block.title}\n    {block.reason_not_to_run}" for block in skipped)]


if __name__ == "__main__":
    sys.exit(main())
