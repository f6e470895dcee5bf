"""The budgets of test_query_budgets.py for hours, time off, free slots, moves, steps, the waitlist and profiles."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from lambda_function.db.models import Appointment, TimeOff, WorkingHoursException
from tests.api.conditions import add_visits
from tests.api.conftest import Statements
from tests.api.desk import Desk, at, instant, rfc3339
from tests.api.scene import AHEAD, BEGUN, LATER_TODAY, REQUESTED, UNDER_WAY, Scene, State
from tests.api.test_query_budgets import CALLERS, within
from tests.clock import NOW

pytestmark = pytest.mark.usefixtures("guardian")

WEEK = {"hours": [{"weekday": day, "start": "08:00", "end": "18:00"} for day in range(1, 7)]}


@pytest.fixture
def scene(desk: Desk) -> Scene:
    return Scene(desk)


@pytest.fixture(params=[0, 60], ids=["nothing-booked", "60-visits"])
def busy(request: pytest.FixtureRequest, desk: Desk) -> None:
    """Adds this many visits, exceptions and times off of drjay, from January 2031 on."""
    practice, start = desk.practice, instant("15:00", "2031-01-06")
    if not request.param:
        return
    first = practice.add_appointment(start)
    columns = {
        column.key: getattr(first, column.key) for column in Appointment.__table__.c if column.key != "appointment_id"
    }
    later = [timedelta(days=n) for n in range(1, request.param)]
    visits = [{**columns, "starts_at": start + passed, "ends_at": start + passed + passed / 200} for passed in later]
    practice.session.execute(insert(Appointment), visits)
    doctor_id = desk.id_of("drjay")
    practice.add(*(WorkingHoursException(doctor_id=doctor_id, day=(start + passed).date()) for passed in later))
    times = [start + passed + timedelta(days=200) for passed in later]
    practice.add(
        *(
            TimeOff(doctor_id=doctor_id, starts_at=time, ends_at=time + timedelta(hours=1), reason="x", created_at=NOW)
            for time in times
        )
    )


@pytest.mark.parametrize("doctors", [0, 20])
@pytest.mark.parametrize("days", [1, 31])
@pytest.mark.parametrize(
    "query", [{}, {"doctor_id": "drjay"}, {"clinic_id": 1}, {"limit": 1000}, {"exclude": True}], ids=str
)
def test_availability_stays_within_its_budget_whatever_the_range_and_the_doctors(
    desk: Desk, statements: Statements, query: dict[str, Any], days: int, doctors: int
) -> None:
    visits = [desk.booked("rita", at(time)) for time in ("14:00", "15:00", "16:00")]
    for number in range(doctors):
        desk.practice.add_doctor(f"d{number}", clinic=1 + number % 2)
    given = {**query, "doctor_id": desk.id_of("drjay")} if "doctor_id" in query else dict(query)
    if given.pop("exclude", False):
        given["exclude_appointment_id"] = visits[0]["appointment_id"]
    end = instant("00:00") + timedelta(days=days)
    times = {"from": at("00:00"), "to": rfc3339(end)}

    for user_name in CALLERS:
        statements.clear()
        answer = desk.client.get(user_name, "/availability", treatment_id=1, **times, **given)

        within(statements, "GET /availability", answer)
        assert answer.json["items"]
        assert "COMMIT" not in statements.sent


def test_availability_of_nobody_stays_within_its_budget(desk: Desk, statements: Statements) -> None:
    clinic_id = desk.practice.add_clinic("Empty", "America/Lima").clinic_id
    visit = desk.booked("rita", at("15:00"))["appointment_id"]
    statements.clear()

    answer = desk.client.get(
        "rita",
        "/availability",
        treatment_id=1,
        from_=at("00:00"),
        to=at("23:00"),
        clinic_id=clinic_id,
        exclude_appointment_id=visit,
    )
    within(statements, "GET /availability", answer)


@pytest.mark.parametrize("user_name", CALLERS)
@pytest.mark.parametrize("booked_as", ["pat", "rita"])
def test_moving_stays_within_its_budget(
    desk: Desk, busy: None, statements: Statements, user_name: str, booked_as: str
) -> None:
    visit = desk.booked(booked_as, at("15:00", "2030-01-21"), treatment=3)["appointment_id"]
    statements.clear()

    body = {"starts_at": at("16:00", "2030-01-22")}
    answer = desk.client.call(user_name, "PATCH", f"/appointments/{visit}", body)

    within(statements, "PATCH /appointments/{appointment_id}", answer)
    assert statements.sent.count("COMMIT") == 1


@pytest.mark.parametrize("country", ["PE", "CL"])
@pytest.mark.parametrize("user_name", ["pat", "guardian", "rita"])
def test_moving_to_another_doctor_and_chair_for_the_first_time_in_a_clinic_stays_within_its_budget(
    desk: Desk, statements: Statements, user_name: str, country: str
) -> None:
    clinic_id = desk.practice.add_clinic("Third", "America/Lima", country=country, chairs=3).clinic_id
    desk.practice.add_receptionist("both", clinics=(1, clinic_id))
    doctor = desk.practice.add_doctor("drthird", clinic=clinic_id)
    visit = desk.booked("pat", at("15:00", "2030-01-21"), treatment=3)["appointment_id"]
    caller = {"rita": "both"}.get(user_name, user_name)
    body = {"starts_at": at("16:00", "2030-01-22"), "doctor_id": doctor.user_id}
    statements.clear()

    answer = desk.client.call(caller, "PATCH", f"/appointments/{visit}", body)

    within(statements, "PATCH /appointments/{appointment_id}", answer)


@pytest.mark.parametrize(
    ("user_name", "name", "state"),
    [
        ("drjay", "confirm", REQUESTED),
        ("rita", "confirm", REQUESTED),
        ("pat", "confirm-attendance", AHEAD),
        ("rita", "confirm-attendance", AHEAD),
        ("rita", "check-in", LATER_TODAY),
        ("drjay", "complete", UNDER_WAY),
        ("drjay", "no-show", BEGUN),
        ("rita", "no-show", BEGUN),
    ],
)
@pytest.mark.usefixtures("busy")
def test_each_step_stays_within_its_budget(
    scene: Scene, statements: Statements, user_name: str, name: str, state: State
) -> None:
    desk, visit = scene.desk, scene.appointment("pat", "drjay", state)
    statements.clear()

    answer = desk.client.post(user_name, f"/appointments/{visit}/{name}")

    within(statements, f"POST /appointments/{{appointment_id}}/{name}", answer)
    assert statements.sent.count("COMMIT") == 1


@pytest.mark.parametrize("user_name", ["drjay", "rita"])
def test_reading_and_taking_time_off_stays_within_its_budget(
    desk: Desk, busy: None, scene: Scene, statements: Statements, user_name: str
) -> None:
    path = f"/doctors/{desk.id_of('drjay')}/time-off"
    time_off = scene.time_off("drjay")
    body = {
        "starts_at": at("00:00", "2031-01-01"),
        "ends_at": at("00:00", "2031-04-01"),
        "reason": "Holiday",
        "accept_conflicts": True,
    }
    statements.clear()

    within(statements, "GET /doctors/{doctor_id}/time-off", desk.client.get(user_name, path))
    statements.clear()
    within(statements, "POST /doctors/{doctor_id}/time-off", desk.client.post(user_name, path, body), 201)
    statements.clear()
    given_up = desk.client.call(user_name, "DELETE", f"{path}/{time_off}")
    within(statements, "DELETE /doctors/{doctor_id}/time-off/{time_off_id}", given_up, 204)


@pytest.mark.parametrize("user_name", ["drjay", "rita"])
def test_setting_hours_stays_within_its_budget(desk: Desk, busy: None, statements: Statements, user_name: str) -> None:
    path = f"/doctors/{desk.id_of('drjay')}"
    day = f"{path}/exceptions/2031-01-10"
    for key, target, body in (
        ("PUT /doctors/{doctor_id}/working-hours", f"{path}/working-hours", WEEK),
        ("PUT /doctors/{doctor_id}/exceptions/{day}", day, {"hours": []}),
        ("PUT /doctors/{doctor_id}/exceptions/{day}", day, {"hours": [{"start": "08:00", "end": "09:00"}]}),
        ("DELETE /doctors/{doctor_id}/exceptions/{day}", day, None),
    ):
        statements.clear()
        answer = desk.client.call(user_name, key.split(" ", 1)[0], target, body)
        within(statements, key, answer)


@pytest.mark.parametrize("user_name", ["pat", "guardian", "rita"])
@pytest.mark.parametrize("others", [0, 10])
def test_waiting_stays_within_its_budget(
    desk: Desk, scene: Scene, statements: Statements, user_name: str, others: int
) -> None:
    for number in range(others):
        desk.practice.add_patient(f"p{number}", clinics=(1,))
        scene.wish(f"p{number}", "drjay")
    offered, given_up = scene.wish("pat", "drjay"), scene.wish("pat", "drjay")
    wish = {"treatment_id": 3, "patient_id": desk.id_of("pat"), "doctor_id": desk.id_of("drjay")}
    body = {**wish, "from": at("00:00"), "to": at("23:00")}
    for key, path, sent, status in (
        ("POST /waitlist", "/waitlist", body, 201),
        ("GET /waitlist", "/waitlist", None, 200),
        ("DELETE /waitlist/{waitlist_id}", f"/waitlist/{given_up}", None, 204),
        ("POST /waitlist/{waitlist_id}/accept", f"/waitlist/{offered}/accept", None, 201),
    ):
        statements.clear()
        within(statements, key, desk.client.call(user_name, key.split(" ", 1)[0], path, sent), status)


@pytest.mark.parametrize("user_name", CALLERS)
def test_ones_own_profile_and_calendar_stay_within_their_budgets(
    desk: Desk, busy: None, scene: Scene, statements: Statements, user_name: str
) -> None:
    statements.clear()
    within(statements, "PATCH /me", desk.client.call(user_name, "PATCH", "/me", {"phone": "+51 1234"}))
    statements.clear()
    within(statements, "POST /me/calendar-token", desk.client.post(user_name, "/me/calendar-token"), 201)
    token = scene.calendar_token(user_name)
    statements.clear()
    within(statements, "GET /calendar.ics", desk.client.get(None, "/calendar.ics", token=token))
    statements.clear()
    within(statements, "DELETE /me/calendar-token", desk.client.call(user_name, "DELETE", "/me/calendar-token"), 204)


@pytest.mark.parametrize("visits", [0, 1, 100])
def test_changing_and_deactivating_a_patient_stays_within_its_budget(
    desk: Desk, statements: Statements, visits: int
) -> None:
    patient = desk.practice.add_patient("leaving", clinics=(1,)).user_id
    if visits:
        add_visits(desk.practice, visits, instant("15:00"), patient_id=patient)
    statements.clear()
    change = desk.client.call("rita", "PATCH", f"/users/{patient}", {"phone": "+51 1234"})
    within(statements, "PATCH /users/{user_id}", change)
    statements.clear()
    within(statements, "DELETE /users/{user_id}", desk.client.call("rita", "DELETE", f"/users/{patient}"), 204)
    statements.clear()
    within(statements, "POST /users/{user_id}/reactivate", desk.client.post("rita", f"/users/{patient}/reactivate"))


# Identifiers cost more than the budget of their routes: the count of refusals (two statements), the country, whoever
# has them, the rows and the words. A change also takes the
# lock of the patient, reads and replaces what they have, and looks for visits that a register is to read again.
WITH_IDENTIFIERS = {"POST": 15, "PATCH": 21}


@pytest.mark.parametrize("identifiers", [1, 10])
def test_identifiers_cost_the_same_however_many_there_are(desk: Desk, statements: Statements, identifiers: int) -> None:
    numbers = [{"system": "insurance", "value": f"{number}"} for number in range(identifiers)]
    others = [{"system": "insurance", "value": f"X{number}"} for number in range(identifiers)]
    body = {"full_name": "New", "phone": "+51 1234", "birth_date": "1990-01-31", "identifiers": numbers}
    statements.clear()
    entered = desk.client.post("rita", "/users", body)
    assert (entered.status, len(statements)) == (201, WITH_IDENTIFIERS["POST"])

    statements.clear()
    change = {"phone": None, "birth_date": "1990-02-01", "identifiers": others}
    changed = desk.client.call("rita", "PATCH", f"/users/{entered.json['user_id']}", change)
    assert (changed.status, len(statements)) == (200, WITH_IDENTIFIERS["PATCH"])


def test_linking_an_account_stays_within_its_budget(desk: Desk, statements: Statements) -> None:
    entered = desk.practice.add_patient("entered", clinics=(1,), cognito_sub=None).user_id
    desk.practice.add_patient("newcomer", clinics=(1, 2))
    assert desk.client.post("newcomer", "/me/calendar-token").status == 201
    statements.clear()
    made = desk.client.post("rita", f"/users/{entered}/link-code")
    within(statements, "POST /users/{user_id}/link-code", made, 201)
    for code, status in (("wrong", 409), (made.json["code"], 200)):
        statements.clear()
        within(statements, "POST /me/link", desk.client.post("newcomer", "/me/link", {"code": code}), status)


def test_dependants_cost_no_statement(desk: Desk, statements: Statements) -> None:
    """The one has twenty dependants and the other has none. Both have a visit of their own."""

    def sent(user_name: str) -> list[int]:
        token = desk.client.post(user_name, "/me/calendar-token").json["token"]
        visit = desk.booked(user_name, at(times.pop(), "2030-01-21"), patient=user_name)["appointment_id"]
        start = at(times.pop(), "2030-01-21")
        counts = []
        for method, path, body, query in (
            ("GET", "/me", None, {}),
            ("PATCH", "/me", {"phone": "+51 1234"}, {}),
            ("GET", "/users", None, {"q": user_name}),
            ("GET", "/appointments", None, {}),
            ("GET", f"/appointments/{visit}", None, {}),
            ("GET", f"/appointments/{visit}/history", None, {}),
            ("GET", "/appointment", None, {}),
            ("GET", "/calendar.ics", None, {"token": token}),
            ("GET", "/availability", None, {"treatment_id": 1, "from": at("00:00"), "to": at("23:00")}),
            ("PATCH", f"/appointments/{visit}", {"starts_at": start}, {}),
            ("POST", f"/appointments/{visit}/cancel", {"reason": "Test"}, {}),
            ("POST", "/appointments", desk.visit(start, patient=user_name), {}),
            ("GET", "/waitlist", None, {}),
            ("GET", "/fhir/R4/Appointment", None, {}),
            ("GET", "/fhir/R4/Patient", None, {}),
        ):
            statements.clear()
            answer = desk.client.call(None if "token" in query else user_name, method, path, body, **query)
            assert answer.status in {200, 201}, answer.text
            counts.append(len(statements))
        return counts

    times = ["14:00", "15:00", "16:00", "17:00"]
    assert sent("guardian") == sent("kim")
