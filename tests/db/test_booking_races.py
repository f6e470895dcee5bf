"""Sixteen clients want overlapping but different windows of one doctor, one patient or one chair.

Each runs eight rounds on MySQL and on MariaDB, or forty with `--hypothesis-profile=full`. No two winners overlap, no
deadlock reaches a client, and nobody is refused a time that stayed free.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import URL

from lambda_function.domain.intervals import Interval
from lambda_function.services.booking import BookingRequest
from tests.clock import NOW
from tests.db.races import THREADS, Clients, booking, held, overlapping_pairs, plain_booking
from tests.factories import Practice
from tests.profiles import examples

ROUNDS = examples(8, 40)
VISIT = timedelta(minutes=30)
BUSY = {"doctor": "doctor_busy", "patient": "patient_busy", "chair": "chair_busy"}


@pytest.fixture
def clients(race_url: URL) -> Iterator[Clients]:
    clients = Clients(race_url)
    yield clients
    clients.close()


def _requests(practice: Practice, contended: str) -> list[BookingRequest]:
    """Returns one request for each client, five minutes apart, that share only the contended resource."""
    chairs = {"doctor": 0, "patient": 0, "chair": 1}[contended]
    clinic = practice.add_clinic("Arena", "America/Lima", chairs=chairs)
    practice.add_receptionist("arbiter", clinics=(clinic.clinic_id,))
    clinic_id = clinic.clinic_id
    doctors = [practice.add_doctor(clinic=clinic_id).user_id for _ in range(1 if contended == "doctor" else THREADS)]
    patients = [
        practice.add_patient(clinics=(clinic_id,)).user_id for _ in range(1 if contended == "patient" else THREADS)
    ]
    return [
        BookingRequest(
            doctor_id=doctors[number % len(doctors)],
            patient_id=patients[number % len(patients)],
            treatment_id=1,
            starts_at=NOW + timedelta(days=1, minutes=5 * number),
        )
        for number in range(THREADS)
    ]


@pytest.mark.parametrize("contended", ["doctor", "patient", "chair"])
def test_no_overlap_no_deadlock_and_no_false_refusal(race_url: URL, clients: Clients, contended: str) -> None:
    with Practice.open(race_url) as practice:
        requests = _requests(practice, contended)
        arbiter = practice.actor("arbiter")
    for number in range(ROUNDS):
        day = timedelta(days=number)
        jobs = [booking(arbiter, replace(request, starts_at=request.starts_at + day)) for request in requests]
        answers = clients.at_once(jobs)
        booked = held(race_url, NOW + timedelta(days=1) + day)
        assert set(answers) <= {"booked", BUSY[contended]}
        assert answers.count("booked") == len(booked) >= 1
        assert overlapping_pairs(booked) == 0
        for request, answer in zip(requests, answers, strict=True):
            wanted = Interval(request.starts_at + day, request.starts_at + day + VISIT)
            assert answer == "booked" or any(wanted.overlaps(time) for _, time in booked)


def test_a_writer_that_forgets_the_locks_cannot_overlap_either(race_url: URL, clients: Clients) -> None:
    with Practice.open(race_url) as practice:
        requests = _requests(practice, "doctor")
        arbiter = practice.actor("arbiter")
    clinic_id = arbiter.clinic_ids[0]
    for number in range(ROUNDS // 2):
        day = timedelta(days=number)
        jobs = [
            plain_booking(race_url, replace(request, starts_at=request.starts_at + day), clinic_id, claims=True)
            if client % 2
            else booking(arbiter, replace(request, starts_at=request.starts_at + day))
            for client, request in enumerate(requests)
        ]
        clients.at_once(jobs)
        booked = held(race_url, NOW + timedelta(days=1) + day)
        assert len(booked) >= 1
        assert overlapping_pairs(booked) == 0


def test_without_locks_and_claims_the_same_race_does_overlap(race_url: URL, clients: Clients) -> None:
    """This proves that the tests above are able to fail."""
    with Practice.open(race_url) as practice:
        requests = _requests(practice, "doctor")
        clinic_id = practice.actor("arbiter").clinic_ids[0]
    overlapping = 0
    for number in range(ROUNDS // 2):
        day = timedelta(days=number)
        moved = [replace(request, starts_at=request.starts_at + day) for request in requests]
        clients.at_once([plain_booking(race_url, request, clinic_id, claims=False) for request in moved])
        overlapping += overlapping_pairs(held(race_url, NOW + timedelta(days=1) + day))
    assert overlapping > 0
