"""Waiting until other transactions have come to a lock. It needs neither sleeps nor timed waits, which end at the wrong
time under a moved clock.
"""

import time
from collections.abc import Callable

from sqlalchemy import URL, text

from tests.servers import plain_engine

_PATIENCE_SECONDS = 30


def lock_waiters(url: URL, statement: str = "SELECT%FOR UPDATE") -> int:
    """Counts the connections to the database that run a statement LIKE this one. A statement that takes a lock ends at
    once unless it has to wait. innodb_trx is not used, because the server does not renew it for clients that read it
    often.
    """
    asking = text(
        "SELECT COUNT(*) FROM information_schema.processlist"
        " WHERE db = :name AND info LIKE :statement AND id <> CONNECTION_ID()"
    )
    with plain_engine(url).connect() as connection:
        return int(connection.execute(asking, {"name": url.database, "statement": statement}).scalar_one())


def until(condition: Callable[[], bool]) -> None:
    """Returns as soon as the condition holds."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it does not come to that"
