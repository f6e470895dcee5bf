"""Runs every two seconds what a schedule runs every minute on AWS: `python -m dev.schedules`, started by dev.run."""

import io
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

from dev.children import end_with_parent
from dev.lambda_context import LambdaContext
from lambda_function.domain.errors import DomainError

_SECONDS = 2
_TIMEOUT_SECONDS = 55

Handler = Callable[[dict[str, Any], Any], Any]


def run(handler: Handler, pause: Callable[[float], None]) -> None:
    """Repeats the call until the program is ended. If the database is away, a later run does the work."""
    while True:
        try:
            # Its metrics would fill the log here without any use; the logger writes to another stream.
            with redirect_stdout(io.StringIO()):
                handler({}, LambdaContext("waitlist", _TIMEOUT_SECONDS))
        except DomainError as error:
            print(f"Not this time: {error}", flush=True)
        pause(_SECONDS)


def main() -> None:
    # Importing it reads the settings that dev.run has put into the environment.
    from lambda_function.entrypoints.waitlist import handler  # noqa: PLC0415 - see above

    # Between two runs nothing can tell that there is work: on AWS the scheduler waits, here this does.
    run(handler, time.sleep)


if __name__ == "__main__":
    end_with_parent()
    main()
