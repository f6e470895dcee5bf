"""Every route, as every role, on targets of the caller, of the caller's clinic and of another clinic. The expected
status is computed from tests/rights.py (rows.py) and compared with the real handler's.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from lambda_function.api.app import PUBLIC_ROUTES, route_keys
from lambda_function.domain.permissions import Action
from tests.api import guardian_rows, recall_rows
from tests.api.desk import Desk
from tests.api.fhir.rows import FHIR_ROUTES
from tests.api.rows import (
    Case,
    Row,
    availability,
    availability_for,
    book,
    book_by_name,
    change,
    choose_chair,
    close_calendar,
    feed,
    link_code,
    move_to,
    new_time_off,
    of_doctor,
    of_patients,
    of_visits,
    own,
    people,
    public,
    reactivation,
    registering,
    reminding,
    simple,
    step,
    wait,
    waiting,
    with_doctor,
    with_patient,
    with_visit,
)
from tests.api.scene import AHEAD, BEGUN, CALLERS, DOCTORS, LATER_TODAY, REQUESTED, UNDER_WAY, WEEK, Scene

KEYS = route_keys()
_EXCEPTION = "/doctors/{doctor_id}/exceptions/{day}"

# A route has a row for each action that a part of its request needs.
ROUTES: Mapping[str, tuple[Row, ...]] = {
    "GET /health": (public(lambda *_: ("/health", None)),),
    "GET /health/ready": (public(lambda *_: ("/health/ready", None)),),
    "GET /me": (simple("/me", Action.READ_OWN_PROFILE),),
    "PATCH /me": (simple("/me", Action.CHANGE_OWN_PROFILE, {"phone": "+51 1234"}),),
    "POST /me/calendar-token": (simple("/me/calendar-token", Action.SHARE_CALENDAR, done=201),),
    "DELETE /me/calendar-token": (own(Action.SHARE_CALENDAR, close_calendar, 204),),
    "GET /calendar.ics": (public(feed),),
    "GET /clinics": (simple("/clinics", Action.READ_CATALOGUE),),
    "GET /treatments": (simple("/treatments", Action.READ_CATALOGUE),),
    "GET /doctors": (simple("/doctors", Action.READ_CATALOGUE),),
    "GET /doctors/{doctor_id}/working-hours": (
        with_doctor(Action.READ_CATALOGUE, of_doctor(lambda *_: "working-hours")),
    ),
    "PUT /doctors/{doctor_id}/working-hours": (
        with_doctor(Action.SET_HOURS, of_doctor(lambda *_: "working-hours", {"hours": WEEK})),
    ),
    "GET /doctors/{doctor_id}/exceptions": (with_doctor(Action.READ_CATALOGUE, of_doctor(lambda *_: "exceptions")),),
    f"PUT {_EXCEPTION}": (
        with_doctor(Action.SET_HOURS, of_doctor(lambda scene, _: f"exceptions/{scene.day_off()}", {"hours": []})),
    ),
    f"DELETE {_EXCEPTION}": (
        with_doctor(Action.SET_HOURS, of_doctor(lambda scene, doctor: f"exceptions/{scene.exception(doctor)}")),
    ),
    "GET /doctors/{doctor_id}/time-off": (with_doctor(Action.SEE_TIME_OFF, of_doctor(lambda *_: "time-off")),),
    "POST /doctors/{doctor_id}/time-off": (with_doctor(Action.SET_TIME_OFF, new_time_off, 201),),
    "DELETE /doctors/{doctor_id}/time-off/{time_off_id}": (
        with_doctor(Action.SET_TIME_OFF, of_doctor(lambda scene, doctor: f"time-off/{scene.time_off(doctor)}"), 204),
    ),
    "GET /availability": (availability(), availability_for()),
    "GET /users": (
        simple("/users", Action.READ_PEOPLE),
        simple("/users?active=false", Action.READ_DEACTIVATED),
    ),
    "GET /users/{user_id}": (people(),),
    "POST /users": (
        own(
            Action.CREATE_PATIENT, lambda _, caller: ("/users", {"user_name": f"new-{caller}", "full_name": "New"}), 201
        ),
    ),
    "PATCH /users/{user_id}": (with_patient(Action.CHANGE_PATIENT, {"phone": "+51 1234"}, 200),),
    "DELETE /users/{user_id}": (with_patient(Action.DEACTIVATE_PATIENT, None, 204),),
    "POST /users/{user_id}/link-code": (link_code(),),
    "POST /users/{user_id}/reactivate": (reactivation(),),
    "GET /users/{user_id}/guardians": (guardian_rows.listed(),),
    "PUT /users/{user_id}/guardians/{guardian_id}": (guardian_rows.put(), guardian_rows.put_as_guardian()),
    "DELETE /users/{user_id}/guardians/{guardian_id}": (guardian_rows.removed(),),
    # A valid code would merge one of the scene's people into another.
    "POST /me/link": (simple("/me/link", Action.LINK_ACCOUNT, {"code": "wrong"}, done=409),),
    "GET /appointments": (
        simple("/appointments", Action.READ_APPOINTMENTS),
        simple("/appointments?registration=FAILED", Action.FIND_BY_REGISTRATION),
        of_patients("/appointments?patient_id=", Action.READ_APPOINTMENTS),
    ),
    "POST /appointments": (book(), book(Action.OVERRIDE_HOURS, override_reason="Test")),
    "GET /appointments/{appointment_id}": (
        with_visit(Action.READ_APPOINTMENTS, lambda _, it: (f"/appointments/{it}", None)),
    ),
    "PATCH /appointments/{appointment_id}": (
        change(Action.MOVE, lambda scene: {"starts_at": scene.start()}),
        *(move_to(doctor) for doctor in DOCTORS),
        change(Action.OVERRIDE_HOURS, lambda scene: {"starts_at": scene.start(), "override_reason": "Test"}),
        choose_chair(),
        change(Action.NOTE, lambda _: {"patient_note": "Test"}),
        change(Action.NOTE_INTERNALLY, lambda _: {"internal_note": "Test"}),
    ),
    "POST /appointments/{appointment_id}/confirm": (step(Action.CONFIRM, "confirm", REQUESTED),),
    "POST /appointments/{appointment_id}/confirm-attendance": (
        step(Action.CONFIRM_ATTENDANCE, "confirm-attendance", AHEAD),
    ),
    "POST /appointments/{appointment_id}/cancel": (step(Action.CANCEL, "cancel", AHEAD, {"reason": "Test"}),),
    "POST /appointments/{appointment_id}/check-in": (step(Action.CHECK_IN, "check-in", LATER_TODAY),),
    "POST /appointments/{appointment_id}/complete": (step(Action.COMPLETE, "complete", UNDER_WAY),),
    "POST /appointments/{appointment_id}/no-show": (step(Action.MARK_NO_SHOW, "no-show", BEGUN),),
    "GET /appointments/{appointment_id}/history": (
        with_visit(Action.READ_HISTORY, lambda _, it: (f"/appointments/{it}/history", None)),
    ),
    "POST /appointments/{appointment_id}/remind": (reminding(),),
    "POST /appointments/{appointment_id}/register": (registering(),),
    "GET /notifications": (
        simple("/notifications", Action.READ_NOTIFICATIONS),
        of_patients("/notifications?user_id=", Action.READ_NOTIFICATIONS),
        of_visits("/notifications?appointment_id=", Action.READ_NOTIFICATIONS),
    ),
    "GET /recalls": (
        simple("/recalls", Action.READ_RECALLS),
        of_patients("/recalls?patient_id=", Action.READ_RECALLS),
        recall_rows.export(),
    ),
    "POST /recalls": (recall_rows.opening(),),
    "GET /recalls/{recall_id}": (recall_rows.read(),),
    "PATCH /recalls/{recall_id}": (recall_rows.change(),),
    "POST /recalls/{recall_id}/dismiss": (recall_rows.dismissal(),),
    "GET /recalls/{recall_id}/history": (recall_rows.history(),),
    "POST /waitlist": (wait(),),
    "GET /waitlist": (simple("/waitlist", Action.WAIT), of_patients("/waitlist?patient_id=", Action.WAIT)),
    "DELETE /waitlist/{waitlist_id}": (waiting("", 204),),
    "POST /waitlist/{waitlist_id}/accept": (waiting("/accept", 201),),
    "GET /appointment": (simple("/appointment", Action.READ_APPOINTMENTS),),
    "POST /appointment": (book_by_name(),),
    **FHIR_ROUTES,
}


def _all_cases() -> Iterator[Any]:
    for key, rows in ROUTES.items():
        for row in rows:
            for case in row.cases:
                for caller in CALLERS:
                    name = f"{key}-{row.action}-{caller}-{case.target}"
                    yield pytest.param(key, case, caller, id=name)


@pytest.fixture(scope="module")
def scene(module_desk: Desk) -> Scene:
    return Scene(module_desk)


def _split(target: str) -> tuple[str, dict[str, Any]]:
    path, _, query = target.partition("?")
    return path, dict(pair.split("=") for pair in query.split("&") if pair)


@pytest.mark.parametrize(("key", "case", "caller"), list(_all_cases()))
def test_each_role_is_answered_as_the_tables_say(scene: Scene, key: str, case: Case, caller: str) -> None:
    scene.forget_bookings()
    method = key.split(" ", 1)[0]
    target, body = case.send(scene, caller)
    path, query = _split(target)

    answer = scene.desk.client.call(caller, method, path, body, headers=case.headers, **query)

    assert answer.status == case.expected(caller), answer.text


def test_every_route_has_its_row_and_every_row_its_route() -> None:
    assert sorted(ROUTES) == sorted(KEYS)


def test_exactly_the_public_routes_have_a_row_without_an_action() -> None:
    for key, rows in ROUTES.items():
        assert {row.action is None for row in rows} == {key in PUBLIC_ROUTES}


def test_every_action_is_behind_some_route() -> None:
    assert {row.action for rows in ROUTES.values() for row in rows} - {None} == set(Action)


@pytest.mark.parametrize("key", sorted(set(ROUTES) - PUBLIC_ROUTES))
def test_nobody_is_answered_without_a_token(scene: Scene, key: str) -> None:
    method = key.split(" ", 1)[0]
    target, body = ROUTES[key][0].cases[0].send(scene, "pat")

    path, query = _split(target)

    assert scene.desk.client.call(None, method, path, body, **query).status == 401


@pytest.mark.parametrize("key", sorted(PUBLIC_ROUTES))
def test_public_routes_answer_without_a_token(scene: Scene, key: str) -> None:
    path, query = _split(ROUTES[key][0].cases[0].send(scene, "pat")[0])

    assert scene.desk.client.get(None, path, **query).status == 200
