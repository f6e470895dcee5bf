"""Visits are completed while somebody else dismisses, changes or opens a recall, or the patient goes, each over a
connection of their own, on MySQL and MariaDB.

Every round has new patients. `--hypothesis-profile=full` plays 200 rounds.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import URL, text

from lambda_function.db.models import Recall, RecallEvent
from lambda_function.db.repositories.appointments import VisitForChange
from lambda_function.domain.recalls import RecallStatus
from tests.db.recall_rounds import BY_HAND, Scene, is_view
from tests.db.rounds import CLIENTS, is_merged, playing
from tests.profiles import examples
from tests.servers import plain_engine

ROUNDS = examples(2, 200)
# The database is emptied after so many rounds, because each round is checked against everything in it.
ROUNDS_TOGETHER = 20


@pytest.fixture
def rounds(race_url: URL) -> Iterator[Iterator[Scene]]:
    """The scene, once for each round, which is checked at its end."""
    with playing(race_url, Scene, rounds=ROUNDS, together=ROUNDS_TOGETHER) as played:
        yield played


def test_of_two_completions_the_later_visit_decides(rounds: Iterator[Scene]) -> None:
    """Whichever comes first, and whether or not there was an open recall."""
    for scene in rounds:
        before = [scene.opened(0, before=True)] if scene.round % 2 else []
        outcomes = scene.at_once(scene.completing(0, 0), scene.completing(0, 1))
        assert all(is_view(outcome) for outcome in outcomes), outcomes
        [left] = scene.open()
        assert (left.opened_by, left.due_on) == (scene.visits[0][1], scene.due(10))
        assert [row.recall_id for row in scene.rows() if row.opened_by is None] == before
        assert all(row.status is RecallStatus.DONE for row in scene.rows() if row.recall_id != left.recall_id)


def test_completing_reads_about_recalls_without_locks(rounds: Iterator[Scene]) -> None:
    """Others have everything about recalls locked, and a later visit, and nobody has to wait for them."""
    for scene in rounds:
        by_hand = scene.opened(0)
        earlier, later = scene.visits[0]
        scene.completing(0, 1)(scene.databases[0])
        with plain_engine(scene.practice.url).begin() as others:
            for table, column, number in (
                ("appointment", "appointment_id", later),
                ("recall", "patient_id", scene.people[0]),
                ("recall_event", "recall_id", by_hand),
                ("treatment", "treatment_id", 1),
                ("user", "user_id", scene.people[0]),
            ):
                others.execute(text(f"SELECT 1 FROM `{table}` WHERE {column} = :number FOR UPDATE"), {"number": number})
            found = scene.reading(earlier)(scene.databases[0])
        assert isinstance(found, VisitForChange)
        assert found.recall_stays


def test_a_visit_that_is_completed_twice_opens_one_recall(rounds: Iterator[Scene]) -> None:
    for scene in rounds:
        outcomes = scene.at_once(*[scene.completing(0, 0)] * 3)
        assert sorted(map(is_view, outcomes)) == [False, False, True], outcomes
        [only] = scene.rows()
        assert (only.opened_by, only.status) == (scene.visits[0][0], RecallStatus.OPEN)


def test_a_completion_and_a_dismissal(rounds: Iterator[Scene]) -> None:
    """The recall that is older than the visit is dismissed or done, and that of the visit is open."""
    for scene in rounds:
        by_hand = scene.opened(0, before=True)
        completed, dismissed = scene.at_once(scene.completing(0, 0), scene.dismissing(by_hand))
        assert is_view(completed), completed
        first, second = scene.rows()
        assert (second.status, second.opened_by) == (RecallStatus.OPEN, scene.visits[0][0])
        assert dismissed in {"done", "invalid_transition"}
        expected = RecallStatus.DISMISSED if dismissed == "done" else RecallStatus.DONE
        assert (first.recall_id, first.status) == (by_hand, expected)


def test_a_completion_and_a_dismissal_of_what_was_opened_since_the_visit_began(rounds: Iterator[Scene]) -> None:
    """Completing leaves the recall open, so it can be dismissed in any case. Only if it was dismissed before, the visit
    opens one.
    """
    for scene in rounds:
        by_hand = scene.opened(0)
        completed, dismissed = scene.at_once(scene.completing(0, 0), scene.dismissing(by_hand))
        assert (is_view(completed), dismissed) == (True, "done"), (completed, dismissed)
        first, *more = scene.rows()
        assert (first.recall_id, first.status) == (by_hand, RecallStatus.DISMISSED)
        assert [(row.status, row.opened_by) for row in more] in ([], [(RecallStatus.OPEN, scene.visits[0][0])])


def test_a_completion_and_a_change(rounds: Iterator[Scene]) -> None:
    """If the recall that is older than the visit gets its new day first, staff have set that day since the visit began,
    and the recall stays open. If the visit is completed first, the recall is done and the change is refused.
    """
    for scene in rounds:
        by_hand = scene.opened(0, before=True)
        moved = BY_HAND + timedelta(days=90)
        completed, changed = scene.at_once(scene.completing(0, 0), scene.changing(by_hand, moved))
        assert is_view(completed), completed
        assert changed in {"done", "invalid_transition"}
        [left] = scene.open()
        if changed == "done":
            assert [(row.recall_id, row.due_on) for row in scene.rows()] == [(by_hand, moved)]
        else:
            first, second = scene.rows()
            assert (first.recall_id, first.status, first.due_on) == (by_hand, RecallStatus.DONE, BY_HAND)
            assert (second.recall_id, second.due_on) == (left.recall_id, scene.due(0))


def test_a_completion_and_a_change_of_what_was_opened_since_the_visit_began(rounds: Iterator[Scene]) -> None:
    """Whichever comes first, the recall stays open and has the new day."""
    for scene in rounds:
        by_hand = scene.opened(0)
        moved = BY_HAND + timedelta(days=90)
        completed, changed = scene.at_once(scene.completing(0, 0), scene.changing(by_hand, moved))
        assert (is_view(completed), changed) == (True, "done"), (completed, changed)
        [only] = scene.rows()
        assert (only.recall_id, only.status, only.due_on) == (by_hand, RecallStatus.OPEN, moved)


def test_opening_twice_opens_one(rounds: Iterator[Scene]) -> None:
    for scene in rounds:
        outcomes = scene.at_once(*[scene.opening(0)] * CLIENTS)
        refused = [outcome for outcome in outcomes if not isinstance(outcome, int)]
        assert refused == ["already_recalled"] * (CLIENTS - 1)
        assert len(scene.rows()) == 1


def test_opening_by_hand_and_completing(rounds: Iterator[Scene]) -> None:
    """What comes first stays: completing leaves what staff have opened since the visit began, and opening by hand is
    refused where the visit has opened one.
    """
    for scene in rounds:
        opened, completed = scene.at_once(scene.opening(0), scene.completing(0, 0))
        assert is_view(completed), completed
        [only] = scene.rows()
        assert only.status is RecallStatus.OPEN
        if isinstance(opened, int):
            assert (only.recall_id, only.opened_by) == (opened, None)
        else:
            assert (opened, only.opened_by) == ("already_recalled", scene.visits[0][0])


def test_importing_filling_in_opening_and_completing(rounds: Iterator[Scene]) -> None:
    """Whichever of the first three comes first opens the only recall. Completing changes nothing, because a later visit
    has been completed.
    """
    for scene in rounds:
        imported, filled_in, opened, completed = scene.at_once(
            scene.importing(0), scene.filling_in(0), scene.opening(0), scene.completing(0, 0)
        )
        assert (is_view(imported), is_view(filled_in), is_view(completed)) == (True, True, True)
        assert isinstance(opened, int) or opened == "already_recalled"
        [only] = scene.rows()
        assert (only.patient_id, only.status, only.opened_by) == (scene.people[0], RecallStatus.OPEN, None)


@pytest.mark.parametrize("completed_of", [0, 1], ids=["source", "target"])
def test_a_completion_and_a_merge(rounds: Iterator[Scene], completed_of: int) -> None:
    """Each has an open recall. The later visit of the one is completed meanwhile, and its recall is the last."""
    for scene in rounds:
        for patient in (0, 1):
            assert is_view(scene.completing(patient, 0)(scene.databases[0]))
        merged, completed = scene.at_once(scene.merging(0, 1), scene.completing(completed_of, 1))
        assert is_merged(merged), merged
        assert is_view(completed), completed
        [left] = scene.open()
        assert (left.patient_id, left.opened_by) == (scene.people[1], scene.visits[completed_of][1])
        assert left.due_on == scene.due(10 + completed_of)
        assert {row.opened_by for row in scene.rows()} == scene.completed()
        assert {row.patient_id for row in scene.rows()} == {scene.people[1]}


@pytest.mark.parametrize("dismissed_of", [0, 1], ids=["source", "target"])
def test_a_dismissal_and_a_merge(rounds: Iterator[Scene], dismissed_of: int) -> None:
    """Both recalls stay, with the history of the one. If the merge comes first, only the later one is open and can be
    dismissed.
    """
    for scene in rounds:
        numbers = [scene.opened(patient) for patient in (0, 1)]
        assert scene.changing(numbers[0], BY_HAND + timedelta(days=30))(scene.databases[0]) is None
        merged, dismissed = scene.at_once(scene.merging(0, 1), scene.dismissing(numbers[dismissed_of]))
        assert is_merged(merged), merged
        assert {row.recall_id: row.patient_id for row in scene.rows()} == dict.fromkeys(numbers, scene.people[1])
        left = [row.recall_id for row in scene.open()]
        if dismissed_of == 1:
            assert dismissed in {"done", "invalid_transition"}
            assert left == [numbers[0]]
        else:
            assert dismissed == "done", dismissed
            assert left in ([numbers[1]], [])


def test_a_completion_and_a_deactivation(rounds: Iterator[Scene]) -> None:
    """Whichever comes first, nothing of somebody who is gone is open."""
    for scene in rounds:
        scene.opened(0, before=scene.round % 2 == 0)
        completed, gone = scene.at_once(scene.completing(0, 0), scene.deactivating(0))
        assert (is_view(completed), gone) == (True, "done") or gone == [], (completed, gone)
        assert scene.open() == []
        assert all(row.status in {RecallStatus.DISMISSED, RecallStatus.DONE} for row in scene.rows())


def test_a_completion_and_an_erasure(rounds: Iterator[Scene]) -> None:
    for scene in rounds:
        scene.opened(0, before=scene.round % 2 == 0)
        completed, erased = scene.at_once(scene.completing(0, 0), scene.erasing(0))
        assert isinstance(erased, dict), erased
        assert is_view(completed), completed
        assert scene.rows() == []
        left = {row.recall_id for row in scene.practice.rows(Recall)}
        assert {row.recall_id for row in scene.practice.rows(RecallEvent)} <= left
