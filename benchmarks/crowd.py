"""The practice of benchmarks/bounded.py: 100,000 visits, 10,000 wishes and 200,000 kept answers.

Most of the rows only surround the ones that are measured. They are written without the application, many rows to a
statement, in about a minute. The tables `bench_number` and `bench_waitlist` exist only for this benchmark.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import URL, Connection, inspect, text

from benchmarks.bench import add_doctors
from lambda_function.domain.appointment import CLAIMS_KEPT
from tests.clock import NOW
from tests.factories import Practice
from tests.servers import plain_engine

VISITS, WISHES, ANSWERS = 100_000, 10_000, 200_000
LAPSED, WAITING_FOR_TIME_OFF, TIME_OFF = 1000, 450, timedelta(days=30)
CLINICS, DOCTORS_A_CLINIC, PATIENTS = 10, 4, 8000
MARATHON, MARATHON_DOCTORS, FEED, AHEAD, EXCEPTIONS, EVENTS = 2600, 26, 5000, 982, 3000, 100
VISIT, BATCH = timedelta(minutes=30), 5000
# The first patients see the crowd's doctors, and the others see the doctor with the feed.
_OF_CROWD, _OF_FEED = 5000, 1500
_SLOTS = 6  # slots of five minutes in a visit
# A note of the greatest allowed length, of characters that take the most bytes when JSON escapes them.
_LONG = "\N{TOOTH}" * 2000


@dataclass(frozen=True, slots=True)
class Somebody:
    user_id: int
    user_name: str


@dataclass(slots=True)
class Crowd:
    """`desk` is a receptionist of all the clinics. `patient` is the first of many with ids in a row."""

    desk: Somebody
    patient: int
    doctors: list[tuple[int, int, int]]  # each with clinic and chair
    marathon: list[Somebody]  # patients with MARATHON visits ahead
    seeing: list[int]  # their doctors
    hundred: Somebody  # a patient with 100 visits ahead
    feed: Somebody  # a doctor with FEED visits
    busy: Somebody  # a doctor with AHEAD visits to come
    away: Somebody  # a doctor who has time off
    dated: Somebody  # a doctor with EXCEPTIONS exceptions
    hall: int  # the clinic of the last four


def _somebody(user: Any) -> Somebody:
    return Somebody(user.user_id, user.user_name)


def people(url: URL) -> Crowd:
    doctors: list[tuple[int, int, int]] = []
    with Practice.open(url) as practice:
        for number in range(CLINICS):
            doctors += add_doctors(practice, f"Bench {number}", DOCTORS_A_CLINIC)
        hall = practice.add_clinic("Hall", "America/Lima").clinic_id
        clinics = tuple(sorted({hall, *(clinic_id for _, clinic_id, _ in doctors)}))
        desk = _somebody(practice.add_receptionist("bench", clinics=clinics))
        runners = [_somebody(practice.add_patient(f"runner{number}", clinics=(hall,))) for number in range(3)]
        seeing = [practice.add_doctor(clinic=hall).user_id for _ in range(MARATHON_DOCTORS)]
        hundred = _somebody(practice.add_patient("hundred", clinics=(hall,)))
        feed, busy, away, dated = (
            _somebody(practice.add_doctor(name, clinic=hall)) for name in ("feed", "busy", "away", "dated")
        )
    with plain_engine(url).begin() as connection:
        first = _patients(connection)
    return Crowd(desk, first, doctors, runners, seeing, hundred, feed, busy, away, dated, hall)


def _patients(connection: Connection) -> int:
    """Creates `bench_number` with 0 to ANSWERS - 1, and PATIENTS with consecutive ids. Returns the first id."""
    connection.execute(text("CREATE TABLE bench_number (n INT PRIMARY KEY)"))
    digits = " UNION ALL ".join(f"SELECT {digit} AS d" for digit in range(10))
    places = ", ".join(f"({digits}) AS p{place}" for place in range(6))
    value = " + ".join(f"p{place}.d * {10**place}" for place in range(6))
    numbers = f"INSERT INTO bench_number SELECT v FROM (SELECT {value} AS v FROM {places}) AS t WHERE v < {ANSWERS}"
    connection.execute(text(numbers))
    connection.execute(
        text(
            "INSERT INTO user (user_name, user_type, full_name, email, phone, cognito_sub, created_at, updated_at)"
            " SELECT CONCAT('crowd', n), 1, CONCAT('Crowd ', n), CONCAT('crowd', n, '@example.org'),"
            " CONCAT('+51 9', LPAD(n, 8, '0')), CONCAT('sub-crowd', n), :now, :now FROM bench_number"
            f" WHERE n < {PATIENTS} ORDER BY n"
        ),
        {"now": naive(NOW)},
    )
    first, last = connection.execute(
        text("SELECT MIN(user_id), MAX(user_id) FROM user WHERE user_name LIKE 'crowd%'")
    ).one()
    if last - first + 1 != PATIENTS:
        raise RuntimeError("the patients' ids are not in a row")
    connection.execute(text(f"INSERT INTO patient SELECT {first} + n FROM bench_number WHERE n < {PATIENTS}"))
    return int(first)


def naive(instant: datetime) -> datetime:
    return instant.replace(tzinfo=None)


def _visit(patient: int, doctor: tuple[int, int, int | None], start: datetime) -> dict[str, Any]:
    doctor_id, clinic_id, chair_id = doctor
    return {
        "patient_id": patient,
        "doctor_id": doctor_id,
        "clinic_id": clinic_id,
        "chair_id": chair_id,
        "starts_at": naive(start),
        "ends_at": naive(start + VISIT),
    }


def _half_hour(number: int, a_day: int, first_day: int) -> datetime:
    """Returns when the visit with that number starts, for a doctor with that many visits a day from 06:00 UTC on."""
    day, turn = divmod(number, a_day)
    return NOW.replace(hour=6) + timedelta(days=first_day + day) + turn * VISIT


def visits(crowd: Crowd) -> Iterator[dict[str, Any]]:
    """Yields visits that never overlap for a doctor, a patient or a chair. Most of the crowd's are in the past."""
    special = len(crowd.marathon) * MARATHON + 100 + FEED + AHEAD
    for number in range(VISITS - special):
        turn, lane = divmod(number, len(crowd.doctors))
        patient = crowd.patient + (turn * len(crowd.doctors) + lane) % _OF_CROWD
        yield _visit(patient, crowd.doctors[lane], _half_hour(turn, 16, -110))
    counts = [MARATHON] * len(crowd.marathon) + [100]
    for lane, (somebody, count) in enumerate(zip([*crowd.marathon, crowd.hundred], counts, strict=True)):
        for number in range(count):
            doctor_id = crowd.seeing[(number + lane) % MARATHON_DOCTORS]
            yield _visit(somebody.user_id, (doctor_id, crowd.hall, None), _half_hour(number, 24, 2))
    for number in range(FEED):
        patient = crowd.patient + _OF_CROWD + number % _OF_FEED
        yield _visit(patient, (crowd.feed.user_id, crowd.hall, None), _half_hour(number, 24, -29))
    for number in range(AHEAD):
        patient = crowd.patient + _OF_CROWD + _OF_FEED + number % (PATIENTS - _OF_CROWD - _OF_FEED)
        yield _visit(patient, (crowd.busy.user_id, crowd.hall, None), _half_hour(number, 24, 1))


_INSERT = (
    "INSERT INTO appointment (patient_id, doctor_id, clinic_id, chair_id, treatment_id, status, starts_at, ends_at,"
    " buffer_before_minutes, buffer_after_minutes, patient_note, created_at, updated_at) VALUES (:patient_id,"
    " :doctor_id, :clinic_id, :chair_id, 1, 'BOOKED', :starts_at, :ends_at, 0, 0, 'Prefers the window', '2030-01-01',"
    " '2030-01-01')"
)


def fill(url: URL, crowd: Crowd) -> None:
    """Writes everything except the kept answers, which are copies of a real one."""
    with plain_engine(url).connect() as connection:
        rows = visits(crowd)
        while batch := list(islice(rows, BATCH)):
            connection.execute(text(_INSERT), batch)
            connection.commit()
        _claims(connection)
        _history(connection)
        _opening(connection, crowd)
        _wishes(connection, crowd)
        tables = "appointment, slot_claim, appointment_event, waitlist_entry, user, working_hours_exception"
        connection.execute(text(f"ANALYZE TABLE {tables}"))


def _claims(connection: Connection) -> None:
    """Writes the claims of the last week and later, as after a purge, and the clinics of the patients."""
    for kind, column in ((1, "doctor_id"), (2, "patient_id"), (3, "chair_id")):
        for slot in range(_SLOTS):
            claims = (
                f"INSERT INTO slot_claim SELECT {kind}, {column}, TIMESTAMPADD(MINUTE, {5 * slot}, starts_at),"
                f" appointment_id FROM appointment WHERE ends_at > :kept AND {column} IS NOT NULL"
            )
            connection.execute(text(claims), {"kept": naive(NOW - CLAIMS_KEPT)})
            connection.commit()
    members = "INSERT IGNORE INTO clinic_patient SELECT DISTINCT clinic_id, patient_id, :now FROM appointment"
    connection.execute(text(members), {"now": naive(NOW)})
    connection.commit()


def _history(connection: Connection) -> None:
    """Writes one event for each visit, and EVENTS events of the greatest length for the first visit."""
    booked = (
        "INSERT INTO appointment_event (appointment_id, at, action, to_status, changes)"
        " SELECT appointment_id, created_at, 'BOOK', 'BOOKED', '{}' FROM appointment"
    )
    connection.execute(text(booked))
    changes = json.dumps({"patient_note": [_LONG, _LONG], "internal_note": [_LONG, _LONG]}, ensure_ascii=False)
    long = (
        "INSERT INTO appointment_event (appointment_id, at, action, from_status, to_status, changes) SELECT (SELECT"
        " MIN(appointment_id) FROM appointment), :now, 'NOTE', 'BOOKED', 'BOOKED', :changes FROM bench_number"
        f" WHERE n < {EVENTS}"
    )
    connection.execute(text(long), {"now": naive(NOW), "changes": changes})
    connection.commit()


def _opening(connection: Connection, crowd: Crowd) -> None:
    dated = (
        "INSERT INTO working_hours_exception (doctor_id, day, start_minute, end_minute) SELECT :doctor,"
        " DATE_ADD(:today, INTERVAL n DIV 4 DAY), 480 + 120 * (n MOD 4), 570 + 120 * (n MOD 4) FROM bench_number"
        f" WHERE n < {4 * EXCEPTIONS}"
    )
    connection.execute(text(dated), {"doctor": crowd.dated.user_id, "today": NOW.date()})
    start = NOW + timedelta(days=2)
    statement = (
        "INSERT INTO time_off (doctor_id, starts_at, ends_at, reason, created_at)"
        " VALUES (:doctor, :start, :end, 'Time off', :now)"
    )
    given = {"doctor": crowd.away.user_id, "start": naive(start), "end": naive(start + TIME_OFF), "now": naive(NOW)}
    connection.execute(text(statement), given)
    connection.commit()


_WISH = (
    "INSERT INTO waitlist_entry (patient_id, treatment_id, doctor_id, clinic_id, status, wished_from, wished_to,"
    " offer_doctor_id, offer_starts_at, offer_ends_at, offer_expires_at, created_at, updated_at) VALUES (:patient, 1,"
    " :doctor, :clinic, :status, :from, :to, :offer_doctor, :offer_start, :offer_end, :offer_expires, '2030-01-01',"
    " '2030-01-01')"
)
_NO_OFFER = dict.fromkeys(("offer_doctor", "offer_start", "offer_end", "offer_expires"))


def _wishes(connection: Connection, crowd: Crowd) -> None:
    rows = [*_lapsed(crowd), *_waiting(crowd)]
    for start in range(0, len(rows), BATCH):
        connection.execute(text(_WISH), rows[start : start + BATCH])
        connection.commit()
    connection.execute(text("CREATE TABLE bench_waitlist AS SELECT * FROM waitlist_entry"))


def _lapsed(crowd: Crowd) -> Iterator[dict[str, Any]]:
    """Writes offers of free mornings that nobody has taken in time."""
    for number in range(LAPSED):
        doctor_id, clinic_id, _ = crowd.doctors[number % len(crowd.doctors)]
        start = NOW.replace(hour=0) + timedelta(days=2 + number % 20) + (number // 200) * VISIT
        yield {
            "patient": crowd.patient + number,
            "doctor": None,
            "clinic": clinic_id,
            "status": "OFFERED",
            "from": naive(NOW),
            "to": naive(NOW + timedelta(days=30)),
            "offer_doctor": doctor_id,
            "offer_start": naive(start),
            "offer_end": naive(start + VISIT),
            "offer_expires": naive(NOW - timedelta(hours=1)),
        }


def _waiting(crowd: Crowd) -> Iterator[dict[str, Any]]:
    """Writes the wishes. WAITING_FOR_TIME_OFF of them are each for a day on which the doctor has time off."""
    for number in range(WISHES - LAPSED):
        doctor_id, clinic_id, _ = crowd.doctors[number % len(crowd.doctors)]
        day = NOW.replace(hour=0) + timedelta(days=2 + number % 25)
        yield {
            "patient": crowd.patient + LAPSED + number % (PATIENTS - LAPSED),
            "doctor": crowd.away.user_id if number < WAITING_FOR_TIME_OFF else (doctor_id if number % 2 else None),
            "clinic": crowd.hall if number < WAITING_FOR_TIME_OFF else clinic_id,
            "status": "WAITING",
            "from": naive(day),
            "to": naive(day + timedelta(days=1)),
            **_NO_OFFER,
        }


def restore_waitlist(url: URL) -> None:
    """Restores the waitlist as it was filled, so that each measurement finds the same."""
    with plain_engine(url).begin() as connection:
        connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
        connection.execute(text("DELETE FROM waitlist_entry"))
        columns = ", ".join(column["name"] for column in inspect(connection).get_columns("bench_waitlist"))
        connection.execute(text(f"INSERT INTO waitlist_entry ({columns}) SELECT {columns} FROM bench_waitlist"))


def copy_answers(url: URL, crowd: Crowd, patient_id: int) -> None:
    """Copies the one kept answer, which names this patient, for ANSWERS requests about patients of the crowd. Every
    hundredth is about the last marathon patient.
    """
    mine = f'"patient":{{"user_id":{patient_id},'
    whose = f"IF(n MOD 100 = 0, {crowd.marathon[-1].user_id}, {crowd.patient} + n MOD {PATIENTS})"
    changed = {
        "key_hash": "SHA2(CONCAT(k.key_hash, n), 256)",
        "body": f"REPLACE(body, '{mine}', CONCAT('\"patient\":{{\"user_id\":', {whose}, ','))".replace(":", r"\:"),
        "created_at": "TIMESTAMPADD(MINUTE, -(n DIV 200), k.created_at)",
    }
    with plain_engine(url).connect() as connection:
        columns = [column["name"] for column in inspect(connection).get_columns("idempotency_key")]
        values = ", ".join(changed.get(column, f"k.{column}") for column in columns)
        for start in range(0, ANSWERS, 4 * BATCH):
            connection.execute(
                text(
                    f"INSERT INTO idempotency_key ({', '.join(columns)}) SELECT {values} FROM"
                    " (SELECT * FROM idempotency_key ORDER BY created_at DESC LIMIT 1) AS k JOIN bench_number"
                    f" WHERE n BETWEEN {start} AND {start + 4 * BATCH - 1}"
                )
            )
            connection.commit()
        connection.execute(text("ANALYZE TABLE idempotency_key"))
