"""What the schedule does to the waitlist, and what reading the waitlist does not do."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from lambda_function.db.models import FreedTime, WaitlistEntry
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.errors import ContentionError, UnavailableError
from lambda_function.domain.waitlist import WaitlistStatus
from lambda_function.services import offers, waitlist_schedule
from lambda_function.services.offer_round import PARTS, offer_round
from lambda_function.services.waitlist_schedule import RESERVE, keep_up
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at, instant
from tests.api.expect import expect_problem
from tests.api.waiting import Waitlist, free
from tests.clock import NOW, Clock


@pytest.fixture
def waitlist(desk: Desk) -> Waitlist:
    desk.practice.add_patient("ana", clinics=(1,))
    return Waitlist(desk)


@pytest.fixture
def busy(waitlist: Waitlist) -> Any:
    """Books Tuesday 15:00Z with drjay for ana, who is not on the waitlist."""
    return waitlist.desk.booked("rita", at("15:00"), patient="ana")


def tick(database: Database) -> None:
    """Runs the schedule once."""
    keep_up(database, lambda: RESERVE + 1)


def offered(waitlist: Waitlist, *user_names: str) -> list[str]:
    return [name for name in user_names if waitlist.offered(name)]


@pytest.mark.parametrize("reader", ["kim", "pat", "rita", "rosa"])
def test_reading_shows_a_lapsed_offer_as_lapsed_and_writes_nothing(
    waitlist: Waitlist, busy: Any, clock: Clock, fingerprint: Fingerprint, reader: str
) -> None:
    waitlist.join("kim")
    waitlist.join("pat")
    free(waitlist, busy)
    clock.advance(minutes=120)
    before = fingerprint()

    shown = {entry["patient_id"]: (entry["status"], entry["offer"]) for entry in waitlist.entries(reader)}

    assert set(shown.values()) <= {("WAITING", None)}
    assert fingerprint() == before


def test_an_expired_offer_passes_on(waitlist: Waitlist, busy: Any, clock: Clock, database: Database) -> None:
    waitlist.join("kim")
    second = waitlist.join("pat")
    free(waitlist, busy)
    clock.advance(minutes=120)

    tick(database)

    assert (waitlist.offered("kim"), waitlist.offered("pat")) == (None, at("15:00"))
    assert waitlist.entries("pat")[0]["offer"]["expires_at"] == "2030-01-07T18:00:00Z"
    assert waitlist.accept("pat", second).status == 201


def test_an_expired_offer_goes_down_the_line_and_not_back(
    waitlist: Waitlist, busy: Any, clock: Clock, database: Database
) -> None:
    names = ("kim", "pat", "ana")
    for user_name in names:
        waitlist.join(user_name)
    free(waitlist, busy)
    seen = []
    for _ in range(4):
        seen.append(offered(waitlist, *names))
        clock.advance(minutes=120)
        tick(database)
    assert seen == [["kim"], ["pat"], ["ana"], []]


def test_whoever_let_an_offer_pass_keeps_the_place_for_the_next(
    waitlist: Waitlist, busy: Any, clock: Clock, database: Database
) -> None:
    other = waitlist.desk.booked("rita", at("18:00"), patient="ana")
    waitlist.join("kim")
    waitlist.join("pat")
    free(waitlist, busy)
    clock.advance(minutes=120)
    tick(database)
    assert waitlist.offered("pat") == at("15:00")
    free(waitlist, other)
    assert waitlist.offered("kim") == at("18:00")


def test_a_lapsed_offer_that_is_withdrawn_goes_only_to_those_behind(
    waitlist: Waitlist, busy: Any, clock: Clock
) -> None:
    waitlist.join("ana", **{"from": at("15:15"), "to": at("15:25")})
    offered_to = waitlist.join("kim")
    waitlist.join("pat")
    free(waitlist, busy)
    session = waitlist.desk.practice.session
    session.execute(
        update(WaitlistEntry)
        .where(WaitlistEntry.patient_id == waitlist.desk.id_of("ana"))
        .values(wished_from=instant("12:00"), wished_to=instant("21:00"))
    )
    session.commit()
    clock.advance(minutes=120)

    assert waitlist.withdraw("kim", offered_to).status == 204

    assert offered(waitlist, "ana", "pat") == ["pat"]


def test_a_wish_that_is_over_is_written_down(waitlist: Waitlist, clock: Clock, database: Database) -> None:
    entry = waitlist.join("kim")
    clock.advance(days=1, hours=9)
    expect_problem(waitlist.withdraw("kim", entry), 409, "invalid_transition")

    tick(database)

    statement = select(WaitlistEntry.status)
    assert waitlist.desk.practice.session.scalars(statement).all() == [WaitlistStatus.EXPIRED]


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skips the work after the commit, as if the process had died."""
    monkeypatch.setattr(offers, "offer_in", lambda *_: None)


@pytest.mark.usefixtures("dying")
def test_what_dies_after_the_commit_is_offered_by_the_schedule(
    waitlist: Waitlist, busy: Any, database: Database
) -> None:
    waitlist.join("kim")
    free(waitlist, busy)
    assert waitlist.offered("kim") is None
    assert len(waitlist.desk.practice.rows(FreedTime)) == 1

    tick(database)

    assert waitlist.offered("kim") == at("15:00")
    assert waitlist.desk.practice.rows(FreedTime) == []


def test_offers_that_cannot_be_made_change_no_answer(
    waitlist: Waitlist, busy: Any, monkeypatch: pytest.MonkeyPatch, log_text: Any
) -> None:
    waitlist.join("kim")

    def fail(*_: Any, **__: Any) -> None:
        raise KeyError("Kim Huaman")

    monkeypatch.setattr(offers, "offer_round", fail)
    log_text()
    assert waitlist.desk.cancel("rita", busy["appointment_id"]).status == 200

    written = log_text()
    assert '"offers not made"' in written
    assert '"OffersFailed"' in written
    assert "Kim" not in written


def _given_up(waitlist: Waitlist, doctor: str, clinic_id: int, parts: int = 1) -> None:
    """Writes this many stretches of freed time, from 15:00 on and each a quarter of an hour later, which nobody has
    offered.
    """
    quarter, start = timedelta(minutes=15), instant("15:00")
    rows = [
        FreedTime(
            doctor_id=waitlist.desk.id_of(doctor),
            clinic_id=clinic_id,
            starts_at=start + quarter * number,
            ends_at=start + quarter * (number + 2),
            occupied=False,
            created_at=NOW,
        )
        for number in range(parts)
    ]
    waitlist.desk.practice.add(*rows)


@pytest.mark.parametrize("fault", [KeyError("Kim Huaman"), UnavailableError("It took too long.")])
def test_a_clinic_in_which_no_offers_can_be_made_keeps_no_other_waiting(
    waitlist: Waitlist, database: Database, monkeypatch: pytest.MonkeyPatch, log_text: Any, fault: Exception
) -> None:
    def fail_in_lima(work: UnitOfWork, *, clinic_id: int) -> bool:
        if clinic_id == 1:
            raise fault
        return offer_round(work, clinic_id=clinic_id)

    monkeypatch.setattr(waitlist_schedule, "offer_round", fail_in_lima)
    waitlist.join("kim", doctor_id=waitlist.desk.id_of("drsol"))
    _given_up(waitlist, "drjay", 1)
    _given_up(waitlist, "drsol", 2)
    log_text()

    with pytest.raises(ContentionError, match="1 clinics"):
        tick(database)

    assert waitlist.offered("kim") == at("15:00")
    assert "Kim" not in log_text()


def test_much_freed_time_in_one_clinic_keeps_no_other_waiting(waitlist: Waitlist, database: Database) -> None:
    """The run ends before all the freed time of the first clinic is offered."""
    waitlist.join("kim", doctor_id=waitlist.desk.id_of("drsol"))
    _given_up(waitlist, "drjay", 1, parts=PARTS * 3)
    _given_up(waitlist, "drsol", 2)
    rounds = iter([RESERVE + 1] * 4)

    keep_up(database, lambda: next(rounds, 0.0))

    assert waitlist.offered("kim") == at("15:00")
    assert waitlist.desk.practice.rows(FreedTime)


@pytest.mark.usefixtures("dying")
def test_the_age_of_what_waits_to_be_offered_is_told(
    waitlist: Waitlist, busy: Any, database: Database, clock: Clock, log_text: Any
) -> None:
    waitlist.join("kim")
    free(waitlist, busy)
    clock.advance(seconds=90)
    log_text()

    keep_up(database, lambda: 0.0)
    assert '"FreedTimeLagSeconds":[90.0]' in log_text().replace(" ", "")
    tick(database)
    assert '"FreedTimeLagSeconds":[0.0]' in log_text().replace(" ", "")
