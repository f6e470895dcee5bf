"""How many statements a request may send, whatever the data. A COMMIT counts as a statement."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text

from lambda_function.api.app import route_keys
from lambda_function.db.models import Appointment, Chair
from lambda_function.domain.appointment import Status
from tests.api.conditions import set_clinic
from tests.api.conftest import Statements
from tests.api.desk import DAY, Desk, at, instant
from tests.api.recalling import add_recall
from tests.api_client import Answer

pytestmark = pytest.mark.usefixtures("guardian")

# The guardian of pat and of many others does what pat does.
CALLERS = ["pat", "guardian", "drjay", "rita"]
BUDGETS = {
    "GET /health": 0,
    "GET /health/ready": 1,
    "GET /me": 2,
    # A change of a person replaces the words by which they are found: two statements.
    "PATCH /me": 8,
    "POST /me/calendar-token": 4,
    "DELETE /me/calendar-token": 3,
    "GET /calendar.ics": 3,
    "GET /clinics": 2,
    "GET /treatments": 2,
    "GET /doctors": 3,
    "GET /doctors/{doctor_id}/working-hours": 3,
    "PUT /doctors/{doctor_id}/working-hours": 14,
    "GET /doctors/{doctor_id}/exceptions": 3,
    "PUT /doctors/{doctor_id}/exceptions/{day}": 9,
    "DELETE /doctors/{doctor_id}/exceptions/{day}": 8,
    "GET /doctors/{doctor_id}/time-off": 3,
    "POST /doctors/{doctor_id}/time-off": 6,
    "DELETE /doctors/{doctor_id}/time-off/{time_off_id}": 7,
    "GET /availability": 8,
    # One counts how many people the words find, and one more how far a page gets that cannot tell of all.
    "GET /users": 4,
    "GET /users/{user_id}": 2,
    "POST /users": 8,
    "PATCH /users/{user_id}": 9,
    "POST /users/{user_id}/reactivate": 7,
    "POST /users/{user_id}/link-code": 6,
    "POST /me/link": 26,
    # 18, and one more that looks for open recalls.
    "DELETE /users/{user_id}": 19,
    "GET /users/{user_id}/guardians": 3,
    "PUT /users/{user_id}/guardians/{guardian_id}": 11,
    "DELETE /users/{user_id}/guardians/{guardian_id}": 8,
    "GET /appointments": 3,
    "POST /appointments": 13,
    "GET /appointments/{appointment_id}": 3,
    # 15, and one more for the first visit of a patient in a clinic.
    "PATCH /appointments/{appointment_id}": 16,
    "POST /appointments/{appointment_id}/confirm": 10,
    "POST /appointments/{appointment_id}/confirm-attendance": 10,
    "POST /appointments/{appointment_id}/cancel": 12,
    "POST /appointments/{appointment_id}/check-in": 10,
    # 10, and one more that ends a recall or opens one, or both.
    "POST /appointments/{appointment_id}/complete": 11,
    "POST /appointments/{appointment_id}/no-show": 11,
    "GET /appointments/{appointment_id}/history": 3,
    "POST /appointments/{appointment_id}/remind": 12,
    "POST /appointments/{appointment_id}/register": 7,
    "GET /notifications": 4,
    # One more for the ids of the filters, the treatment, the time zones, the contact data, and how far a page looked.
    "GET /recalls": 7,
    "POST /recalls": 14,
    "GET /recalls/{recall_id}": 3,
    "PATCH /recalls/{recall_id}": 10,
    "POST /recalls/{recall_id}/dismiss": 10,
    "GET /recalls/{recall_id}/history": 3,
    "POST /waitlist": 11,
    "GET /waitlist": 2,
    # Six, and two in which a guardian locks both patients and asks again.
    "DELETE /waitlist/{waitlist_id}": 8,
    "POST /waitlist/{waitlist_id}/accept": 14,
    "GET /appointment": 3,
    "POST /appointment": 18,
    "GET /fhir/R4/metadata": 0,
    "GET /fhir/R4/Schedule": 3,
    "POST /fhir/R4/Schedule/_search": 3,
    "GET /fhir/R4/Schedule/{schedule_id}": 3,
    "GET /fhir/R4/Slot": 9,
    "POST /fhir/R4/Slot/_search": 9,
    "GET /fhir/R4/Slot/{slot_id}": 8,
    "GET /fhir/R4/Practitioner": 3,
    "POST /fhir/R4/Practitioner/_search": 3,
    "GET /fhir/R4/Practitioner/{practitioner_id}": 3,
    "GET /fhir/R4/Patient": 4,
    "POST /fhir/R4/Patient/_search": 4,
    "GET /fhir/R4/Patient/{patient_id}": 2,
    "GET /fhir/R4/Location": 2,
    "POST /fhir/R4/Location/_search": 2,
    "GET /fhir/R4/Location/{location_id}": 2,
    "GET /fhir/R4/Appointment": 4,
    "POST /fhir/R4/Appointment/_search": 4,
    "GET /fhir/R4/Appointment/{appointment_id}": 2,
    "POST /fhir/R4/Appointment": 16,
    "PUT /fhir/R4/Appointment/{appointment_id}": 13,
    "POST /fhir/R4/Appointment/{appointment_id}/$cancel": 12,
}
# Beyond its budget, a request that frees time for which somebody waits writes that down, in two statements at most, and
# makes offers when it is over: so many, with one message about all of them, and one for each offer.
WRITING_DOWN = 2
OFFERING = 18
# Statements that pin a connection of RDS Proxy to a caller, and statements that ask the database for the time.
_FORBIDDEN = re.compile(
    r"^\s*SET\b|GET_LOCK|\bNOW\s*\(|CURRENT_TIMESTAMP|SYSDATE|UTC_TIMESTAMP|^\s*PREPARE", re.IGNORECASE
)


@pytest.fixture(params=[1, 60], ids=["1-visit", "60-visits"])
def crowded(request: pytest.FixtureRequest, desk: Desk) -> int:
    """Returns visits to read and to cancel, and the practice with this many visits and chairs."""
    practice = desk.practice
    set_clinic(practice, max_open_visits=None)
    first = practice.add_appointment(instant("15:00", "2030-01-20"))
    columns = {
        column.key: getattr(first, column.key) for column in Appointment.__table__.c if column.key != "appointment_id"
    }
    later = [
        {**columns, "starts_at": first.starts_at + timedelta(hours=n), "ends_at": first.ends_at + timedelta(hours=n)}
        for n in range(1, request.param)
    ]
    if later:
        practice.session.execute(insert(Appointment), later)
        practice.session.execute(insert(Chair), [{"clinic_id": 1, "name": f"Extra {n}"} for n in range(request.param)])
        practice.session.commit()
    return first.appointment_id


def within(statements: Statements, key: str, answer: Answer, status: int = 200) -> None:
    assert answer.status == status, answer.text
    assert len(statements) <= BUDGETS[key], "\n\n".join(statements.sent)
    assert not [statement for statement in statements.sent if _FORBIDDEN.search(statement)]


def test_every_route_has_a_budget() -> None:
    assert sorted(BUDGETS) == sorted(route_keys())


# These have their own tests, because they need a certain caller or more than a path.
_OTHER_READS = {
    "GET /doctors/{doctor_id}/time-off",
    "GET /availability",
    "GET /calendar.ics",
    "GET /waitlist",
    "GET /notifications",
    "GET /users/{user_id}/guardians",
    "GET /recalls/{recall_id}/history",
} | {key for key in BUDGETS if "/fhir/" in key}


@pytest.mark.parametrize("user_name", CALLERS)
@pytest.mark.parametrize("key", [key for key in BUDGETS if key.startswith("GET ") and key not in _OTHER_READS])
def test_reading_stays_within_its_budget(
    desk: Desk, crowded: int, statements: Statements, user_name: str, key: str
) -> None:
    path = key.removeprefix("GET ").format(
        user_id=desk.id_of(user_name),
        appointment_id=crowded,
        doctor_id=desk.id_of("drjay"),
        recall_id=add_recall(desk),
    )
    statements.clear()

    within(statements, key, desk.client.get(user_name, path))
    assert "COMMIT" not in statements.sent


@pytest.mark.parametrize(
    "query",
    [
        {"from_": at("00:00"), "to": at("00:00", "2031-01-01")},
        {"date": DAY, "clinic_id": 1},
        {"status": Status.BOOKED},
        {"doctor_id": "drjay"},
        {"patient_id": "pat"},
        {"clinic_id": 1},
        {"limit": 1},
        {
            "limit": 100,
            "doctor_id": "drjay",
            "patient_id": "pat",
            "clinic_id": 1,
            "date": "2030-01-20",
            "status": "BOOKED",
        },
    ],
    ids="+".join,
)
def test_each_filter_of_appointments_stays_within_the_budget(
    desk: Desk, crowded: int, statements: Statements, query: dict[str, Any]
) -> None:
    given = {name: desk.id_of(value) if value in {"drjay", "pat"} else value for name, value in query.items()}
    for user_name in CALLERS:
        statements.clear()
        within(statements, "GET /appointments", desk.client.get(user_name, "/appointments", **given))


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/users", {"q": "p", "user_type": "PATIENT", "limit": 100}),
        ("/doctors", {"clinic_id": 1, "treatment_id": 1}),
        ("/doctors", {"limit": 1}),
    ],
)
def test_searching_people_stays_within_the_budget(
    desk: Desk, statements: Statements, path: str, query: dict[str, Any]
) -> None:
    for number in range(20):
        desk.practice.add_patient(f"p{number}", clinics=(1, 2))
        desk.practice.add_doctor(f"d{number}")
    statements.clear()

    within(statements, f"GET {path}", desk.client.get("rita", path, **query))


@pytest.mark.parametrize("treatment", [1, 2, 3])
@pytest.mark.parametrize("user_name", CALLERS)
def test_booking_stays_within_its_budget(
    desk: Desk, crowded: int, statements: Statements, user_name: str, treatment: int
) -> None:
    body = desk.visit(at("15:00"), treatment=treatment)
    statements.clear()

    within(statements, "POST /appointments", desk.client.post(user_name, "/appointments", body), 201)
    assert statements.sent.count("COMMIT") == 1


def test_the_first_booking_in_a_clinic_and_the_last_free_chair_stay_within_the_budget(
    desk: Desk, statements: Statements
) -> None:
    for number in range(2):
        doctor = desk.practice.add_doctor(f"dr{number}").user_name
        patient = desk.practice.add_patient(f"p{number}", clinics=(1,)).user_name
        desk.booked("rita", at("15:00"), doctor=doctor, patient=patient)
    desk.practice.add_patient("newcomer")
    body = desk.visit(at("15:00"), patient="newcomer", treatment=2, patient_note="Hello")
    statements.clear()

    within(statements, "POST /appointments", desk.client.post("rita", "/appointments", body), 201)


@pytest.mark.parametrize("user_name", CALLERS)
def test_cancelling_stays_within_its_budget(desk: Desk, statements: Statements, user_name: str) -> None:
    booked = desk.booked("rita", at("15:00", "2030-01-21"), treatment=3)["appointment_id"]
    statements.clear()

    within(statements, "POST /appointments/{appointment_id}/cancel", desk.cancel(user_name, booked))


def test_creating_a_patient_stays_within_its_budget(desk: Desk, statements: Statements) -> None:
    desk.practice.add_receptionist("both", clinics=(1, 2))
    answer = desk.client.post("both", "/users", {"user_name": "new", "full_name": "New"})

    within(statements, "POST /users", answer, 201)


def test_booking_by_name_stays_within_its_budget(desk: Desk, crowded: int, statements: Statements) -> None:
    body = {"patient": "pat", "doctor": "drjay", "appointment_date": "2030-01-08 10:00:00"}

    within(statements, "POST /appointment", desk.client.post("rita", "/appointment", body), 201)


def test_what_is_refused_before_the_route_asks_the_database_nothing(desk: Desk, statements: Statements) -> None:
    statements.clear()
    assert desk.client.get(None, "/me").status == 401
    assert desk.client.get("pat", "/nowhere").status == 404
    assert desk.client.post("pat", "/users", {}).status == 422
    assert desk.client.post("pat", "/users", "{").status == 400

    assert statements.sent == []


def test_the_server_itself_counts_no_set_statement_during_requests(desk: Desk, engine: Engine) -> None:
    """The engine has one connection, so the counters of its session are those of the requests."""

    def sets() -> list[tuple[Any, ...]]:
        with engine.connect() as connection:
            rows = connection.execute(text("SHOW SESSION STATUS LIKE 'Com_%set%option'"))
            return [tuple(row) for row in rows]

    before = sets()
    booked = desk.booked("rita", at("15:00"))["appointment_id"]
    desk.client.get("pat", "/appointments")
    desk.cancelled("rita", booked)

    assert before
    assert sets() == before
