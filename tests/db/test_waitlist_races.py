"""Several clients use the waitlist at once: one wins, no deadlock reaches a client, and no time is taken twice."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import URL, update

from lambda_function.db.models import Appointment, FreedTime, WaitlistEntry
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Actor
from lambda_function.domain.appointment import Step
from lambda_function.domain.waitlist import MAX_OPEN_WISHES, OPEN, WaitlistStatus
from lambda_function.services import lifecycle, offers, waitlist
from lambda_function.services.booking import BookingRequest, book
from lambda_function.services.deactivation import deactivate_patient
from lambda_function.services.waitlist_schedule import RESERVE, keep_up
from tests.clock import NOW
from tests.db.races import THREADS, Clients, Job, Run, booking, held, outcome, overlapping_pairs
from tests.factories import Practice
from tests.profiles import examples

ROUNDS = examples(5, 10)
START = NOW + timedelta(days=1, hours=1)


@pytest.fixture
def practice(database_url: URL) -> Iterator[Practice]:
    """The demo practice with a doctor who works day and night."""
    with Practice.open(database_url) as practice:
        practice.add_doctor("owl")
        yield practice


def job(actor: Actor, run: Run) -> Job:
    """Returns a job that does it as the actor, makes the offers that follow, and answers with the outcome."""

    def as_actor(work: UnitOfWork) -> None:
        work.act_as(actor)
        run(work)

    return lambda database: outcome(lambda: offers.transact_and_offer(database, as_actor))


def once(clients: Clients, actor: Actor, run: Run) -> None:
    assert job(actor, run)(clients.databases[0]) == "done"


def accepting(waitlist_id: int) -> Run:
    return lambda work: waitlist.accept(work, waitlist_id)


def cancelling(appointment_id: int) -> Run:
    return lambda work: lifecycle.take(work, appointment_id, Step.CANCEL, reason="Race")


def joining(practice: Practice, patient: str) -> Run:
    wish = waitlist.Wish(
        treatment_id=1, wished_from=NOW, wished_to=NOW + timedelta(days=40), patient_id=practice.ids[patient]
    )
    return lambda work: waitlist.join(work, wish)


def visit_of(practice: Practice, patient: str, doctor: str = "owl", *, day: int = 0) -> BookingRequest:
    ids = practice.ids
    return BookingRequest(
        doctor_id=ids[doctor], patient_id=ids[patient], treatment_id=1, starts_at=START + timedelta(days=day)
    )


def latest_visit(practice: Practice) -> int:
    latest: int = max(visit.appointment_id for visit in practice.rows(Appointment))
    return latest


def offered(practice: Practice) -> list[WaitlistEntry]:
    return [entry for entry in practice.rows(WaitlistEntry) if entry.status is WaitlistStatus.OFFERED]


def offer_to_kim(clients: Clients, practice: Practice, day: int) -> int:
    """Makes an offer for kim, who joins before pat's visit of that day is cancelled."""
    rita = practice.actor("rita")
    once(clients, rita, joining(practice, "kim"))
    request = visit_of(practice, "pat", day=day)
    once(clients, rita, lambda work: book(work, request))
    once(clients, rita, cancelling(latest_visit(practice)))
    (entry,) = offered(practice)
    return entry.waitlist_id


def test_of_many_who_accept_at_once_one_wins(clients: Clients, practice: Practice) -> None:
    actors = [practice.actor(name) for name in ("kim", "rita")]
    for day in range(0, ROUNDS * 2, 2):
        waitlist_id = offer_to_kim(clients, practice, day)
        jobs = [job(actors[number % 2], accepting(waitlist_id)) for number in range(THREADS)]
        answers = clients.at_once(jobs)
        assert answers.count("done") == 1
        assert set(answers) <= {"done", "doctor_busy", "patient_busy", "invalid_transition"}
        assert len(held(practice.url, START + timedelta(days=day))) == 1


def test_accepting_against_booking_takes_the_time_once(clients: Clients, practice: Practice) -> None:
    kim, pat = practice.actor("kim"), practice.actor("pat")
    winners = set()
    for day in range(0, ROUNDS * 2, 2):
        waitlist_id = offer_to_kim(clients, practice, day)
        answers = clients.at_once([job(kim, accepting(waitlist_id)), booking(pat, visit_of(practice, "pat", day=day))])
        winners.add(tuple(answers))
        assert len(held(practice.url, START + timedelta(days=day))) == 1
        entry = next(entry for entry in practice.rows(WaitlistEntry) if entry.waitlist_id == waitlist_id)
        assert (entry.status is WaitlistStatus.ACCEPTED) == (answers[0] == "done")
        if answers[0] != "done":
            once(clients, kim, lambda work, mine=waitlist_id: waitlist.withdraw(work, mine))  # type: ignore[misc]
    assert winners <= {("done", "doctor_busy"), ("doctor_busy", "booked")}


def test_of_accepting_and_withdrawing_at_once_one_counts(clients: Clients, practice: Practice) -> None:
    kim, rita = practice.actor("kim"), practice.actor("rita")
    for day in range(0, ROUNDS * 2, 2):
        waitlist_id = offer_to_kim(clients, practice, day)
        answers = clients.at_once(
            [
                job(kim, accepting(waitlist_id)),
                job(rita, lambda work, theirs=waitlist_id: waitlist.withdraw(work, theirs)),  # type: ignore[misc]
            ]
        )
        assert answers in (["done", "invalid_transition"], ["offer_expired", "done"], ["invalid_transition", "done"])
        booked = held(practice.url, START + timedelta(days=day))
        entry = next(entry for entry in practice.rows(WaitlistEntry) if entry.waitlist_id == waitlist_id)
        assert entry.status is (WaitlistStatus.ACCEPTED if answers[0] == "done" else WaitlistStatus.WITHDRAWN)
        assert len(booked) == (answers[0] == "done")


def test_joining_twice_at_once_joins_once(clients: Clients, practice: Practice) -> None:
    kim = practice.actor("kim")
    answers = clients.at_once([job(kim, joining(practice, "kim"))] * THREADS)
    assert sorted(answers) == ["already_waiting"] * (THREADS - 1) + ["done"]
    assert len(practice.rows(WaitlistEntry)) == 1


def test_times_freed_at_once_go_to_as_many(clients: Clients, practice: Practice) -> None:
    """Each doctor loses a visit, and those who wait get one offer each, first come first served."""
    rita = practice.actor("rita")
    doctors = [practice.add_doctor().user_name for _ in range(3)]
    patients = [practice.add_patient(clinics=(1,)).user_name for _ in range(6)]
    visits = []
    for doctor, patient in zip(doctors, patients, strict=False):
        request = visit_of(practice, patient, doctor)
        once(clients, rita, lambda work, wanted=request: book(work, wanted))  # type: ignore[misc]
        visits.append(latest_visit(practice))
    for patient in patients[3:]:
        once(clients, rita, joining(practice, patient))

    answers = clients.at_once([job(rita, cancelling(visit)) for visit in visits])

    assert answers == ["done"] * 3
    entries = offered(practice)
    assert len({(entry.offer_doctor_id, entry.offer_starts_at) for entry in entries}) == len(entries)
    assert entries
    assert practice.rows(WaitlistEntry)[0].status is WaitlistStatus.OFFERED


def schedule(database: Database) -> str:
    keep_up(database, lambda: RESERVE + 1)
    return "done"


def test_schedules_at_once_pass_an_expired_offer_on_once(clients: Clients, practice: Practice) -> None:
    offer_to_kim(clients, practice, 0)
    rita = practice.actor("rita")
    for _ in range(3):
        once(clients, rita, joining(practice, practice.add_patient(clinics=(1,)).user_name))
    practice.session.execute(
        update(WaitlistEntry).where(WaitlistEntry.status == WaitlistStatus.OFFERED).values(offer_expires_at=NOW)
    )
    practice.session.commit()

    answers = clients.at_once([schedule] * THREADS)

    assert set(answers) == {"done"}
    assert [entry.waitlist_id for entry in offered(practice)] == [practice.rows(WaitlistEntry)[1].waitlist_id]
    assert practice.rows(FreedTime) == []


def test_two_who_free_time_at_once_lose_none_and_offer_nothing_twice(clients: Clients, practice: Practice) -> None:
    """One doctor has two visits in a row, two people wait for either, and the schedule runs beside them."""
    rita = practice.actor("rita")
    patients = [practice.add_patient(clinics=(1,)).user_name for _ in range(2)]
    for day in range(0, ROUNDS * 2, 2):
        visits = []
        for half in range(2):
            request = replace(
                visit_of(practice, "pat", day=day), starts_at=START + timedelta(days=day, minutes=30 * half)
            )
            once(clients, rita, lambda work, wanted=request: book(work, wanted))  # type: ignore[misc]
            visits.append(latest_visit(practice))
        for patient in patients:
            once(clients, rita, joining(practice, patient))

        answers = clients.at_once([*(job(rita, cancelling(visit)) for visit in visits), schedule])
        schedule(clients.databases[0])

        assert answers == ["done"] * 3
        entries = offered(practice)
        assert {entry.offer_starts_at for entry in entries} == {
            START + timedelta(days=day, minutes=30 * half) for half in range(2)
        }
        assert len(entries) == 2
        assert practice.rows(FreedTime) == []
        for entry in entries:
            once(clients, rita, lambda work, mine=entry.waitlist_id: waitlist.withdraw(work, mine))  # type: ignore[misc]
        for entry in offered(practice):
            once(clients, rita, lambda work, mine=entry.waitlist_id: waitlist.withdraw(work, mine))  # type: ignore[misc]


def test_freed_time_against_booking_is_booked_once_and_never_lost(clients: Clients, practice: Practice) -> None:
    """Somebody books the time as soon as it is free, while it is being offered."""
    rita, pat = practice.actor("rita"), practice.actor("pat")
    other = practice.add_patient(clinics=(1,)).user_name
    for day in range(0, ROUNDS * 2, 2):
        request = visit_of(practice, other, day=day)
        once(clients, rita, lambda work, wanted=request: book(work, wanted))  # type: ignore[misc]
        visit = latest_visit(practice)
        once(clients, rita, joining(practice, "kim"))

        answers = clients.at_once(
            [job(rita, cancelling(visit)), *[booking(pat, visit_of(practice, "pat", day=day))] * 3]
        )
        schedule(clients.databases[0])

        assert answers[0] == "done"
        assert set(answers[1:]) <= {"booked", "doctor_busy", "patient_busy"}
        holders = held(practice.url, START + timedelta(days=day))
        assert len(holders) == answers.count("booked") <= 1
        assert practice.rows(FreedTime) == []
        if not holders:
            assert len(offered(practice)) == 1
        for entry in practice.rows(WaitlistEntry):
            if entry.status in OPEN:
                once(clients, rita, lambda work, mine=entry.waitlist_id: waitlist.withdraw(work, mine))  # type: ignore[misc]


def test_who_joins_while_being_deactivated_waits_no_longer(clients: Clients, practice: Practice) -> None:
    rita = practice.actor("rita")
    outcomes = set()
    for _ in range(ROUNDS):
        patient = practice.add_patient(clinics=(1,))
        leave = job(rita, lambda work, gone=patient.user_id: deactivate_patient(work, gone))  # type: ignore[misc]
        outcomes.add(tuple(clients.at_once([job(rita, joining(practice, patient.user_name)), leave])))
    assert outcomes <= {("done", "done"), ("validation_error", "done")}
    assert not [entry for entry in practice.rows(WaitlistEntry) if entry.status in OPEN]


def test_of_twelve_wishes_that_join_at_once_ten_do(clients: Clients, practice: Practice) -> None:
    kim = practice.actor("kim")

    def wishing(number: int) -> Run:
        start = NOW + timedelta(days=number)
        wish = waitlist.Wish(treatment_id=1, wished_from=start, wished_to=start + timedelta(hours=5))
        return lambda work: waitlist.join(work, wish)

    answers = clients.at_once([job(kim, wishing(number)) for number in range(12)])
    assert sorted(answers) == ["done"] * MAX_OPEN_WISHES + ["too_many_waiting"] * 2


def test_overlaps_would_be_seen(practice: Practice) -> None:
    """This proves that the counts above are able to fail."""
    practice.add_appointment(START)
    practice.add_appointment(START)
    assert overlapping_pairs(held(practice.url, START)) == 1
