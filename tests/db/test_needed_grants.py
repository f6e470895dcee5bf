"""Rights that nothing needs are found by tests/needed_grants.py, at the end of a complete run only."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import URL, select
from sqlalchemy.orm import Session

from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.grants import APP_RIGHTS
from lambda_function.db.models import Chair
from lambda_function.db.repositories.claims import lock_chair
from lambda_function.db.scoping import UNSCOPED
from tests.needed_grants import Grant, NeededGrants, Statements, grants, needed_grants
from tests.servers import is_mariadb

CHAIR = {"chair": "SELECT, INSERT, UPDATE"}


@pytest.fixture
def statements() -> Statements:
    return Statements()


@pytest.fixture
def session(app_url: URL, statements: Statements) -> Iterator[Session]:
    engine = build_engine(UrlCredentials(app_url), tls=None)
    statements.watch(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


def test_a_lock_needs_reading_and_changing_but_not_adding(
    session: Session, statements: Statements, migrated_url: URL, app_url: URL
) -> None:
    if is_mariadb(migrated_url):
        pytest.skip("MariaDB lets everybody who may read a row lock it")
    lock_chair(session, 1)
    session.rollback()
    assert needed_grants(migrated_url, app_url, statements, CHAIR) == {
        Grant("chair", "SELECT"),
        Grant("chair", "UPDATE"),
    }


def test_what_a_test_sends_itself_needs_nothing(
    session: Session, statements: Statements, migrated_url: URL, app_url: URL
) -> None:
    session.execute(select(Chair.chair_id), execution_options=UNSCOPED)
    session.rollback()
    assert needed_grants(migrated_url, app_url, statements, CHAIR) == set()


def test_rights_on_columns_are_looked_at_one_by_one() -> None:
    assert list(grants({"appointment_event": "SELECT, UPDATE (reason, changes)"})) == [
        Grant("appointment_event", "SELECT"),
        Grant("appointment_event", "UPDATE (reason)"),
        Grant("appointment_event", "UPDATE (changes)"),
    ]


def _run(**options: Any) -> Any:
    """Returns a session of pytest that ended well, with these options of its command line."""
    usual = {"lf": False, "ignore": None, "ignore_glob": None, "collectonly": False}
    source = options.pop("args_source", pytest.Config.ArgsSource.TESTPATHS)
    config = SimpleNamespace(option=SimpleNamespace(**usual | options), args_source=source)
    return SimpleNamespace(config=config, exitstatus=pytest.ExitCode.OK)


def _finish(run: Any, *, deselected: bool = False) -> list[Grant]:
    """Ends a run in which everything but reading chairs was needed."""
    plugin = NeededGrants()
    plugin.needed = set(grants(APP_RIGHTS)) - {Grant("chair", "SELECT")}
    if deselected:
        plugin.pytest_deselected([])
    plugin.pytest_sessionfinish(run, run.exitstatus)
    return plugin.unneeded


def test_a_complete_run_fails_with_a_right_that_nothing_needs() -> None:
    run = _run()
    assert _finish(run) == [Grant("chair", "SELECT")]
    assert run.exitstatus == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize(
    "options", [{"args_source": pytest.Config.ArgsSource.ARGS}, {"lf": True}, {"ignore": ["tests/api"]}]
)
def test_a_run_of_some_tests_says_nothing_about_rights(options: dict[str, Any]) -> None:
    run = _run(**options)
    assert _finish(run) == []
    assert run.exitstatus == pytest.ExitCode.OK


def test_a_run_from_which_tests_were_deselected_says_nothing_about_rights() -> None:
    assert _finish(_run(), deselected=True) == []
