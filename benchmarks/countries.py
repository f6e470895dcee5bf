"""The data of benchmarks/registers.py: visits in two countries, and the registers of these."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import URL, Engine, insert, text

from benchmarks.messages import now
from lambda_function.db.models import Appointment
from lambda_function.db.models import Country as CountryRow
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.appointment import Status
from lambda_function.domain.messages import rfc3339
from lambda_function.services.queue import Record
from lambda_function.services.registers.registering import Country
from tests.factories import Practice
from tests.servers import plain_engine

ZONES: Mapping[str, str] = {"PE": "America/Lima", "CL": "America/Santiago"}
PATIENTS = 200
_ALL = (
    "INSERT INTO {register}.visit (appointment_id, version, clinic_id, status, starts_at, ends_at, local_starts_at,"
    " local_ends_at, treatment_code, insurance, registered_at)"
    " SELECT a.appointment_id, a.version, a.clinic_id, a.status, a.starts_at, a.ends_at, a.starts_at - INTERVAL 5 HOUR,"
    " a.ends_at - INTERVAL 5 HOUR, t.code, (SELECT MIN(i.value) FROM patient_identifier i"
    " WHERE i.user_id = a.patient_id AND i.`system` = 'insurance' AND i.scope = 'PE'), a.updated_at"
    " FROM appointment a JOIN clinic c USING (clinic_id) JOIN treatment t USING (treatment_id) WHERE c.country = 'PE'"
)
_TOLD = (
    "REPLACE INTO appointment_registration (appointment_id, version, status, at)"
    " SELECT appointment_id, version, 'DONE', updated_at FROM appointment"
)


class Place(NamedTuple):
    """A country in the benchmark. `register` and `main` are administrators' URLs."""

    code: str
    main: URL
    register: URL
    visits: Sequence[int]


def fill(practice: Practice, country: str, number: int) -> list[int]:
    """Adds a clinic in the country with so many visits, and returns their ids."""
    clinic = practice.add_clinic(f"Register {country} {number}", ZONES[country], country=country).clinic_id
    doctor = practice.add_doctor(clinic=clinic).user_id
    patients = [practice.add_patient(clinics=(clinic,)).user_id for _ in range(PATIENTS)]
    for each, patient in enumerate(patients):
        practice.add_identifier(patient, "insurance", country, f"{country}{patients[0]}N{each:04}")
    practice.session.merge(CountryRow(code=country))
    placed = now() - timedelta(hours=1)
    first = placed.replace(minute=0, second=0, microsecond=0) + timedelta(days=100)
    rows = [
        {
            "patient_id": patients[each % PATIENTS],
            "doctor_id": doctor,
            "clinic_id": clinic,
            "treatment_id": 1,
            "status": Status.BOOKED,
            "starts_at": first + each * timedelta(minutes=30),
            "ends_at": first + (each + 1) * timedelta(minutes=30),
            "buffer_before_minutes": 0,
            "buffer_after_minutes": 0,
            "created_at": placed,
            "updated_at": placed,
        }
        for each in range(number)
    ]
    practice.session.execute(insert(Appointment), rows)
    practice.session.commit()
    found = text("SELECT appointment_id FROM appointment WHERE clinic_id = :clinic ORDER BY appointment_id")
    return list(practice.session.scalars(found, {"clinic": clinic}))


def detail_of(country: str, appointment_id: int, version: int) -> dict[str, Any]:
    return {
        "message_id": appointment_id,
        "appointment_id": appointment_id,
        "version": version,
        "action": "MOVE",
        "from_status": "BOOKED",
        "to_status": "BOOKED",
        "changed": ["starts_at"],
        "announce": True,
        "country": country,
        "clinic_id": 1,
        "doctor_id": 1,
        "starts_at": rfc3339(now()),
        "at": rfc3339(now()),
    }


def records(bodies: Sequence[str]) -> list[Record]:
    return [Record(str(number), body) for number, body in enumerate(bodies)]


def country_of(place: Place, main: Engine, register: Engine) -> Country:
    return Country(place.code, Database(main, now), Database(register, now))


def register_all(peru: Place) -> None:
    """Makes the register right about all visits of Peru, and the main database know it."""
    with plain_engine(peru.main).begin() as connection:
        connection.execute(text(f"DELETE FROM {peru.register.database}.visit"))
        connection.execute(text(_ALL.format(register=peru.register.database)))
        connection.execute(text(_TOLD))
