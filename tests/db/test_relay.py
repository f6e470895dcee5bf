"""From the outbox to the bus to a queue: everything arrives at least once, nothing is lost,
and little arrives twice.
"""

import json
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import URL, insert, text

from lambda_function.aws.events import EventBridge
from lambda_function.db.models import OutboxMessage
from lambda_function.db.repositories.outbox import purge_published
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.errors import UnavailableError
from lambda_function.services.bus import Message
from lambda_function.services.relay import BATCH, RESERVE, NotPublishedError, relay
from tests.api.desk import Desk, at
from tests.api_client import ApiClient
from tests.bus import Delivery
from tests.clock import NOW, Clock
from tests.db.races import Clients
from tests.factories import Practice
from tests.servers import plain_engine

CONTRACT = (Path(__file__).parents[2] / "docs" / "events.md").read_text()
KIND = "appointment.booked"


def plenty() -> float:
    return 60.0


@pytest.fixture
def gauges(capsys: pytest.CaptureFixture[str]) -> Callable[[], dict[str, float]]:
    """Returns the metrics written since the last call."""

    def read() -> dict[str, float]:
        found = {}
        for line in capsys.readouterr().out.splitlines():
            written = json.loads(line)
            for metric in written.get("_aws", {}).get("CloudWatchMetrics", []):
                name = metric["Metrics"][0]["Name"]
                found[name] = written[name][0]
        return found

    return read


class Outbox:
    """The rows of the outbox, without the application."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self._engine = plain_engine(url)

    def write(self, number: int, **columns: Any) -> list[int]:
        """Writes this many messages and returns their ids."""
        row = {"kind": KIND, "detail": {"appointment_id": 1}, "created_at": NOW, **columns}
        with self._engine.begin() as connection:
            return [connection.execute(insert(OutboxMessage), row).lastrowid for _ in range(number)]

    def waiting(self) -> list[int]:
        statement = text("SELECT outbox_id FROM outbox WHERE published_at IS NULL ORDER BY outbox_id")
        with self._engine.connect() as connection:
            return list(connection.scalars(statement))

    def size(self) -> int:
        with self._engine.connect() as connection:
            return int(connection.scalar(text("SELECT COUNT(*) FROM outbox")) or 0)


@pytest.fixture
def rows(database_url: URL) -> Outbox:
    return Outbox(database_url)


def test_everything_is_published_once_and_the_oldest_first(
    database: Database, rows: Outbox, delivery: Delivery
) -> None:
    written = rows.write(2 * BATCH + 5)

    assert relay(database, delivery.bus, plenty) == len(written)
    assert delivery.ids() == written
    assert rows.waiting() == []
    assert relay(database, delivery.bus, plenty) == 0
    assert delivery.ids() == []


def test_what_arrives_is_what_the_contract_says(
    practice: Practice, client: ApiClient, database: Database, delivery: Delivery
) -> None:
    desk = Desk(client, practice)
    visit = desk.booked("rita", at("15:00", "2030-01-21"))["appointment_id"]
    change = {"starts_at": at("16:00", "2030-01-21")}
    assert client.call("rita", "PATCH", f"/appointments/{visit}", change).status == 200

    assert relay(database, delivery.bus, plenty) == 2

    example = json.loads(str(re.search(r"```json\n(.+?)```", CONTRACT, re.DOTALL)[1]))  # type: ignore[index]
    booked, moved = delivery.received()
    assert moved.keys() >= example.keys()
    assert (moved["source"], moved["detail-type"]) == (example["source"], example["detail-type"])
    for event in (booked, moved):
        assert event["detail"].keys() == example["detail"].keys()
    assert {name: type(value) for name, value in moved["detail"].items()} == {
        name: type(value) for name, value in example["detail"].items()
    }
    assert [event["detail"]["version"] for event in (booked, moved)] == [1, 2]
    assert booked["detail"]["from_status"] is None


class Meeting:
    """A bus that two relays reach at the same time: each waits until the other also has its batch."""

    def __init__(self, bus: EventBridge, barrier: Barrier) -> None:
        self._bus = bus
        self._barrier = barrier

    def publish(self, messages: Sequence[Message]) -> set[int]:
        self._barrier.wait(timeout=20)
        return self._bus.publish(messages)


def test_two_relays_at_once_publish_nothing_twice(database_url: URL, rows: Outbox, delivery: Delivery) -> None:
    written = rows.write(2 * BATCH)
    clients, barrier = Clients(database_url), Barrier(2)

    def job(database: Database) -> str:
        return str(relay(database, Meeting(delivery.bus, barrier), plenty))

    try:
        answers = clients.at_once([job, job])
    finally:
        clients.close()

    assert answers == [str(BATCH), str(BATCH)]
    assert sorted(delivery.ids()) == written
    assert rows.waiting() == []


class Crash:
    """A bus after which the connection to the database breaks, so that nothing can be marked as sent."""

    def __init__(self, bus: EventBridge, url: URL) -> None:
        self._bus = bus
        self._engine = plain_engine(url)
        self._database = url.database

    def publish(self, messages: Sequence[Message]) -> set[int]:
        taken = self._bus.publish(messages)
        others = text("SELECT id FROM information_schema.processlist WHERE db = :name AND id <> CONNECTION_ID()")
        with self._engine.connect() as connection:
            for number in connection.scalars(others, {"name": self._database}).all():
                connection.execute(text(f"KILL {number}"))
        return taken


def test_what_was_published_but_not_marked_comes_again_with_the_same_ids(
    database: Database, rows: Outbox, delivery: Delivery
) -> None:
    written = rows.write(3)

    with pytest.raises(UnavailableError):
        relay(database, Crash(delivery.bus, rows.url), plenty)

    assert delivery.ids() == written
    assert rows.waiting() == written
    assert relay(database, delivery.bus, plenty) == 3
    assert delivery.ids() == written
    assert rows.waiting() == []


def test_refused_messages_stay_and_keep_nobody_back(
    database: Database,
    rows: Outbox,
    delivery: Delivery,
    gauges: Callable[[], dict[str, float]],
) -> None:
    before, refused, after = rows.write(1), rows.write(2, kind=""), rows.write(BATCH)

    with pytest.raises(NotPublishedError, match="2 messages"):
        relay(database, delivery.bus, plenty)

    assert delivery.ids() == before + after
    assert rows.waiting() == refused
    written = gauges()
    assert (written["OutboxRefused"], written["OutboxPublished"]) == (2, BATCH + 1)


def test_without_its_bus_everything_stays_and_the_run_is_an_error(
    database: Database,
    rows: Outbox,
    delivery: Delivery,
    clock: Clock,
    gauges: Callable[[], dict[str, float]],
) -> None:
    written = rows.write(2 * BATCH)
    clock.advance(minutes=5)
    delivery.close_bus()

    with pytest.raises(NotPublishedError):
        relay(database, delivery.bus, plenty)

    assert rows.waiting() == written
    # One batch is enough to find out.
    assert gauges() == {"OutboxRefused": BATCH, "OutboxPublished": 0, "OutboxLagSeconds": 300}


def test_what_commits_late_with_a_lower_id_is_neither_waited_for_nor_lost(
    database: Database, rows: Outbox, delivery: Delivery
) -> None:
    values = {"kind": KIND, "detail": {}, "created_at": NOW}
    with plain_engine(rows.url).connect() as booking:
        late = booking.execute(insert(OutboxMessage), values).lastrowid
        [early] = rows.write(1)
        assert late < early

        assert relay(database, delivery.bus, plenty) == 1
        assert delivery.ids() == [early]
        booking.commit()

    assert relay(database, delivery.bus, plenty) == 1
    assert delivery.ids() == [late]


def test_a_relay_at_work_keeps_nobody_from_booking(
    practice: Practice, client: ApiClient, database_url: URL, rows: Outbox, delivery: Delivery
) -> None:
    """The booking is made while the relay holds its batch."""
    desk, clients = Desk(client, practice), Clients(database_url)
    rows.write(2)

    class Busy:
        def publish(self, messages: Sequence[Message]) -> set[int]:
            desk.booked("rita", at("15:00"))
            return delivery.bus.publish(messages)

    try:
        assert relay(clients.databases[0], Busy(), plenty) == 2
    finally:
        clients.close()
    assert len(rows.waiting()) == 1


def test_a_run_ends_before_its_time_does(database: Database, rows: Outbox, delivery: Delivery) -> None:
    written = rows.write(2 * BATCH)
    left = iter([RESERVE + 1, RESERVE])

    assert relay(database, delivery.bus, lambda: next(left)) == BATCH
    assert delivery.ids() == written[:BATCH]
    assert rows.waiting() == written[BATCH:]


def test_the_age_of_the_oldest_that_waits_is_told_also_by_an_idle_run(
    database: Database,
    rows: Outbox,
    delivery: Delivery,
    clock: Clock,
    gauges: Callable[[], dict[str, float]],
) -> None:
    clock.advance(seconds=90)
    relay(database, delivery.bus, plenty)
    assert gauges() == {"OutboxPublished": 0, "OutboxLagSeconds": 0}

    rows.write(1)
    relay(database, delivery.bus, lambda: 0.0)
    assert gauges() == {"OutboxPublished": 0, "OutboxLagSeconds": 90}

    relay(database, delivery.bus, plenty)
    assert gauges() == {"OutboxPublished": 1, "OutboxLagSeconds": 0}


def test_old_published_messages_are_purged_so_many_at_a_time(database: Database, rows: Outbox) -> None:
    rows.write(5, published_at=NOW - timedelta(days=8))
    rows.write(1, published_at=NOW - timedelta(days=7))
    rows.write(1, created_at=NOW - timedelta(days=30))
    before = NOW - timedelta(days=7)

    purged = [database.transact(lambda work: purge_published(work.session, before, 3)) for _ in range(3)]

    assert purged == [3, 2, 0]
    assert rows.size() == 2
