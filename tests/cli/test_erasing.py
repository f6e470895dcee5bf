"""Erasing a patient in batches, and finishing it after any interruption."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from sqlalchemy import delete

from lambda_function.cli.command import Exit
from lambda_function.db.models import (
    Appointment,
    Guardian,
    IdempotencyKey,
    IdempotencySubject,
    OutboxMessage,
    PersonEvent,
    WaitlistEntry,
)
from lambda_function.db.unit_of_work import RETRIES, Database, UnitOfWork
from lambda_function.domain.errors import UnavailableError
from lambda_function.services.operators import erasing, personal_data, users
from tests.api.desk import Desk, at
from tests.api_client import ApiClient
from tests.cli.terminal import FailingOnce, Pool, Terminal
from tests.clock import Clock
from tests.factories import sub_of
from tests.traces import everywhere

NOTE = "Allergic to latex"
_Result = TypeVar("_Result")


class DyingDatabase(Database):
    """Runs this many transactions and then fails, as if the process had died."""

    def __init__(self, database: Database, transactions: int) -> None:
        self._alive = database
        self._left = transactions

    def transact(
        self,
        run: Callable[[UnitOfWork], _Result],
        *,
        commit: bool = True,
        snapshot: bool = False,
        retries: int = RETRIES,
    ) -> _Result:
        if not self._left:
            raise UnavailableError("The database is away.")
        self._left -= 1
        return self._alive.transact(run, commit=commit, snapshot=snapshot, retries=retries)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "VISITS", 2)
    monkeypatch.setattr(erasing, "ROWS", 2)


@pytest.fixture
def desk(client: ApiClient, terminal: Terminal, clock: Clock) -> Desk:
    return Desk(client, terminal.practice)


def traces(name: str) -> tuple[str, ...]:
    return name, f"Unforgettable {name}", f"{name}@example.org", sub_of(name), NOTE


def somebody(desk: Desk, name: str, *, hour: int = 13) -> None:
    """Adds a patient with three visits with notes, five kept answers of others, two of their own, and three wishes."""
    keys = iter(range(20))

    def post(who: str, path: str, body: Any) -> Any:
        answer = desk.client.post(who, path, body, headers={"Idempotency-Key": f"{name}-{next(keys)}"})
        assert answer.status in {200, 201}, answer.text
        return answer.json

    person = {"user_name": name, "full_name": f"Unforgettable {name}", "email": f"{name}@example.org"}
    post("rita", "/users", person)
    desk.practice.user(name).cognito_sub = sub_of(name)
    desk.practice.session.commit()
    for number in range(3):
        time = at(f"{hour + number}:00", "2030-01-21")
        visit = desk.visit(time, patient=name, patient_note=NOTE)
        booked = post("rita" if number else name, "/appointments", visit)["appointment_id"]
        post("rita", f"/appointments/{booked}/cancel", {"reason": NOTE})
        wish = {"treatment_id": 1 + number, "from": time, "to": at("23:00", "2030-01-21"), "clinic_id": 1}
        post(name, "/waitlist", wish)


def test_after_whatever_transaction_it_dies_the_same_command_finishes(
    terminal: Terminal, desk: Desk, small_batches: None
) -> None:
    alive, names = terminal.database, []
    for transactions in range(60):
        name = f"zoe.{transactions}"
        names.append(name)
        somebody(desk, name)
        terminal.database = DyingDatabase(alive, transactions)
        first = terminal.run("erase-person", name, "--yes")
        terminal.database = alive
        if first.exit_code == Exit.DONE:
            break
        assert name in terminal.practice.ids
        terminal.done("erase-person", name, "--yes")
    assert 15 < len(names) < 60
    assert everywhere(terminal.practice.url, tuple(word for name in names for word in traces(name))) == set()
    assert terminal.practice.rows(IdempotencyKey) == terminal.practice.rows(WaitlistEntry) == []


def test_other_systems_learn_of_the_new_versions_when_the_person_is_marked(
    terminal: Terminal, desk: Desk, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody(desk, "zoe")
    marked = []
    original = erasing._forget_visits

    def watched(work: UnitOfWork, user_id: int, after: int) -> list[int]:
        marked.append(terminal.practice.user("zoe").erased_at is not None)
        return original(work, user_id, after)

    monkeypatch.setattr(erasing, "_forget_visits", watched)
    terminal.done("erase-person", "zoe", "--yes")

    visits = desk.practice.rows(Appointment)
    told = [row.detail for row in desk.practice.rows(OutboxMessage) if row.kind == "appointment.erased"]
    assert [(each["appointment_id"], each["version"]) for each in told] == [
        (visit.appointment_id, visit.version) for visit in visits
    ]
    assert {(each["action"], each["announce"], each["from_status"], each["to_status"]) for each in told} == {
        (None, False, "CANCELLED", "CANCELLED")
    }
    assert all(marked)


@pytest.mark.parametrize(("guardian", "patient"), [("zoe", "kim"), ("kim", "zoe")])
def test_nobody_acts_for_whoever_is_erased_and_they_act_for_nobody(
    terminal: Terminal, desk: Desk, guardian: str, patient: str
) -> None:
    somebody(desk, "zoe")
    desk.practice.add_guardian(guardian, patient, reason=NOTE)
    terminal.done("erase-person", "zoe", "--yes")

    assert desk.practice.rows(Guardian) == []
    expected = "REMOVE_GUARDIAN" if patient == "kim" else "REMOVE_DEPENDANT"
    kim = desk.practice.ids["kim"]
    assert [row.action for row in desk.practice.rows(PersonEvent) if row.user_id == kim] == [expected]


def test_no_transaction_is_about_more_than_a_batch(
    terminal: Terminal, desk: Desk, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody(desk, "zoe")
    counts = []
    original = erasing._batches

    def counted(*arguments: Any) -> Any:
        for count in original(*arguments):
            counts.append(count)
            yield count

    monkeypatch.setattr(erasing, "_batches", counted)
    terminal.done("erase-person", "zoe", "--yes")
    assert max(counts) == 2
    assert sum(counts) >= 3 + 10 + 3


def test_texts_and_kept_answers_go_before_the_account_and_the_name_last(
    terminal: Terminal, desk: Desk, pool: Pool
) -> None:
    somebody(desk, "zoe")
    terminal.practice.user("zoe").cognito_sub = pool.add("zoe", "zoe@example.org")
    terminal.practice.session.commit()
    terminal.accounts = FailingOnce(pool, "delete")

    assert terminal.refused("erase-person", "zoe", "--yes")["code"] == "unavailable"
    assert everywhere(terminal.practice.url, (NOTE,)) == set()
    assert {table for table, _, _ in everywhere(terminal.practice.url, traces("zoe"))} == {"user"}
    assert terminal.practice.user("zoe").erased_at is not None

    assert terminal.done("erase-person", "zoe", "--yes")["account"] == "deleted"
    assert everywhere(terminal.practice.url, traces("zoe")) == set()


def test_answers_of_a_release_that_did_not_say_whom_they_are_about_go_too(
    terminal: Terminal, desk: Desk, small_batches: None
) -> None:
    somebody(desk, "zoe")
    somebody(desk, "uma", hour=17)
    desk.practice.session.execute(delete(IdempotencySubject))
    desk.practice.session.commit()
    before = len(desk.practice.rows(IdempotencyKey))

    terminal.done("erase-person", "zoe", "--yes")
    assert everywhere(terminal.practice.url, traces("zoe")[:-1]) == set()
    assert len(desk.practice.rows(IdempotencyKey)) * 2 == before


def test_whose_erasing_has_begun_is_in_no_list_and_does_nothing(terminal: Terminal, desk: Desk) -> None:
    somebody(desk, "zoe")
    alive = terminal.database
    terminal.database = DyingDatabase(alive, 3)
    assert terminal.refused("erase-person", "zoe", "--yes")["code"] == "unavailable"
    terminal.database = alive

    assert "zoe" not in {person["user_name"] for person in terminal.done("users", "list")["items"]}
    assert desk.client.get("zoe", "/me").status == 403
    assert [visit.patient_note for visit in terminal.practice.rows(Appointment)] == [NOTE] * 3


def test_a_copy_is_the_same_in_however_many_batches(
    terminal: Terminal, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody(desk, "zoe")
    whole = terminal.done("export-person", "zoe")
    assert len(whole["appointments"]) == len(whole["waitlist"]) == 3
    assert len(whole["events"]) == 6
    # Two of the wishes were offered time.
    assert [message["kind"] for message in whole["messages"]].count("waitlist.offered") == 2
    assert len(whole["messages"]) == 8
    assert len(whole["kept_answers"]) == 4
    assert len(whole["kept_answers_to_others"]) == 6
    monkeypatch.setattr(personal_data, "BATCH", 2)
    monkeypatch.setattr("lambda_function.db.repositories.personal_data._WINDOW", 2)
    assert terminal.done("export-person", "zoe") == whole


@pytest.mark.parametrize("span", [1, 3, 5000])
def test_people_are_found_however_few_are_looked_at_at_once(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, span: int
) -> None:
    monkeypatch.setattr(users, "SPAN", span)
    everybody = [person["user_name"] for person in terminal.done("users", "list")["items"]]
    assert everybody == [name for name, _ in sorted(terminal.practice.ids.items(), key=lambda item: item[1])]
    first = terminal.done("users", "list", "--type", "doctor", "--limit", "2")
    rest = terminal.done("users", "list", "--type", "doctor", "--after", str(first["next_after"]))
    names = [person["user_name"] for person in (*first["items"], *rest["items"])]
    assert (names, rest["next_after"]) == (["drjay", "drwu", "drsol"], None)
    assert terminal.done("users", "list", "-q", "nobody") == {"items": [], "next_after": None}


def test_whoever_was_erased_without_being_marked_is_marked_by_erasing_the_new_name(terminal: Terminal) -> None:
    """The previous release marks nobody, and may keep running for a while after the migrations."""
    person = terminal.practice.add_patient(active=False)
    name = person.user_name = person.full_name = f"erased:{person.user_id}"
    terminal.practice.session.commit()

    assert terminal.done("erase-person", name, "--yes")["user_name"] == name
    assert terminal.practice.user(name).erased_at is not None
