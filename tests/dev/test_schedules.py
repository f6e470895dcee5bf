"""The local stack's schedule."""

from typing import Any

import pytest

from dev import schedules
from lambda_function.domain.errors import UnavailableError
from tests.dev.running_stack import RunningStack


class Stopped(Exception):  # noqa: N818 - not an error
    """Somebody stops the schedule."""


def test_it_runs_again_and_again_even_when_the_database_is_away(capsys: pytest.CaptureFixture[str]) -> None:
    outcomes: list[Exception | None] = [None, UnavailableError("The database is away."), None]
    left: list[int] = []
    pauses: list[float] = []

    def handler(_event: dict[str, Any], context: Any) -> None:
        left.append(context.get_remaining_time_in_millis())
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if not outcomes:
            raise Stopped

    with pytest.raises(Stopped):
        schedules.run(handler, pause)

    assert pauses == [2, 2, 2]
    assert all(milliseconds > 50_000 for milliseconds in left)
    assert capsys.readouterr().out == "Not this time: The database is away.\n"


def test_the_stack_runs_it(stack: RunningStack) -> None:
    assert (stack.folder / "schedules.log").read_text() == ""
