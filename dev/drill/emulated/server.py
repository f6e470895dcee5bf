"""Starts MiniStack with mends: `python -m dev.drill.emulated.server`, see dev/drill/emulator.py.

Each mend replaces a function of the pinned MiniStack, or a row of one of its tables, so that an update which renames
one fails at the start. A mend is a function without arguments in MENDS; that of rights.py mends nothing, but watches.
Everything else is set by environment variables: MiniStack's own, and DRILL_STATE, the folder that the drill shares.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from ministack.app import main
from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.services import lambda_svc

from dev.drill.emulated import (
    buses,
    database_service,
    deployments,
    mails,
    packages,
    queues,
    rights,
    schedules,
    secret_rotation,
    triggers,
)


def count_as_tls() -> None:
    """The emulator speaks plain HTTP on the loopback; on AWS, everybody comes by TLS, and policies deny the rest."""
    resolve = iam_evaluator._resolve_condition_key

    def resolving(key: str, context: Any) -> Any:
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    iam_evaluator._resolve_condition_key = resolving


def find_the_package() -> None:
    """Lambda unpacks a package into /var/task, MiniStack into the folder in which the function runs."""
    start = lambda_runtime.Worker.__init__

    def starting(worker: Any, name: str, configuration: dict[str, Any], package: bytes) -> None:
        given = configuration.get("Environment", {}).get("Variables", {})
        variables = {key: value.removeprefix("/var/task/") for key, value in given.items()}
        start(worker, name, {**configuration, "Environment": {"Variables": variables}}, package)

    lambda_runtime.Worker.__init__ = starting


def reserve_executions() -> None:
    """Versions and aliases have the function's reserved executions, none of them if that is 0; MiniStack forgets it."""

    def reserved(record: Any, configuration: dict[str, Any]) -> int | None:
        function = lambda_svc._functions.get(configuration["FunctionName"]) or {}
        return None if function.get("concurrency") is None else int(function["concurrency"])

    lambda_svc._reserved_concurrency = reserved


def name_the_version() -> None:
    """AWS asks policies for the version or the alias that is called, MiniStack for the function alone."""
    resource = iam_actions.extract_resource_arn

    def resource_of(service: str, *request: Any) -> str:
        found: str = resource(service, *request)
        [qualifier] = request[4].get("Qualifier", [""])  # after method, path, headers and body comes the query
        return f"{found}:{qualifier}" if service == "lambda" and qualifier else found

    iam_actions.extract_resource_arn = resource_of


MENDS: tuple[Callable[[], None], ...] = (
    count_as_tls,
    find_the_package,
    reserve_executions,
    name_the_version,
    secret_rotation.mend,
    database_service.mend,
    packages.mend,
    deployments.mend,
    triggers.mend,
    mails.mend,
    queues.mend,
    buses.mend,
    schedules.mend,
    rights.mend,
)


def end_with_parent() -> None:
    """Kills this process and the workers of the functions as soon as standard input ends, however the drill ended."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    end_with_parent()
    for mend in MENDS:
        mend()
    main()
