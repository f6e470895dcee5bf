"""Every route, as every role, on what is one's own, of one's own clinic and of another: the expected status is computed
from PERMISSIONS and VISIBILITY and compared with the real handler's. What is not visible is 404 in the path and 422 in
body or query; what is visible and not permitted is 403.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import delete

from lambda_function.api.app import PUBLIC_ROUTES, route_keys
from lambda_function.db.models import ClinicPatient
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.permissions import PERMISSIONS, VISIBILITY, Action, Entity, Reach, Subject, permitted
from tests.api.desk import Desk, instant, rfc3339


@dataclass(frozen=True)
class Person:
    role: Role
    clinics: frozenset[int]


KEYS = route_keys()

# All that the tables need to know of the people; the scene below makes the rows agree.
PEOPLE: Mapping[str, Person] = {
    "pat": Person(Role.PATIENT, frozenset({1, 2})),
    "kim": Person(Role.PATIENT, frozenset({1, 2})),
    "stranger": Person(Role.PATIENT, frozenset({2})),
    "nowhere": Person(Role.PATIENT, frozenset()),
    "drjay": Person(Role.DOCTOR, frozenset({1})),
    "drwu": Person(Role.DOCTOR, frozenset({1})),
    "drsol": Person(Role.DOCTOR, frozenset({2})),
    "rita": Person(Role.RECEPTIONIST, frozenset({1})),
    "rena": Person(Role.RECEPTIONIST, frozenset({1})),
    "rosa": Person(Role.RECEPTIONIST, frozenset({2})),
}
PATIENTS = [name for name, person in PEOPLE.items() if person.role is Role.PATIENT]
DOCTORS = [name for name, person in PEOPLE.items() if person.role is Role.DOCTOR]
CALLERS = ("pat", "drjay", "rita")
# Between them: one's own, somebody else's in the same clinic, and another clinic's, for every caller.
VISITS = [("pat", "drjay"), ("kim", "drjay"), ("pat", "drwu"), ("kim", "drwu"), ("pat", "drsol"), ("stranger", "drsol")]


def person_visible(caller: str, target: str) -> bool:
    me, other = PEOPLE[caller], PEOPLE[target]
    match VISIBILITY[Entity(other.role)][me.role]:
        case Reach.ALL:
            return True
        case Reach.OWN:
            return caller == target
        case Reach.CLINIC:
            of_nobody = me.role is Role.RECEPTIONIST and other.role is Role.PATIENT and not other.clinics
            return bool(me.clinics & other.clinics) or of_nobody
        case Reach.NONE:
            return False


def visit_visible(caller: str, patient: str, doctor: str) -> bool:
    me = PEOPLE[caller]
    match VISIBILITY[Entity.APPOINTMENT][me.role]:
        case Reach.ALL:
            return True
        case Reach.OWN:
            return caller == (patient if me.role is Role.PATIENT else doctor)
        case Reach.CLINIC:
            return PEOPLE[doctor].clinics <= me.clinics
        case Reach.NONE:
            return False


def may(caller: str, action: Action, patient: str, doctor: str) -> bool:
    """As the table says; people are numbered by their place in it."""
    number = {name: position for position, name in enumerate(PEOPLE)}
    me = PEOPLE[caller]
    actor = Actor(number[caller], me.role, () if me.role is Role.PATIENT else tuple(me.clinics))
    [clinic_id] = PEOPLE[doctor].clinics
    return permitted(actor, action, Subject(number[patient], number[doctor], clinic_id))


def never(caller: str, action: Action) -> bool:
    return PERMISSIONS[action][PEOPLE[caller].role] is Reach.NONE


class Scene:
    """What requests are built from. Every visit asked for is at a time of its own."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._days = count()

    def start(self) -> str:
        return rfc3339(instant("15:00", "2030-02-01") + timedelta(days=next(self._days)))

    def forget_bookings(self) -> None:
        """A booking makes the patient one of the clinic's: undone, so that PEOPLE stays true for every case."""
        session = self.desk.practice.session
        strangers = {"nowhere": (1, 2), "stranger": (1,)}
        for name, clinics in strangers.items():
            rows = (ClinicPatient.patient_id == self.desk.id_of(name), ClinicPatient.clinic_id.in_(clinics))
            session.execute(delete(ClinicPatient).where(*rows))
        session.commit()

    def appointment(self, patient: str, doctor: str) -> int:
        [clinic_id] = PEOPLE[doctor].clinics
        row = self.desk.practice.add_appointment(
            instant("15:00", "2030-01-15"),
            patient_id=self.desk.id_of(patient),
            doctor_id=self.desk.id_of(doctor),
            clinic_id=clinic_id,
        )
        return row.appointment_id


Send = Callable[[Scene, str], tuple[str, Any]]  # scene and caller to path with query, and body


@dataclass(frozen=True)
class Case:
    """One target of a route; `expected` is computed for each caller."""

    target: str
    send: Send
    expected: Callable[[str], int]


@dataclass(frozen=True)
class Row:
    """`action` None is a public route; `entity` is what the target is, None where there is no target."""

    action: Action | None
    entity: Entity | None
    cases: tuple[Case, ...]


def _simple(path: str, action: Action) -> Row:
    return Row(
        action, None, (Case("-", lambda *_: (path, None), lambda caller: 403 if never(caller, action) else 200),)
    )


def _public(path: str) -> Row:
    return Row(None, None, (Case("-", lambda *_: (path, None), lambda _: 200),))


def _people() -> Row:
    def case(name: str) -> Case:
        return Case(
            name,
            lambda scene, _: (f"/users/{scene.desk.id_of(name)}", None),
            lambda caller: 200 if person_visible(caller, name) else 404,
        )

    return Row(Action.READ_PEOPLE, Entity.PATIENT, tuple(case(name) for name in PEOPLE))


def _create_patient() -> Row:
    def send(scene: Scene, caller: str) -> tuple[str, Any]:
        return "/users", {"user_name": f"new-{caller}", "full_name": "New"}

    return Row(
        Action.CREATE_PATIENT, None, (Case("-", send, lambda who: 403 if never(who, Action.CREATE_PATIENT) else 201),)
    )


def _visit(action: Action, send: Callable[[int], tuple[str, Any]]) -> Row:
    """A route with an appointment in its path."""

    def case(patient: str, doctor: str) -> Case:
        def expected(caller: str) -> int:
            if not visit_visible(caller, patient, doctor):
                return 404
            allowed = PERMISSIONS[action][PEOPLE[caller].role] is Reach.ALL or may(caller, action, patient, doctor)
            return 200 if allowed else 403

        return Case(f"{patient}-{doctor}", lambda scene, _: send(scene.appointment(patient, doctor)), expected)

    return Row(action, Entity.APPOINTMENT, tuple(case(*visit) for visit in VISITS))


def _list_appointments() -> Row:
    """Without a filter, and by each person: who is invisible or no patient is 422."""

    def case(patient: str) -> Case:
        return Case(
            patient,
            lambda scene, _: (f"/appointments?patient_id={scene.desk.id_of(patient)}", None),
            lambda caller: 200 if person_visible(caller, patient) else 422,
        )

    everything = Case("-", lambda *_: ("/appointments", None), lambda _: 200)
    return Row(Action.READ_APPOINTMENTS, Entity.PATIENT, (everything, *(case(patient) for patient in PATIENTS)))


def _book() -> Row:
    """The doctor in the body is one of the catalogue, which everybody sees."""

    def case(patient: str, doctor: str) -> Case:
        def send(scene: Scene, _: str) -> tuple[str, Any]:
            return "/appointments", scene.desk.visit(scene.start(), patient=patient, doctor=doctor)

        def expected(caller: str) -> int:
            if never(caller, Action.BOOK):
                return 403
            if not person_visible(caller, patient):
                return 422
            return 201 if may(caller, Action.BOOK, patient, doctor) else 403

        return Case(f"{patient}-{doctor}", send, expected)

    return Row(Action.BOOK, Entity.PATIENT, tuple(case(patient, doctor) for patient in PATIENTS for doctor in DOCTORS))


def _book_by_name() -> Row:
    """The names of the original are told from ids by their 404."""

    def case(patient: str, doctor: str) -> Case:
        def send(scene: Scene, _: str) -> tuple[str, Any]:
            date = scene.start()[:10] + " 12:00:00"
            return "/appointment", {"patient": patient, "doctor": doctor, "appointment_date": date}

        def expected(caller: str) -> int:
            if never(caller, Action.BOOK_BY_NAME):
                return 403
            if not (person_visible(caller, patient) and person_visible(caller, doctor)):
                return 404
            return 201 if may(caller, Action.BOOK_BY_NAME, patient, doctor) else 403

        return Case(f"{patient}-{doctor}", send, expected)

    cases = tuple(case(patient, doctor) for patient in PATIENTS for doctor in DOCTORS)
    return Row(Action.BOOK_BY_NAME, Entity.PATIENT, cases)


ROUTES: Mapping[str, Row] = {
    "GET /health": _public("/health"),
    "GET /health/ready": _public("/health/ready"),
    "GET /me": _simple("/me", Action.READ_OWN_PROFILE),
    "GET /clinics": _simple("/clinics", Action.READ_CATALOGUE),
    "GET /treatments": _simple("/treatments", Action.READ_CATALOGUE),
    "GET /doctors": _simple("/doctors", Action.READ_CATALOGUE),
    "GET /users": _simple("/users", Action.READ_PEOPLE),
    "GET /users/{user_id}": _people(),
    "POST /users": _create_patient(),
    "GET /appointments": _list_appointments(),
    "POST /appointments": _book(),
    "GET /appointments/{appointment_id}": _visit(Action.READ_APPOINTMENTS, lambda it: (f"/appointments/{it}", None)),
    "POST /appointments/{appointment_id}/cancel": _visit(
        Action.CANCEL, lambda it: (f"/appointments/{it}/cancel", {"reason": "Test"})
    ),
    "GET /appointment": _simple("/appointment", Action.READ_APPOINTMENTS),
    "POST /appointment": _book_by_name(),
}


def _all_cases() -> Iterator[Any]:
    for key, row in ROUTES.items():
        for case in row.cases:
            for caller in CALLERS:
                yield pytest.param(key, case, caller, id=f"{key}-{PEOPLE[caller].role}-{case.target}")


@pytest.fixture(scope="module")
def scene(module_desk: Desk) -> Scene:
    module_desk.practice.add_patient("stranger", clinics=(2,))
    module_desk.practice.add_patient("nowhere")
    module_desk.practice.add_receptionist("rena", clinics=(1,))
    return Scene(module_desk)


@pytest.mark.parametrize(("key", "case", "caller"), list(_all_cases()))
def test_each_role_is_answered_as_the_tables_say(scene: Scene, key: str, case: Case, caller: str) -> None:
    scene.forget_bookings()
    method = key.split(" ", 1)[0]
    target, body = case.send(scene, caller)
    path, _, query = target.partition("?")
    given: dict[str, Any] = dict(pair.split("=") for pair in query.split("&") if pair)

    answer = scene.desk.client.call(caller, method, path, body, **given)

    assert answer.status == case.expected(caller), answer.text


def test_every_route_has_its_row_and_every_row_its_route() -> None:
    assert sorted(ROUTES) == sorted(KEYS)


def test_exactly_the_public_routes_have_a_row_without_an_action() -> None:
    assert {key for key, row in ROUTES.items() if row.action is None} == PUBLIC_ROUTES


def test_every_action_is_behind_some_route() -> None:
    assert {row.action for row in ROUTES.values()} - {None} == set(Action)


@pytest.mark.parametrize("key", sorted(set(ROUTES) - PUBLIC_ROUTES))
def test_nobody_is_answered_without_a_token(scene: Scene, key: str) -> None:
    method = key.split(" ", 1)[0]
    target, body = ROUTES[key].cases[0].send(scene, "pat")

    assert scene.desk.client.call(None, method, target.partition("?")[0], body).status == 401


@pytest.mark.parametrize("key", sorted(PUBLIC_ROUTES))
def test_public_routes_answer_without_a_token(scene: Scene, key: str) -> None:
    assert scene.desk.client.get(None, key.split(" ", 1)[1]).status == 200
