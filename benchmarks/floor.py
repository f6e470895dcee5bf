"""The floor of a request: PyMySQL alone sends the statements that the handler has sent.

The steps are recorded where SQLAlchemy passes them to PyMySQL: statements with parameters, commits and rollbacks.
Replaying them costs only what the server, the network and the driver cost: the rows are fetched and thrown away.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event

if TYPE_CHECKING:
    import pymysql

COMMIT, ROLLBACK = "COMMIT", "ROLLBACK"
_NEW_APPOINTMENT = "INSERT INTO appointment "


@dataclass(frozen=True, slots=True)
class Step:
    """One call of PyMySQL. `many` holds the parameter sets of one `executemany`."""

    sql: str
    parameters: Any = None
    many: bool = False


@contextmanager
def recorded(engine: Engine) -> Iterator[list[Step]]:
    """Records the steps that the engine takes while the block runs, without the pool's ping."""
    steps: list[Step] = []

    def execute(*arguments: Any) -> None:
        _connection, _cursor, sql, parameters, _context, many = arguments
        steps.append(Step(sql, parameters, many))

    def commit(connection: Any) -> None:
        steps.append(Step(COMMIT))

    def rollback(connection: Any) -> None:
        steps.append(Step(ROLLBACK))

    listeners: dict[str, Callable[..., None]] = {
        "before_cursor_execute": execute,
        "commit": commit,
        "rollback": rollback,
    }
    for name, listener in listeners.items():
        event.listen(engine, name, listener)
    try:
        yield steps
    finally:
        for name, listener in listeners.items():
            event.remove(engine, name, listener)


def replay(connection: "pymysql.Connection[Any]", steps: list[Step]) -> None:
    """Repeats the steps on an open connection. An appointment that they insert gets a new id, which the rows inserted
    with it refer to.
    """
    appointment_id = None
    with connection.cursor() as cursor:
        for step in steps:
            if step.sql == COMMIT:
                connection.commit()
            elif step.sql == ROLLBACK:
                connection.rollback()
            else:
                if appointment_id is not None:
                    for row in step.parameters if step.many else [step.parameters]:
                        row["appointment_id"] = appointment_id
                (cursor.executemany if step.many else cursor.execute)(step.sql, step.parameters)
                cursor.fetchall()
                if step.sql.startswith(_NEW_APPOINTMENT):
                    appointment_id = cursor.lastrowid


def moved(steps: list[Step], recorded_start: datetime, start: datetime) -> list[Step]:
    """Returns the steps of the same booking at another time. Every instant within a day of the recorded start moves
    with it, so the steps must not hold any other instant of that day.
    """

    def move(value: Any) -> Any:
        match value:
            case dict():
                return {name: move(item) for name, item in value.items()}
            case list():
                return [move(item) for item in value]
            case datetime():
                distance = value - recorded_start.replace(tzinfo=None)
                return start.replace(tzinfo=None) + distance if abs(distance) < timedelta(days=1) else value
            case str():
                return value.replace(recorded_start.isoformat(), start.isoformat())
        return value

    return [replace(step, parameters=move(step.parameters)) for step in steps]
