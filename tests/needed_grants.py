"""Which rights of db/grants.py the application needs, judged by the database server itself.

The tests run as the application's user, so a right that is missing fails them. This is the other direction: each worker
keeps one example of every kind of statement that the application sent. At its end, when its tables are empty, it takes
one right at a time away from the user, sends the examples again, and rolls them back. The server knows best which
rights they need: that locking a row needs UPDATE or DELETE, for example. A right without which no worker's examples
were refused is needed by nothing, and fails a complete run.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import DBAPIError

from lambda_function.db.grants import APP_RIGHTS
from tests.servers import is_mariadb, plain_engine

# The server's errors for a right on a table, and on a column, that the user does not have.
REFUSED = frozenset({1142, 1143})

_KEY = "needed_grants"
_RIGHT = re.compile(r"([A-Z]+)(?: \(([a-z_, ]+)\))?")
_VALUES = re.compile(r"%s(?:, %s)+")
_ROWS = re.compile(r"\(%s\)(?:, \(%s\))+")
_TABLES = re.compile(r"SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH")


class Grant(NamedTuple):
    """One right on one table, or on one of its columns: `UPDATE (reason)`."""

    table: str
    right: str


def grants(rights: Mapping[str, str]) -> Iterator[Grant]:
    for table, granted in rights.items():
        for verb, columns in _RIGHT.findall(granted):
            yield from (Grant(table, f"{verb} ({column})") for column in columns.split(", ") if column)
            if not columns:
                yield Grant(table, verb)


class Statements:
    """One example of each kind of statement that `lambda_function` sends through an engine."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._examples: dict[str, str] = {}

    def watch(self, engine: Engine) -> None:
        event.listen(engine, "before_cursor_execute", self._keep)

    def of(self, table: str) -> list[str]:
        name = re.compile(rf"\b{table}\b")
        return [example for kind, example in self._examples.items() if name.search(kind)]

    def _keep(self, *call: Any) -> None:
        _, cursor, statement, parameters, _, many = call
        if statement in self._known or not _TABLES.match(statement) or not _sent_by_the_application():
            return
        self._known.add(statement)
        kind = _ROWS.sub("(%s)", _VALUES.sub("%s", statement))
        if kind not in self._examples:
            self._examples[kind] = cursor.mogrify(statement, parameters[0] if many else parameters)


def _sent_by_the_application() -> bool:
    """Returns whether the function that called SQLAlchemy is the application's, and not a test's."""
    frame = sys._getframe(2)
    while frame.f_back and frame.f_globals["__name__"].partition(".")[0] == "sqlalchemy":
        frame = frame.f_back
    caller: str = frame.f_globals["__name__"]
    return caller.startswith("lambda_function.")


def needed_grants(
    administrator: URL, application: URL, statements: Statements, rights: Mapping[str, str] = APP_RIGHTS
) -> set[Grant]:
    """Returns the rights of the application's user without which the server refuses one of the statements."""
    user = f"'{application.username}'@'%%'"
    needed = set()
    with plain_engine(administrator).connect() as manage, plain_engine(application).connect() as ask:
        for grant in grants(rights):
            on = f"{grant.right} ON `{application.database}`.`{grant.table}`"
            manage.exec_driver_sql(f"REVOKE {on} FROM {user}")
            if any(_refused(ask, example) for example in statements.of(grant.table)):
                needed.add(grant)
            manage.exec_driver_sql(f"GRANT {on} TO {user}")
    return needed


def _refused(connection: Connection, statement: str) -> bool:
    try:
        connection.exec_driver_sql(statement.replace("%", "%%"))
    except DBAPIError as error:
        # Other errors, such as a row without its parent, come after the question of rights.
        return error.orig is not None and error.orig.args[0] in REFUSED
    finally:
        connection.rollback()
    return False


class NeededGrants:
    """Unites what the workers found, and fails a complete run that found rights which nothing needs."""

    def __init__(self) -> None:
        self.needed: set[Grant] = set()
        self.unneeded: list[Grant] = []
        self._partial = False

    def judge(self, administrator: URL, application: URL, statements: Statements) -> None:
        """Judges on MySQL only, because MariaDB lets everybody who may read a row lock it."""
        if is_mariadb(administrator):
            self._partial = True
        else:
            self.needed |= needed_grants(administrator, application, statements)

    def pytest_deselected(self, items: object) -> None:
        self._partial = True

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        found, partial = getattr(node, "workeroutput", {}).get(_KEY, ((), True))
        self.needed |= {Grant(*grant) for grant in found}
        self._partial |= partial

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        config = session.config
        if hasattr(config, "workeroutput"):
            config.workeroutput[_KEY] = ([tuple(grant) for grant in sorted(self.needed)], self._partial)
        elif exitstatus == pytest.ExitCode.OK and not self._partial and _is_complete(config):
            self.unneeded = sorted(set(grants(APP_RIGHTS)) - self.needed)
            if self.unneeded:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.unneeded:
            terminalreporter.section("rights that no statement of the application needs", red=True)
            for grant in self.unneeded:
                terminalreporter.line(f"{grant.right} on {grant.table}")
            terminalreporter.line("Take them out of lambda_function/db/grants.py.")


def _is_complete(config: pytest.Config) -> bool:
    """Returns whether nothing on the command line chose tests. Without pytest's cache there is no option `lf`."""
    options = config.option
    chosen = (getattr(options, "lf", False), options.ignore, options.ignore_glob, options.collectonly)
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not any(chosen)
