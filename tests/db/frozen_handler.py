"""A handler that freezes in the middle of a transaction: `python -m tests.db.frozen_handler URL`, with an event on
standard input.

It stops, as after SIGSTOP, once it holds a doctor's lock. When it is continued, it prints the status of its answer.
"""

import json
import os
import signal
import sys
from typing import Any

from sqlalchemy import event, make_url

from dev.lambda_context import LambdaContext
from lambda_function.api.app import create_app
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.unit_of_work import Database
from tests.clock import NOW, Clock

_frozen = False


def _freeze(connection: Any, cursor: Any, statement: str, *more: object) -> None:
    global _frozen  # noqa: PLW0603 - once in the life of this process
    if not _frozen and "FROM doctor" in statement and "FOR UPDATE" in statement:
        _frozen = True
        os.kill(os.getpid(), signal.SIGSTOP)


def main(url: str) -> None:
    os.environ["POWERTOOLS_SERVICE_NAME"] = "test"
    engine = build_engine(UrlCredentials(make_url(url)), tls=None)
    event.listen(engine, "after_cursor_execute", _freeze)
    api = create_app(Database(engine, Clock(NOW)))
    answer = api(json.load(sys.stdin), LambdaContext("api", 60))
    sys.stdout.write(json.dumps({"status": answer["statusCode"]}))


if __name__ == "__main__":
    main(sys.argv[1])
