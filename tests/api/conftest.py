"""Fixtures of the tests that go through the handler."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import URL, Connection, Engine, event, insert, text

from lambda_function.api.app import create_app
from lambda_function.db.base import Base
from lambda_function.db.models import Guardian, Patient, User
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.actor import Role
from tests.api.desk import Desk
from tests.api_client import ApiClient
from tests.clock import NOW, Clock
from tests.factories import Practice
from tests.servers import empty_tables, plain_engine

Fingerprint = Callable[[], tuple[Any, ...]]


@pytest.fixture
def desk(client: ApiClient, practice: Practice) -> Desk:
    return Desk(client, practice)


@pytest.fixture
def guardian(desk: Desk) -> None:
    """Adds a guardian of pat and of 19 others."""
    practice = desk.practice
    guardian_id = practice.add_patient("guardian", clinics=(1,)).user_id
    names = [f"child{number}" for number in range(1, 20)]
    columns = {"user_type": Role.PATIENT, "created_at": NOW, "updated_at": NOW}
    practice.session.execute(insert(User), [{"user_name": name, "full_name": name, **columns} for name in names])
    practice.session.commit()
    ids = practice.ids
    practice.session.execute(insert(Patient), [{"user_id": ids[name]} for name in names])
    given = {"guardian_id": guardian_id, "created_by": ids["rita"], "created_at": NOW}
    rows = [{"patient_id": ids[name], **given} for name in ("pat", *names)]
    practice.session.execute(insert(Guardian), rows)
    practice.session.commit()


class Statements:
    """The statements that the application's engine has sent since the last `clear`, with each COMMIT."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def clear(self) -> None:
        self.sent.clear()

    def __len__(self) -> int:
        return len(self.sent)


@pytest.fixture
def statements(engine: Engine) -> Iterator[Statements]:
    seen = Statements()

    def execute(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.sent.append(statement)

    def commit(_connection: Connection) -> None:
        seen.sent.append("COMMIT")

    event.listen(engine, "before_cursor_execute", execute)
    event.listen(engine, "commit", commit)
    yield seen
    event.remove(engine, "before_cursor_execute", execute)
    event.remove(engine, "commit", commit)


@pytest.fixture(scope="session")
def fingerprint(migrated_url: URL) -> Iterator[Fingerprint]:
    """Returns checksums of all tables, which are equal before and after if nothing was written to any of them."""
    tables = ", ".join(f"`{table.name}`" for table in Base.metadata.sorted_tables)
    with plain_engine(migrated_url).connect() as connection:

        def checksums() -> tuple[Any, ...]:
            rows = tuple(tuple(row) for row in connection.execute(text(f"CHECKSUM TABLE {tables}")))
            connection.rollback()
            return rows

        yield checksums


@pytest.fixture(scope="module")
def module_desk(migrated_url: URL, engine: Engine) -> Iterator[Desk]:
    """The demo practice, loaded once for a module whose tests do not disturb each other. It cannot be used with
    `client`.
    """
    with Practice.open(migrated_url) as practice:
        yield Desk(ApiClient(create_app(Database(engine, Clock(NOW)))), practice)
    empty_tables(migrated_url)
