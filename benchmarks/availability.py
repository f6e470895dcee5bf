"""Times free slots with few and with very many appointments, against the same SQL sent by PyMySQL alone.

    python -m benchmarks.availability [--url mysql+pymysql://administrator:password@host:port] [--most 1000000]

200 doctors in 10 clinics of 20 chairs each work round the clock. Appointments of 30 minutes are spread evenly over five
years, four and a half of them in the past. Only the future ones have claims, as after a purge. A receptionist reads the
first page of 200 slots, in process and warm: of one doctor for a day, of the 20 doctors of a clinic for 31 days, and of
any doctor for a week. Each query runs first with only the next 10,000 appointments and then with all of --most: it
reads the same appointments both times, and only their surroundings differ. Handler and floor take turns in each round.

Aims: 20 doctors for 31 days take under 50 ms and at most 2.0 times the floor, and --most appointments cost at most 1.2
times as much as 10,000. Without --url a throw-away MySQL is started. With it, the database `dentist_bench` of that
server is dropped and created again.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import islice
from statistics import median
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import URL, Connection, text

from benchmarks.bench import add_doctors, answered, argument_parser, bench_database
from benchmarks.floor import Step, recorded, replay
from lambda_function.api.app import Api, create_app
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine, connect
from lambda_function.db.unit_of_work import Database
from tests.api_client import access_claims, http_event
from tests.clock import NOW, Clock
from tests.factories import Practice
from tests.servers import plain_engine

CLINICS, DOCTORS_A_CLINIC, PATIENTS = 10, 20, 2000
DOCTORS = CLINICS * DOCTORS_A_CLINIC
PAST, FUTURE = timedelta(days=1643), timedelta(days=183)
VISITS_A_DAY = 20
ROUNDS, WARM_UP = 40, 5
FEW = 10_000
_BATCH = 5000
_SLOTS = 6  # slots of five minutes in a visit


def practice_of(url: URL) -> tuple[list[tuple[int, int, int]], list[int], int]:
    """Returns (doctor, clinic, chair) of every doctor, the patients, and the first clinic."""
    doctors: list[tuple[int, int, int]] = []
    with Practice.open(url) as practice:
        for number in range(CLINICS):
            doctors += add_doctors(practice, f"Clinic {number}", DOCTORS_A_CLINIC)
        patients = [practice.add_patient(clinics=(1,)).user_id for _ in range(PATIENTS)]
        practice.add_receptionist("bench", clinics=tuple({clinic_id for _, clinic_id, _ in doctors}))
    return doctors, patients, doctors[0][1]


def visits(doctors: list[tuple[int, int, int]], patients: list[int], amount: int) -> Iterator[dict[str, Any]]:
    """Yields visits that are spread evenly over all doctors and the five years, at most one in a doctor's half hour."""
    days = (PAST + FUTURE).days
    each = -(-amount // DOCTORS)
    for number in range(amount):
        doctor_id, clinic_id, chair_id = doctors[number % DOCTORS]
        turn = number // DOCTORS
        # Each day has its visits at the half hours from 08:00 in Lima, always in the same order.
        day, half_hour = turn * days // each, (turn * 7 + number) % VISITS_A_DAY
        start = NOW.replace(hour=13) - PAST + timedelta(days=day, minutes=30 * half_hour)
        yield {
            "patient_id": patients[number % PATIENTS],
            "doctor_id": doctor_id,
            "clinic_id": clinic_id,
            "chair_id": chair_id,
            "starts_at": start.replace(tzinfo=None),
            "ends_at": (start + timedelta(minutes=30)).replace(tzinfo=None),
        }


_INSERT = (
    "INSERT INTO appointment (patient_id, doctor_id, clinic_id, chair_id, treatment_id, status, starts_at, ends_at,"
    " buffer_before_minutes, buffer_after_minutes, created_at, updated_at) VALUES (:patient_id, :doctor_id, :clinic_id,"
    " :chair_id, 1, 'BOOKED', :starts_at, :ends_at, 0, 0, '2030-01-01', '2030-01-01')"
)
# Two visits of the made-up calendar may share a half hour. INSERT IGNORE then takes the claim only once.
_CLAIMS = (
    "INSERT IGNORE INTO slot_claim SELECT {kind}, {column}, TIMESTAMPADD(MINUTE, 5 * {slot}, starts_at),"
    " appointment_id FROM appointment WHERE starts_at >= :now"
)


def next_ones(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields the next FEW visits from now on."""
    now = NOW.replace(tzinfo=None)
    ahead = sorted((row for row in rows if row["starts_at"] >= now), key=lambda row: row["starts_at"])
    return iter(ahead[:FEW])


def fill(connection: Connection, rows: Iterator[dict[str, Any]]) -> None:
    """Replaces all appointments."""
    connection.execute(text("DELETE FROM slot_claim"))
    connection.execute(text("TRUNCATE TABLE appointment_event"))
    connection.execute(text("DELETE FROM appointment"))
    while batch := list(islice(rows, _BATCH)):
        connection.execute(text(_INSERT), batch)
        connection.commit()
    for kind, column in ((1, "doctor_id"), (2, "patient_id"), (3, "chair_id")):
        for slot in range(_SLOTS):
            statement = _CLAIMS.format(kind=kind, column=column, slot=slot)
            connection.execute(text(statement), {"now": NOW.replace(tzinfo=None)})
            connection.commit()
    connection.execute(text("ANALYZE TABLE appointment, slot_claim"))


def queries(doctor_id: int, clinic_id: int) -> Mapping[str, dict[str, Any]]:
    def between(days: int, **more: Any) -> dict[str, Any]:
        start = NOW + timedelta(days=1)
        return {"treatment_id": 1, "from": start.isoformat(), "to": (start + timedelta(days=days)).isoformat(), **more}

    return {
        "1 doctor, a day": between(1, doctor_id=doctor_id),
        "20 doctors, 31 days": between(31, clinic_id=clinic_id),
        "any of 200 doctors, a week": between(7),
    }


def measure(url: URL, wanted: Mapping[str, dict[str, Any]]) -> dict[str, tuple[int, float, float]]:
    """Returns each query's number of statements and the medians of handler and floor in milliseconds."""
    source = UrlCredentials(url)
    engine = build_engine(source, tls=None)
    api = create_app(Database(engine, Clock(NOW)))
    raw = connect(source.current(), charset="utf8mb4", ssl_disabled=True)
    found = {}
    for name, query in wanted.items():
        event = http_event("GET", "/availability", query=urlencode(query), claims=access_claims("bench"))
        with recorded(engine) as steps:
            body = answered(api, event)
        if not json.loads(body)["items"]:
            raise RuntimeError(f"{name}: no slots")
        handler, floor = _times(api, event, raw, steps)
        found[name] = (len(steps), handler, floor)
    raw.close()
    engine.dispose()
    return found


def _times(api: Api, event: dict[str, Any], raw: Any, steps: list[Step]) -> tuple[float, float]:
    handler, floor = [], []
    for number in range(-WARM_UP, ROUNDS):
        begun = perf_counter()
        answered(api, event)
        between = perf_counter()
        raw.ping(reconnect=False)
        replay(raw, steps)
        if number >= 0:
            handler.append((between - begun) * 1000)
            floor.append((perf_counter() - between) * 1000)
    return median(handler), median(floor)


def report(url: URL, most: int) -> None:
    doctors, patients, clinic_id = practice_of(url)
    wanted = queries(doctors[0][0], clinic_id)
    found = []
    with plain_engine(url).connect() as connection:
        for rows in (next_ones(visits(doctors, patients, most)), visits(doctors, patients, most)):
            fill(connection, rows)
            found.append(measure(url, wanted))
    print(f"First page of 200 slots; {FEW:,} and {most:,} appointments of {DOCTORS} doctors. Times in ms.\n")
    print(f"| query | SQL steps | handler, {FEW:,} | handler, {most:,} | floor, {most:,} | handler / floor | growth |")
    print("|---|---|---|---|---|---|---|")
    for name in wanted:
        (_, few, _), (steps, many, floor) = found[0][name], found[1][name]
        print(
            f"| {name} | {steps} | {few:.1f} | {many:.1f} | {floor:.1f} | **{many / floor:.2f}** | {many / few:.2f} |"
        )


def main() -> None:
    parser = argument_parser(__doc__)
    parser.add_argument("--most", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with bench_database(arguments.url) as url:
        report(url, arguments.most)


if __name__ == "__main__":
    main()
