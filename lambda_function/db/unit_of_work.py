"""One transaction: leaving the block without `commit` rolls it back. Nothing else in the project commits."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session, sessionmaker

from lambda_function.db import scoping
from lambda_function.domain.actor import Actor


class UnitOfWork:
    """`now` (aware UTC) is the one time that everything in the transaction goes by."""

    def __init__(self, session: Session, now: datetime) -> None:
        self.session = session
        self.now = now
        self._actor: Actor | None = None

    @property
    def actor(self) -> Actor:
        if self._actor is None:
            raise RuntimeError("this unit of work has no actor yet")
        return self._actor

    def act_as(self, actor: Actor) -> None:
        """From here on the session shows what the actor may see."""
        self._actor = actor
        scoping.act_as(self.session, actor)

    def commit(self) -> None:
        self.session.commit()


class Database:
    """Hands out units of work over one engine. Safe to build before the database is there."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._sessions = sessionmaker(engine, expire_on_commit=False)
        event.listen(self._sessions, "do_orm_execute", scoping.scope)

    @contextmanager
    def begin(self, now: datetime) -> Iterator[UnitOfWork]:
        with self._sessions() as session:
            yield UnitOfWork(session, now)
