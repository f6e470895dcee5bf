"""One transaction. Leaving it without a commit rolls it back. Nothing else in the project commits."""

import secrets
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TypeVar

from sqlalchemy import Engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from lambda_function.db import scoping
from lambda_function.db.errors import is_contention, is_unavailable
from lambda_function.domain.actor import Actor
from lambda_function.domain.appointment import Via
from lambda_function.domain.errors import ContentionError, DomainError, UnavailableError
from lambda_function.observability import count

RETRIES = 3
# There is no new attempt after this many seconds, because its lock waits could outlive the function.
RETRY_WINDOW = 12.0

# The system's generator, because clones of one snapshot share the state of `random` and would wait equally long.
_RANDOM = secrets.SystemRandom()

Clock = Callable[[], datetime]
_Result = TypeVar("_Result")


class UnitOfWork:
    """`now` (aware UTC) is the one current time for the whole transaction. `freed_in` are the clinics in which it has
    freed time that somebody may wait for. Offers of this time are made after the transaction. `via` is how the actor
    came here, for the history.
    """

    def __init__(self, session: Session, now: datetime) -> None:
        self.session = session
        self.now = now
        self.freed_in: set[int] = set()
        self.via: Via | None = None
        self._actor: Actor | None = None

    @property
    def today(self) -> date:
        """The day in UTC."""
        return self.now.astimezone(UTC).date()

    @property
    def actor(self) -> Actor:
        if self._actor is None:
            raise RuntimeError("this unit of work has no actor yet")
        return self._actor

    @property
    def actor_id(self) -> int | None:
        """The user who acts. It is None for operators and for the system, which are not API users."""
        return self._actor.user_id if self._actor is not None and self._actor.is_user else None

    def act_as(self, actor: Actor, via: Via | None = None) -> None:
        """Limits the session to what the actor may see, from here on."""
        self._actor, self.via = actor, via
        scoping.act_as(self.session, actor)


def _sessions_of(engine: Engine) -> "sessionmaker[Session]":
    sessions = sessionmaker(engine, expire_on_commit=False)
    event.listen(sessions, "do_orm_execute", scoping.scope)
    return sessions


class Database:
    """Runs units of work over one engine. It can be built before the database exists. Errors call it `name`."""

    def __init__(self, engine: Engine, clock: Clock, name: str = "The database") -> None:
        self._name = name
        self._clock = clock
        self._sessions = _sessions_of(engine)
        self._snapshots = _sessions_of(engine.execution_options(isolation_level="REPEATABLE READ"))

    def transact(
        self,
        run: Callable[[UnitOfWork], _Result],
        *,
        commit: bool = True,
        snapshot: bool = False,
        retries: int = RETRIES,
    ) -> _Result:
        """Returns the result of `run`, which is committed, or rolled back with `commit=False` for reads.

        With `snapshot`, all its reads see the database as it was at the first of them. Nobody waits for that, but it
        sets the isolation of the connection, which would pin a connection of the proxy: no request may use it.

        After a deadlock or a lock wait timeout the whole runs again, at most `retries` times, in a new session and at a
        new `now`. Then it raises ContentionError. It raises UnavailableError if the database is away. An error of `run`
        rolls back and passes through, except that a refusal with `commits_writes` commits what was written before it.
        """
        started = time.monotonic()
        for attempt in range(retries + 1):
            try:
                return self._once(run, commit=commit, snapshot=snapshot)
            except (SQLAlchemyError, ContentionError) as error:
                if is_unavailable(error):
                    raise UnavailableError(f"{self._name} is away.") from error
                if not (isinstance(error, ContentionError) or is_contention(error)):
                    raise
                count("TransactionRetried")
                if attempt == retries or time.monotonic() - started > RETRY_WINDOW:
                    if isinstance(error, ContentionError):
                        raise
                    raise ContentionError("Other requests are changing the same data; try again.") from error
            # Losers of the same deadlock must not meet again at the same instant.
            time.sleep(_RANDOM.uniform(0.0, 0.02 * 2**attempt))
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _once(self, run: Callable[[UnitOfWork], _Result], *, commit: bool, snapshot: bool) -> _Result:
        sessions = self._snapshots if snapshot else self._sessions
        with sessions() as session:
            try:
                result = run(UnitOfWork(session, self._clock()))
            except DomainError as refusal:
                if commit and refusal.commits_writes:
                    session.commit()
                raise
            if commit:
                session.commit()
            return result
