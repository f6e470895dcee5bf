"""The kinds of messages that docs/events.md promises."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from lambda_function.domain.appointment import EventAction, Status, Step
from lambda_function.domain.messages import kind_of, rfc3339

CONTRACT = (Path(__file__).parents[3] / "docs" / "events.md").read_text()


@pytest.mark.parametrize("action", EventAction)
def test_every_action_has_a_kind_of_its_own_in_the_contract(action: EventAction) -> None:
    rows = [line for line in CONTRACT.splitlines() if line.startswith(f"| `{kind_of(action, Status.BOOKED)}` | ")]
    assert len(rows) == 1
    assert f"| `{action}`" in rows[0]


def test_every_step_is_an_action_of_the_history() -> None:
    assert {str(step) for step in Step} <= set(EventAction)


def test_a_request_does_not_pass_for_a_booking() -> None:
    assert kind_of(EventAction.BOOK, Status.REQUESTED) == "appointment.requested"
    assert kind_of(EventAction.MOVE, Status.REQUESTED) == "appointment.moved"


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2030, 1, 8, 15, 0, tzinfo=UTC), "2030-01-08T15:00:00Z"),
        (datetime(2030, 1, 8, 10, 0, 0, 5, tzinfo=timezone(timedelta(hours=-5))), "2030-01-08T15:00:00.000005Z"),
    ],
)
def test_instants_are_told_in_utc(instant: datetime, text: str) -> None:
    assert rfc3339(instant) == text
