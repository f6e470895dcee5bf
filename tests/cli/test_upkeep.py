"""`check` finds data that was corrupted by hand, and `purge` deletes only what is old."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from lambda_function.cli.command import Exit
from lambda_function.db.models import IdempotencyKey, Notification, OutboxMessage, SlotClaim
from lambda_function.domain.notifications import NotificationKind, NotificationStatus
from lambda_function.domain.people import Channel
from lambda_function.services.operators import checking, purging
from tests.api.desk import Desk, at, instant
from tests.api_client import ApiClient
from tests.cli.terminal import Terminal
from tests.clock import NOW, Clock
from tests.servers import plain_engine

CORRUPTIONS: dict[str, tuple[str, str]] = {
    "a slot too few": ("DELETE FROM slot_claim WHERE kind = 1 LIMIT 1", "another time than its own of its doctor"),
    "no claim of the patient": ("DELETE FROM slot_claim WHERE kind = 2", "claims no time of its patient"),
    "no claim at all": ("DELETE FROM slot_claim", "claims no time of its doctor and patient and chair"),
    "another's claim": ("UPDATE slot_claim SET resource_id = 99 WHERE kind = 3", "claims no time of its chair"),
    "one claim too many": (
        "INSERT INTO slot_claim SELECT 3, 99, slot_at, appointment_id FROM slot_claim WHERE kind = 1 LIMIT 1",
        "claims the time of another user",
    ),
    "a claim elsewhere": (
        "UPDATE slot_claim SET slot_at = slot_at + INTERVAL 1 DAY WHERE kind = 1 ORDER BY slot_at DESC LIMIT 1",
        "another time than its own of its doctor",
    ),
    "a slot too many": (
        """INSERT INTO slot_claim SELECT 1, resource_id, MAX(slot_at) + INTERVAL 5 MINUTE, appointment_id
        FROM slot_claim WHERE kind = 1 GROUP BY resource_id, appointment_id""",
        "another time than its own of its doctor",
    ),
    "moved without its claims": (
        "UPDATE appointment SET starts_at = starts_at + INTERVAL 1 HOUR, ends_at = ends_at + INTERVAL 1 HOUR",
        "another time than its own",
    ),
    "cancelled without its claims": ("UPDATE appointment SET status = 'CANCELLED'", "holds no time, but claims some"),
}
ORPHANS = {
    "an appointment": ("DELETE FROM appointment", "slot_claim"),
    "a treatment": ("DELETE FROM treatment WHERE treatment_id = 2", "doctor_treatment"),
    "a clinic": ("DELETE FROM clinic WHERE clinic_id = 2", "chair"),
    "a user": ("DELETE FROM user WHERE user_name = 'kim'", "patient"),
    "a chair": ("DELETE FROM chair WHERE clinic_id = 1", "appointment"),
}


@pytest.fixture
def desk(client: ApiClient, terminal: Terminal) -> Desk:
    return Desk(client, terminal.practice)


@pytest.fixture
def corrupt(terminal: Terminal) -> Callable[[str], None]:
    """Runs a statement that bypasses every check of the database."""

    def run(statement: str) -> None:
        with plain_engine(terminal.practice.url).begin() as connection:
            connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
            connection.execute(text(statement))

    return run


def found(terminal: Terminal) -> list[Any]:
    """Returns what `check` finds wrong, which must not be empty."""
    result = terminal.run("check", "--json")
    assert result.exit_code == Exit.REFUSED, result.output
    document = json.loads(result.stdout)
    assert document["ok"] is False
    return list(document["findings"])


def test_a_practice_at_work_agrees_with_itself(terminal: Terminal, desk: Desk) -> None:
    desk.booked("rita", at("15:00"), treatment=2)
    desk.cancelled("rita", desk.booked("rita", at("17:00"))["appointment_id"])
    desk.client.call(
        "rita",
        "PATCH",
        f"/appointments/{desk.booked('rita', at('18:00'))['appointment_id']}",
        {"starts_at": at("18:10")},
    )
    result = terminal.run("check")
    assert (result.exit_code, result.stdout, result.stderr) == (Exit.DONE, "Everything agrees.\n", "")
    assert terminal.done("check") == {"ok": True, "findings": []}


@pytest.mark.parametrize(("statement", "detail"), CORRUPTIONS.values(), ids=CORRUPTIONS.keys())
def test_claims_that_disagree_with_their_appointment_are_found(
    terminal: Terminal, desk: Desk, corrupt: Callable[[str], None], statement: str, detail: str
) -> None:
    visit = desk.booked("rita", at("15:00"), treatment=2)["appointment_id"]
    corrupt(statement)
    (finding,) = found(terminal)
    assert (finding["check"], finding["appointment_id"]) == ("claims", visit)
    assert detail in finding["detail"]


def test_each_of_many_is_looked_at(
    terminal: Terminal, desk: Desk, corrupt: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check reads chunks of two ids, and the last chunk is not full."""
    monkeypatch.setattr(checking, "CHUNK", 2)
    visits = [desk.booked("rita", at(f"{hour}:00"))["appointment_id"] for hour in range(14, 19)]
    corrupt("DELETE FROM slot_claim WHERE kind = 3")
    assert [finding["appointment_id"] for finding in found(terminal)] == visits


@pytest.fixture(params=[1, 3, 5000])
def in_chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "CHUNK", request.param)


@pytest.mark.usefixtures("in_chunks")
@pytest.mark.parametrize(("statement", "table"), ORPHANS.values(), ids=ORPHANS.keys())
def test_rows_that_refer_to_nothing_are_found(
    terminal: Terminal, desk: Desk, corrupt: Callable[[str], None], statement: str, table: str
) -> None:
    desk.booked("rita", at("15:00"))
    corrupt(statement)
    details = {finding["detail"] for finding in found(terminal) if finding["check"] == "orphan"}
    assert any(detail.startswith(f"A row of {table} refers to") for detail in details)


@pytest.mark.parametrize(
    ("statement", "user_name"),
    [
        ("DELETE FROM receptionist_clinic", "rita"),
        ("UPDATE user SET user_type = 2 WHERE user_name = 'kim'", "kim"),
        ("UPDATE user SET user_type = 1 WHERE user_name = 'drwu'", "drwu"),
    ],
)
def test_people_without_a_profile_are_found(
    terminal: Terminal, corrupt: Callable[[str], None], statement: str, user_name: str
) -> None:
    corrupt(statement)
    assert terminal.practice.ids[user_name] in {row["user_id"] for row in found(terminal) if row["check"] == "profile"}


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "", "America", "localtime", "america/lima"])
def test_a_zone_that_does_not_exist_is_found(terminal: Terminal, corrupt: Callable[[str], None], zone: str) -> None:
    corrupt(f"UPDATE clinic SET time_zone = '{zone}' WHERE clinic_id = 2")
    assert found(terminal) == [{"check": "time_zone", "detail": checking.UNKNOWN_ZONE, "clinic_id": 2}]


def test_a_schema_that_is_behind_is_found(terminal: Terminal, corrupt: Callable[[str], None]) -> None:
    with plain_engine(terminal.practice.url).connect() as connection:
        head = connection.scalar(text("SELECT version_num FROM alembic_version"))
    corrupt("UPDATE alembic_version SET version_num = '0001'")
    try:
        assert [finding["check"] for finding in found(terminal)] == ["revision"]
    finally:
        corrupt(f"UPDATE alembic_version SET version_num = '{head}'")


def test_a_person_reads_a_line_for_each_finding(terminal: Terminal, desk: Desk, corrupt: Callable[[str], None]) -> None:
    visit = desk.booked("rita", at("15:00"))["appointment_id"]
    corrupt("DELETE FROM slot_claim WHERE kind = 2")
    result = terminal.run("check")
    assert (result.stderr, result.exit_code) == ("", Exit.REFUSED)
    assert result.stdout == f"claims: appointment_id={visit} It claims no time of its patient.\n"


def test_a_check_costs_the_same_however_much_is_booked(terminal: Terminal, desk: Desk, engine: Engine) -> None:
    def statements() -> int:
        seen = []

        def see(*arguments: Any) -> None:
            seen.append(arguments[2])

        event.listen(engine, "before_cursor_execute", see)
        terminal.done("check")
        event.remove(engine, "before_cursor_execute", see)
        return len(seen)

    desk.booked("rita", at("13:00"))
    before = statements()
    for hour in range(14, 19):
        desk.booked("rita", at(f"{hour}:00"))
    assert statements() == before


def test_old_claims_go_and_others_stay(
    terminal: Terminal, desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "BATCH", 4)
    desk.booked("rita", at("15:00"))
    desk.booked("rita", at("15:00"), doctor="drwu", patient="kim")
    later = desk.booked("rita", at("15:00", "2030-01-09"))["appointment_id"]
    clock.now = instant("16:00") + timedelta(days=7)

    assert terminal.done("purge") == {
        "deleted": {
            "slot_claims": 36,
            "idempotency_keys": 0,
            "published_messages": 0,
            "link_codes": 0,
            "wrong_code_counts": 0,
            "notifications": 0,
        }
    }
    assert {row.appointment_id for row in terminal.practice.rows(SlotClaim)} == {later}
    assert terminal.done("check")["ok"]
    assert terminal.done("purge")["deleted"]["slot_claims"] == 0


def test_a_visit_that_ended_less_than_a_week_ago_keeps_what_is_left_of_it(
    terminal: Terminal, desk: Desk, clock: Clock
) -> None:
    desk.booked("rita", at("15:00"))
    clock.now = instant("15:12") + timedelta(days=7)
    assert terminal.done("purge")["deleted"]["slot_claims"] == 9
    assert terminal.done("check")["ok"]


def test_a_visit_whose_claims_are_not_purged_yet_agrees(terminal: Terminal, desk: Desk, clock: Clock) -> None:
    desk.booked("rita", at("15:00"))
    clock.now = instant("15:12") + timedelta(days=7)
    assert terminal.done("check")["ok"]


def test_keys_go_after_a_day(terminal: Terminal, desk: Desk, clock: Clock) -> None:
    for key, advance in (("old", 20), ("new", 5)):
        desk.client.post("pat", "/waitlist", _wish(key), headers={"Idempotency-Key": key})
        clock.advance(hours=advance)
    assert (
        terminal.run("purge").stdout
        == "Deleted: 0 slot claims, 1 idempotency keys, 0 published messages, 0 link codes, 0 wrong code counts, "
        "0 notifications.\n"
    )
    assert len(terminal.practice.rows(IdempotencyKey)) == 1


def test_messages_go_a_week_after_they_were_published(terminal: Terminal, desk: Desk, clock: Clock) -> None:
    for hour in ("15:00", "16:00", "17:00"):
        desk.booked("rita", at(hour))
    old, new, waiting = terminal.practice.rows(OutboxMessage)
    old.published_at, new.published_at = NOW, NOW + timedelta(days=1)
    terminal.practice.session.commit()
    clock.now = NOW + timedelta(days=7, seconds=1)

    assert terminal.done("purge")["deleted"]["published_messages"] == 1
    left = [row.outbox_id for row in terminal.practice.rows(OutboxMessage)]
    assert left == [new.outbox_id, waiting.outbox_id]


@pytest.mark.parametrize(
    ("columns", "wrong"),
    [
        ({"status": NotificationStatus.PENDING, "next_at": NOW}, 0),
        ({"status": NotificationStatus.PENDING}, 1),
        ({"status": NotificationStatus.PENDING, "next_at": NOW, "lease": "a" * 32}, 1),
        ({"status": NotificationStatus.SENDING, "next_at": NOW, "lease": "a" * 32}, 0),
        ({"status": NotificationStatus.SENDING, "next_at": NOW}, 1),
        ({"status": NotificationStatus.SENDING, "lease": "a" * 32}, 1),
        ({"status": NotificationStatus.SENT}, 0),
        ({"status": NotificationStatus.FAILED, "next_at": NOW}, 1),
        ({"status": NotificationStatus.SUPPRESSED, "lease": "a" * 32}, 1),
    ],
    ids=str,
)
def test_a_message_to_a_person_that_nothing_would_look_at_again_is_found(
    terminal: Terminal, columns: dict[str, Any], wrong: int
) -> None:
    message = Notification(
        kind=NotificationKind.BOOKED,
        channel=Channel.EMAIL,
        user_id=terminal.practice.ids["pat"],
        clinic_id=1,
        subject="change:1:BOOKED",
        basis_at=NOW,
        due_at=NOW,
        created_at=NOW,
        **columns,
    )
    terminal.practice.add(message)

    answer = json.loads(terminal.run("check", "--json").stdout)

    found = [finding["notification_id"] for finding in answer["findings"] if finding["check"] == "notification"]
    assert found == [message.notification_id] * wrong


def test_messages_to_people_go_400_days_after_they_were_due(terminal: Terminal, clock: Clock) -> None:
    ids = terminal.practice.ids
    message = {
        "kind": NotificationKind.BOOKED,
        "channel": Channel.EMAIL,
        "status": NotificationStatus.SENT,
        "user_id": ids["pat"],
        "clinic_id": 1,
        "basis_at": NOW,
        "created_at": NOW,
    }
    for number, days in ((1, 401), (2, 400), (3, 0)):
        terminal.practice.add(Notification(**message, subject=f"change:{number}", due_at=NOW - timedelta(days=days)))

    assert terminal.done("purge")["deleted"]["notifications"] == 1
    assert [row.subject for row in terminal.practice.rows(Notification)] == ["change:2", "change:3"]


def _wish(key: str) -> dict[str, Any]:
    return {
        "treatment_id": 1 if key == "old" else 2,
        "from": at("13:00", "2030-02-05"),
        "to": at("18:00", "2030-02-05"),
    }


def test_nothing_old_is_nothing_deleted(terminal: Terminal) -> None:
    terminal.practice.add_appointment(NOW)
    assert terminal.done("purge") == {
        "deleted": {
            "slot_claims": 0,
            "idempotency_keys": 0,
            "published_messages": 0,
            "link_codes": 0,
            "wrong_code_counts": 0,
            "notifications": 0,
        }
    }
