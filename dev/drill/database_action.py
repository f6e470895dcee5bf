"""What RDS does on a server of MySQL: `python -m dev.drill.database_action ACTION`, with its arguments as JSON on
standard input. The emulator calls this, because its own Python has no driver for MySQL.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import sqlalchemy
from sqlalchemy.engine import Connection

CA_FILE: Final = "ca.pem"
_ADMINISTRATOR: Final = "administrator"
_OWN_USERS: Final = ("root", _ADMINISTRATOR, "mysql.sys", "mysql.session", "mysql.infoschema")
_OWN_DATABASES: Final = ("mysql", "sys", "information_schema", "performance_schema")
# What RDS gives its master: neither SUPER nor FILE, SHUTDOWN or CREATE TABLESPACE.
_RIGHTS_OF_THE_MASTER: Final = (
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES, "
    "CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW, "
    "CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER, APPLICATION_PASSWORD_ADMIN, ROLE_ADMIN"
)


def connect(url: str, ca_file: Path) -> Connection:
    engine = sqlalchemy.create_engine(
        url,
        poolclass=sqlalchemy.NullPool,
        isolation_level="AUTOCOMMIT",
        execution_options={"no_parameters": True},  # so that a % in a statement is one
        connect_args={"ssl": {"ca": str(ca_file), "check_hostname": True}},
    )
    return engine.connect()


def run(connection: Connection, statement: str) -> list[tuple[str, ...]]:
    """Runs the statement as it is, without parameters."""
    answer = connection.exec_driver_sql(statement)
    return [tuple(row) for row in answer] if answer.returns_rows else []


def create_database(server: Connection, database: str) -> None:
    if database:
        run(server, f"CREATE DATABASE `{database}`")


def set_master(server: Connection, username: str, password: str) -> None:
    run(server, f"CREATE USER IF NOT EXISTS '{username}'@'%'")
    run(server, f"ALTER USER '{username}'@'%' IDENTIFIED BY '{password}'")
    run(server, f"GRANT {_RIGHTS_OF_THE_MASTER} ON *.* TO '{username}'@'%' WITH GRANT OPTION")


def clear(server: Connection) -> None:
    for database in _databases(server):
        run(server, f"DROP DATABASE `{database}`")
    for user in _users(server):
        run(server, f"DROP USER {user}")


def copy(server: Connection, source: str) -> None:
    """Copies databases, users and rights of another server, as they are at this moment."""
    with connect(source, _ca_file()) as original:
        run(original, "SET SESSION print_identified_with_as_hex = ON")
        run(original, "START TRANSACTION WITH CONSISTENT SNAPSHOT")
        run(server, "SET SESSION foreign_key_checks = OFF")
        for database in _databases(original):
            run(server, run(original, f"SHOW CREATE DATABASE `{database}`")[0][1])
            for (table,) in run(original, f"SHOW TABLES IN `{database}`"):
                _copy_table(original, server, database, table)
        for user in _users(original):
            run(server, run(original, f"SHOW CREATE USER {user}")[0][0])
            for (grant,) in run(original, f"SHOW GRANTS FOR {user}"):
                run(server, grant)


def _copy_table(original: Connection, server: Connection, database: str, table: str) -> None:
    run(server, f"USE `{database}`")
    run(server, run(original, f"SHOW CREATE TABLE `{database}`.`{table}`")[0][1])
    stored = run(
        original,
        "SELECT column_name FROM information_schema.columns WHERE generation_expression = '' "  # noqa: S608 - the same
        f"AND table_schema = '{database}' AND table_name = '{table}' ORDER BY ordinal_position",
    )
    columns = ", ".join(f"`{name}`" for (name,) in stored)
    rows = run(original, f"SELECT {columns} FROM `{database}`.`{table}`")  # noqa: S608 - names from the server itself
    if rows:
        values = ", ".join(["%s"] * len(stored))
        server.exec_driver_sql(f"INSERT INTO `{table}` ({columns}) VALUES ({values})", rows)  # noqa: S608 - the same


def _databases(server: Connection) -> list[str]:
    return [name for (name,) in run(server, "SHOW DATABASES") if name not in _OWN_DATABASES]


def _users(server: Connection) -> list[str]:
    users = run(server, "SELECT user, host FROM mysql.user")
    return [f"'{user}'@'{host}'" for user, host in users if user not in _OWN_USERS]


def _ca_file() -> Path:
    return Path(os.environ["DRILL_STATE"]) / CA_FILE


ACTIONS: Final[dict[str, Callable[..., None]]] = {
    "create-database": create_database,
    "set-master": set_master,
    "clear": clear,
    "copy": copy,
}


def main() -> None:
    arguments = json.load(sys.stdin)
    with connect(arguments.pop("server"), _ca_file()) as server:
        ACTIONS[sys.argv[1]](server, **arguments)


if __name__ == "__main__":
    main()
