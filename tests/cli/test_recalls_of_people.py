"""What becomes of recalls when patients are merged, erased, or become staff, and what a copy of their data shows."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from lambda_function.db.models import OutboxMessage, Recall, RecallEvent
from lambda_function.domain.recalls import DISMISSED, RecallAction, RecallStatus
from lambda_function.services.operators import erasing, merging, personal_data
from tests.cli.terminal import Terminal
from tests.cli.test_erasing import DyingDatabase
from tests.cli.zoe_twice import add_zoe_twice
from tests.clock import NOW
from tests.factories import Practice
from tests.traces import everywhere

DUE = date(2030, 6, 1)
NOTE = "Likes mornings"


def add_recall(practice: Practice, user_name: str, due_on: date = DUE, *, is_open: bool = True, **more: Any) -> int:
    """Adds a recall with a note that rita has opened."""
    ids = practice.ids
    recall = Recall(
        **{
            "patient_id": ids[user_name],
            "treatment_id": 1,
            "clinic_id": 1,
            "doctor_id": ids["drjay"],
            "due_on": due_on,
            "due_set_at": NOW,
            "status": RecallStatus.OPEN if is_open else RecallStatus.DONE,
            "open_key": 1 if is_open else None,
            "note": NOTE,
            "created_at": NOW,
            "updated_at": NOW,
            **more,
        }
    )
    practice.add(recall)
    event = {"at": NOW, "actor_id": ids["rita"], "action": RecallAction.OPEN, "changes": {}}
    practice.add(RecallEvent(recall_id=recall.recall_id, reason=NOTE, **event))
    return recall.recall_id


@pytest.fixture
def twice(terminal: Terminal) -> Terminal:
    add_zoe_twice(terminal)
    return terminal


def _merged(terminal: Terminal, *more: str) -> Any:
    return terminal.done("users", "merge", "zoe.quinn", "zoe2", *(more or ("--yes",)))


def _rows(terminal: Terminal) -> dict[int, Recall]:
    return {row.recall_id: row for row in terminal.practice.rows(Recall)}


def test_all_recalls_move_with_their_history(twice: Terminal) -> None:
    target = twice.practice.ids["zoe2"]
    moved = [
        add_recall(twice.practice, "zoe.quinn"),
        add_recall(twice.practice, "zoe.quinn", is_open=False),
        add_recall(twice.practice, "zoe.quinn", treatment_id=2),
    ]
    plan = _merged(twice, "--plan")
    document = _merged(twice)
    assert (document["recalls"], document["recalls_ended"]) == (plan["recalls"], plan["recalls_ended"]) == (3, 0)
    rows = _rows(twice)
    assert [(rows[number].patient_id, rows[number].version) for number in moved] == [(target, 2)] * 3
    assert [rows[number].status for number in moved] == [RecallStatus.OPEN, RecallStatus.DONE, RecallStatus.OPEN]
    assert len(twice.practice.rows(RecallEvent)) == 3
    assert twice.done("check")["ok"]


@pytest.mark.parametrize(("of_source", "kept"), [(30, "source"), (-30, "target"), (0, "target")])
def test_of_two_open_recalls_the_later_stays(twice: Terminal, of_source: int, kept: str) -> None:
    recalls = {
        "source": add_recall(twice.practice, "zoe.quinn", DUE + timedelta(days=of_source)),
        "target": add_recall(twice.practice, "zoe2", clinic_id=2),
    }
    assert _merged(twice)["recalls_ended"] == 1
    ended = recalls["target" if kept == "source" else "source"]
    rows = _rows(twice)
    assert {row.patient_id for row in rows.values()} == {twice.practice.ids["zoe2"]}
    assert (rows[recalls[kept]].status, rows[ended].status) == (RecallStatus.OPEN, RecallStatus.DISMISSED)
    event = max(twice.practice.rows(RecallEvent), key=lambda row: row.recall_event_id)
    assert (event.recall_id, event.action, event.actor_id) == (ended, RecallAction.DISMISS, None)
    assert event.reason == "Merged with another recall"
    [told] = [row.detail["recall_id"] for row in twice.practice.rows(OutboxMessage) if row.kind == DISMISSED]
    assert told == ended
    assert twice.done("check")["ok"]


def test_recalls_of_many_years_move_in_batches_whatever_interrupts_them(
    twice: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ROWS", "AT_ONCE"):
        monkeypatch.setattr(merging, name, 2)
    recalls = [add_recall(twice.practice, "zoe.quinn", is_open=False) for _ in range(5)]
    recalls.append(add_recall(twice.practice, "zoe.quinn"))
    alive = twice.database
    twice.database = DyingDatabase(alive, 6)
    assert twice.refused("users", "merge", "zoe.quinn", "zoe2", "--yes")["code"] == "unavailable"
    twice.database = alive
    source = twice.practice.ids["zoe.quinn"]
    left = [row for row in _rows(twice).values() if row.patient_id == source]
    assert len(left) == 4
    assert _merged(twice)["recalls"] == 4
    rows = _rows(twice)
    assert [rows[number].patient_id for number in recalls] == [twice.practice.ids["zoe2"]] * 6
    assert {row.version for row in rows.values()} == {2}


def test_erasing_removes_recalls_and_their_history_in_batches(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "ROWS", 2)
    kept = add_recall(terminal.practice, "kim")
    for _ in range(5):
        add_recall(terminal.practice, "pat", is_open=False)
    add_recall(terminal.practice, "pat")
    ended = add_recall(terminal.practice, "kim", is_open=False, note=None)
    terminal.done("erase-person", "pat", "--yes")
    assert set(_rows(terminal)) == {kept, ended}
    assert {row.recall_id for row in terminal.practice.rows(RecallEvent)} == {kept, ended}
    assert {table for table, _, _ in everywhere(terminal.practice.url, (NOTE,))} == {"recall", "recall_event"}
    assert terminal.done("check")["ok"]


def test_who_becomes_staff_is_no_longer_recalled(terminal: Terminal) -> None:
    recall = add_recall(terminal.practice, "pat")
    terminal.done("users", "set-type", "pat", "receptionist", "--clinic", "Lima Centro")
    assert _rows(terminal)[recall].status is RecallStatus.DISMISSED
    assert terminal.done("check")["ok"]


def test_a_copy_has_the_recalls_with_their_history_and_messages(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = add_recall(terminal.practice, "pat"), add_recall(terminal.practice, "kim")
    for number in (mine, theirs):
        detail = {"recall_id": number, "appointment_id": None}
        terminal.practice.add(OutboxMessage(kind="recall.opened", detail=detail, created_at=NOW))
    monkeypatch.setattr(personal_data, "BATCH", 1)
    copy = terminal.done("export-person", "pat")
    assert [(row["recall_id"], row["note"]) for row in copy["recalls"]] == [(mine, NOTE)]
    assert [(row["recall_id"], row["reason"]) for row in copy["recall_events"]] == [(mine, NOTE)]
    assert [row["detail"]["recall_id"] for row in copy["messages"]] == [mine]


def test_a_copy_for_staff_says_what_they_did_but_not_what_was_written(terminal: Terminal) -> None:
    recall = add_recall(terminal.practice, "pat")
    of_doctor, of_rita = (terminal.done("export-person", name) for name in ("drjay", "rita"))
    assert [row["recall_id"] for row in of_doctor["recalls_as_staff"]] == [recall]
    assert [(row["recall_id"], row["action"]) for row in of_rita["recall_events_as_staff"]] == [(recall, "OPEN")]
    assert NOTE not in json.dumps([of_doctor, of_rita])


@pytest.mark.parametrize(
    ("of", "columns", "detail"),
    [
        ("gone", {}, "A receptionist of its clinic ends it with POST /recalls/{recall_id}/dismiss."),
        ("now staff", {}, "A receptionist of its clinic ends it with POST /recalls/{recall_id}/dismiss."),
        ("pat", {"opened_by": 999}, "not there"),
        ("pat", {"is_open": False, "done_by": 999}, "not there"),
        ("pat", {}, None),
        ("gone", {"is_open": False}, None),
    ],
)
def test_check_finds_recalls_of_nobody_and_of_no_visit(
    terminal: Terminal, of: str, columns: dict[str, Any], detail: str | None
) -> None:
    terminal.practice.add_patient("gone", active=False)
    if of == "now staff":
        terminal.done("users", "set-type", "pat", "receptionist", "--clinic", "Lima Centro")
        of = "pat"
    recall = add_recall(terminal.practice, of, **columns)
    findings = json.loads(terminal.run("check", "--json").stdout)["findings"]
    assert [(finding["check"], finding["recall_id"]) for finding in findings] == [("recall", recall)] * bool(detail)
    assert all(str(detail) in finding["detail"] for finding in findings)
