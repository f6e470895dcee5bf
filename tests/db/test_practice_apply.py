"""`practice apply` beside bookings, beside another apply, and killed half-way."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import URL, text

from dev import demo
from lambda_function.db.models import Appointment, Clinic, OutboxMessage, User
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.errors import HasBookingsError
from lambda_function.services.booking import BookingRequest, book
from lambda_function.services.practice.apply import apply_practice
from lambda_function.services.practice.declaration import Declaration
from lambda_function.services.practice.plan import make_plan
from lambda_function.services.practice.read_declaration import DeclarationError, read_declaration
from lambda_function.services.practice.state import State, read_state
from tests.architecture.source import ROOT
from tests.cli.terminal import demo_document
from tests.clock import NOW
from tests.db.overtaking import READS, apply_after
from tests.db.races import Clients, booking, transaction
from tests.factories import Practice
from tests.lock_waits import lock_waiters, until
from tests.profiles import examples
from tests.servers import plain_engine

LIMA = "Lima Centro"
ROUNDS = examples(4, 10)
WRITTEN = text("SELECT COUNT(*) FROM user WHERE full_name = 'Mei Wu'")


def state(database: Database) -> State:
    return database.transact(lambda work: read_state(work.session), commit=False)


@contextmanager
def applying(url: URL, file: Path) -> Iterator[subprocess.Popen[str]]:
    """Runs the real program on the database."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lambda_function", "practice", "apply", str(file), "--json"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DATABASE_URL": url.render_as_string(hide_password=False),
            "DATABASE_TLS": "off",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until_written(url: URL, process: subprocess.Popen[str]) -> None:
    """Waits until the program has changed the doctors, which nobody else can see before it commits."""
    deadline = time.monotonic() + 60
    engine = plain_engine(url).execution_options(isolation_level="READ UNCOMMITTED")
    with engine.connect() as connection:
        while connection.scalar(WRITTEN) == 0:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline


def test_an_apply_that_is_killed_half_way_leaves_the_old_practice(
    database: Database, database_url: URL, practice: Practice, tmp_path: Path
) -> None:
    """It is killed at the last receptionist, after writing treatments, clinics and doctors."""
    changed = demo.FILE.read_text()
    for old, new in (
        ("name: Cleaning", "name: Deep cleaning"),
        ("[Chair 1, Chair 2]", "[Chair 7]"),
        ("end: 18:00", "end: 17:00"),
        ("Wu Mei", "Mei Wu"),
        ("Rosa Muñoz", "Rosa Pérez"),
    ):
        assert old in changed
        changed = changed.replace(old, new)
    file = tmp_path / "practice.yaml"
    file.write_text(changed)
    before = state(database)

    with plain_engine(database_url).connect() as other, applying(database_url, file) as process:
        other.execute(text("SELECT user_id FROM user WHERE user_name = 'rosa' FOR UPDATE"))
        wait_until_written(database_url, process)
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=30) == -signal.SIGKILL
        other.rollback()

    assert state(database) == before
    with applying(database_url, file) as again:
        output, errors = again.communicate(timeout=60)
        assert again.returncode == 0, output + errors
    assert practice.user("rosa").full_name == "Rosa Pérez"


def drwu_is(active: bool) -> Declaration:  # noqa: FBT001 - one word says it
    return read_declaration({"doctors": {"drwu": {**demo_document()["doctors"]["drwu"], "active": active}}})


def test_a_doctor_who_is_taken_away_while_somebody_books_is_either_gone_or_booked(
    practice: Practice, clients: Clients
) -> None:
    rita, drwu, pat = practice.actor("rita"), practice.ids["drwu"], practice.ids["pat"]
    gone, back = (drwu_is(active) for active in (False, True))

    def take_away(database: Database) -> str:
        try:
            database.transact(lambda work: apply_practice(work, gone))
        except HasBookingsError:
            return "refused"
        return "gone"

    for number in range(ROUNDS):
        start = (NOW + timedelta(days=1)).replace(hour=13) + timedelta(minutes=30 * number)
        visit = booking(rita, BookingRequest(drwu, 1, start, pat))
        answers = clients.at_once([take_away, visit] if number % 2 else [visit, take_away])
        visits = practice.rows(Appointment)
        assert set(answers) in ({"refused", "booked"}, {"gone", "validation_error"})
        assert practice.user("drwu").active is bool(visits)
        _forget(practice, visits)
        clients.databases[0].transact(lambda work: apply_practice(work, back))


def lima_in(country: str) -> Declaration:
    return read_declaration({"clinics": {LIMA: {**demo_document()["clinics"][LIMA], "country": country}}})


def _forget(practice: Practice, visits: list[Appointment]) -> None:
    for rows in ("slot_claim", "appointment_event", "outbox"):
        practice.session.execute(text(f"DELETE FROM {rows}"))
    for visit in visits:
        practice.session.delete(visit)
    practice.session.commit()


def test_a_clinic_that_changes_country_while_somebody_books_has_no_visit_of_the_other_country(
    practice: Practice, clients: Clients
) -> None:
    rita, drwu, pat = practice.actor("rita"), practice.ids["drwu"], practice.ids["pat"]
    abroad, home = (lima_in(country) for country in ("CL", "PE"))

    def move(database: Database) -> str:
        try:
            database.transact(lambda work: apply_practice(work, abroad))
        except DeclarationError:
            return "refused"
        return "moved"

    for number in range(ROUNDS):
        start = (NOW + timedelta(days=1)).replace(hour=13) + timedelta(minutes=30 * number)
        visit = booking(rita, BookingRequest(drwu, 1, start, pat))
        answers = clients.at_once([move, visit] if number % 2 else [visit, move])
        practice.session.rollback()
        [message] = practice.rows(OutboxMessage)
        assert set(answers) in ({"refused", "booked"}, {"moved", "booked"})
        assert message.detail["country"] == ("CL" if "moved" in answers else "PE")
        assert {row.country for row in practice.rows(Clinic) if row.clinic_id == 1} == {message.detail["country"]}
        _forget(practice, practice.rows(Appointment))
        clients.databases[0].transact(lambda work: apply_practice(work, home))


def test_a_clinic_does_not_change_country_under_a_booking_that_has_not_ended(
    practice: Practice, clients: Clients
) -> None:
    """The booking has read the country and written the visit, and commits while the file waits."""
    rita, drwu, pat = practice.actor("rita"), practice.ids["drwu"], practice.ids["pat"]
    start = (NOW + timedelta(days=1)).replace(hour=13)
    written = Event()

    def book_slowly(work: UnitOfWork) -> None:
        work.act_as(rita)
        book(work, BookingRequest(drwu, 1, start, pat))
        written.set()
        until(lambda: lock_waiters(practice.url) == 1)

    def move(database: Database) -> str:
        assert written.wait(60)
        try:
            database.transact(lambda work: apply_practice(work, lima_in("CL")))
        except DeclarationError:
            return "refused"
        return "moved"

    assert clients.at_once([transaction(book_slowly, done="booked"), move]) == ["booked", "refused"]


def test_whoever_the_file_does_not_concern_is_booked_meanwhile(
    practice: Practice, database: Database, database_url: URL
) -> None:
    """An apply once held the locks of all doctors of all clinics while it planned."""
    document = demo_document()
    document["clinics"]["Santiago Norte"]["closures"] = [{"first_day": "2031-01-01", "last_day": "2031-01-01"}]
    ids = practice.ids
    lock = text("SELECT user_id FROM doctor WHERE user_id = :doctor FOR UPDATE SKIP LOCKED")

    def run(work: UnitOfWork) -> dict[str, bool]:
        apply_practice(work, read_declaration(document))
        with plain_engine(database_url).connect() as other:
            return {name: other.scalar(lock, {"doctor": ids[name]}) is not None for name in ("drjay", "drwu", "drsol")}

    # drsol works there, and the lock of the first doctor of all prevents two files from being applied at once.
    assert database.transact(run, commit=False) == {"drjay": False, "drwu": True, "drsol": False}


def test_a_file_without_a_difference_holds_nobody_up(practice: Practice, database: Database, database_url: URL) -> None:
    def run(work: UnitOfWork) -> int:
        apply_practice(work, read_declaration(demo_document()))
        with plain_engine(database_url).connect() as other:
            return len(other.execute(text("SELECT user_id FROM doctor FOR UPDATE SKIP LOCKED")).all())

    assert database.transact(run, commit=False) == len({"drjay", "drwu", "drsol"})


def test_two_that_are_applied_at_once_are_applied_one_after_the_other(practice: Practice, clients: Clients) -> None:
    document = demo_document()
    document["clinics"]["Lima Centro"]["closures"] = [{"first_day": "2031-01-01", "last_day": "2031-01-01"}]
    document["doctors"]["drnew"] = {"full_name": "New Doctor", "clinic": "Lima Centro"}
    declaration = read_declaration(document)

    def changes(database: Database) -> str:
        return str(len(database.transact(lambda work: apply_practice(work, declaration)).changes))

    assert sorted(clients.at_once([changes] * 8)) == ["0"] * 7 + ["2"]
    assert [row.user_name for row in practice.rows(User)].count("drnew") == 1


@pytest.mark.parametrize("read", READS)
def test_the_first_apply_may_commit_while_another_reads(
    database: Database, database_url: URL, monkeypatch: pytest.MonkeyPatch, read: str
) -> None:
    """There is no doctor yet whose lock they could wait for."""
    wanted = read_declaration(demo_document())
    apply_after(read, wanted, database_url, monkeypatch)
    database.transact(lambda work: apply_practice(work, wanted))

    assert database.transact(lambda work: make_plan(work, wanted), commit=False).changes == []
