"""The requests of the matrix for each kind of route, and their expected statuses, which are computed from
tests/rights.py. A target that is not visible is 404 in the path and 422 in body or query. One that is visible but not
permitted is 403.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lambda_function.db.models import Appointment, Chair
from lambda_function.domain.permissions import Action, Entity
from tests.api.scene import (
    AHEAD,
    DOCTORS,
    NOBODY,
    PATIENTS,
    PEOPLE,
    VISITS,
    Scene,
    State,
    acts_for,
    may,
    never,
    person_visible,
    visit_visible,
    wish_visible,
)

Request = tuple[str, Any]  # path with query, and body
Send = Callable[[Scene, str], Request]  # from scene and caller


@dataclass(frozen=True)
class Case:
    """One target of a route. `expected` is computed for each caller."""

    target: str
    send: Send
    expected: Callable[[str], int]
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Row:
    """`action` is None for a public route. `entity` is the kind of the target, and None where there is no target."""

    action: Action | None
    entity: Entity | None
    cases: tuple[Case, ...]


def simple(path: str, action: Action, body: Any = None, done: int = 200) -> Row:
    return own(action, lambda *_: (path, body), done)


def own(action: Action, send: Send, done: int = 200) -> Row:
    """A route that is about nobody but the caller."""
    return Row(action, None, (Case("-", send, lambda caller: 403 if never(caller, action) else done),))


def public(send: Send) -> Row:
    return Row(None, None, (Case("-", send, lambda _: 200),))


def people() -> Row:
    def case(name: str) -> Case:
        return Case(
            name,
            lambda scene, _: (f"/users/{scene.desk.id_of(name)}", None),
            lambda caller: 200 if person_visible(caller, name) else 404,
        )

    return Row(Action.READ_PEOPLE, Entity.PATIENT, tuple(case(name) for name in PEOPLE))


def with_patient(action: Action, body: Any, done: int) -> Row:
    """A route that concerns patients. A reception cannot do it to other people, even if they are visible."""

    def case(name: str) -> Case:
        def send(scene: Scene, caller: str) -> Request:
            new = name in PATIENTS and not acts_for(caller, name)
            return f"/users/{scene.stand_in(name) if new else scene.desk.id_of(name)}", body

        def expected(caller: str) -> int:
            if not person_visible(caller, name):
                return 404
            return done if name in PATIENTS and not never(caller, action) else 403

        return Case(name, send, expected)

    return Row(action, Entity.PATIENT, tuple(case(name) for name in PEOPLE))


def reactivation() -> Row:
    """Reactivates patients who have left. Callers who may never do this are told so, because nobody sees those who have
    left.
    """

    def case(name: str) -> Case:
        def send(scene: Scene, _: str) -> Request:
            target = scene.gone(name) if name in PATIENTS else scene.desk.id_of(name)
            return f"/users/{target}/reactivate", None

        def expected(caller: str) -> int:
            if never(caller, Action.REACTIVATE_PATIENT):
                return 403
            if not person_visible(caller, name):
                return 404
            return 200 if name in PATIENTS else 403

        return Case(name, send, expected)

    return Row(Action.REACTIVATE_PATIENT, Entity.PATIENT, tuple(case(name) for name in PEOPLE))


def link_code() -> Row:
    """Makes codes for patients without an account. Those who have an account are refused if they are visible."""

    def case(name: str) -> Case:
        def send(scene: Scene, _: str) -> Request:
            target = scene.unlinked(name) if name in PATIENTS else scene.desk.id_of(name)
            return f"/users/{target}/link-code", None

        def expected(caller: str) -> int:
            if not person_visible(caller, name) or (name in PATIENTS and acts_for(caller, name)):
                return 404
            return 201 if name in PATIENTS and not never(caller, Action.CREATE_LINK_CODE) else 403

        return Case(name, send, expected)

    return Row(Action.CREATE_LINK_CODE, Entity.PATIENT, tuple(case(name) for name in PEOPLE))


def with_visit(
    action: Action,
    send: Callable[[Scene, int], Request],
    state: State = AHEAD,
    also: Callable[[str, str, str], bool] = lambda *_: True,
    name: str = "",
    *,
    done: int = 200,
) -> Row:
    """A route with an appointment in its path. `also` is what else the caller must be permitted with the visit's
    patient and doctor.
    """

    def case(patient: str, doctor: str) -> Case:
        def expected(caller: str) -> int:
            if not visit_visible(caller, patient, doctor):
                return 404
            return done if may(caller, action, patient, doctor) and also(caller, patient, doctor) else 403

        return Case(
            f"{patient}-{doctor}{name}",
            lambda scene, _: send(scene, scene.appointment(patient, doctor, state)),
            expected,
        )

    return Row(action, Entity.APPOINTMENT, tuple(case(*visit) for visit in VISITS))


def step(action: Action, name: str, state: State, body: Any = None) -> Row:
    return with_visit(action, lambda _, it: (f"/appointments/{it}/{name}", body), state)


def registering() -> Row:
    """The country has no register, which only those are told who may register a visit."""
    return with_visit(Action.REGISTER, lambda _, it: (f"/appointments/{it}/register", None), done=409)


def reminding() -> Row:
    return with_visit(Action.REMIND, lambda _, it: (f"/appointments/{it}/remind", None), done=202)


def of_visits(path: str, action: Action) -> Row:
    """A list of the rows about an appointment, whose id ends the path. One that is invisible is 422."""

    def case(patient: str, doctor: str) -> Case:
        def expected(caller: str) -> int:
            if never(caller, action):
                return 403
            return 200 if visit_visible(caller, patient, doctor) else 422

        return Case(
            f"{patient}-{doctor}",
            lambda scene, _: (f"{path}{scene.appointment(patient, doctor, AHEAD)}", None),
            expected,
        )

    return Row(action, Entity.APPOINTMENT, tuple(case(*visit) for visit in VISITS))


def change(action: Action, body: Callable[[Scene], Any]) -> Row:
    return with_visit(action, lambda scene, it: (f"/appointments/{it}", body(scene)))


def choose_chair() -> Row:
    """Moves a visit into a chair of its clinic."""

    def send(scene: Scene, it: int) -> Request:
        practice = scene.desk.practice
        clinic_ids = {row.appointment_id: row.clinic_id for row in practice.rows(Appointment)}
        chair_id = next(row.chair_id for row in practice.rows(Chair) if row.clinic_id == clinic_ids.get(it, 1))
        return f"/appointments/{it}", {"starts_at": scene.start(), "chair_id": chair_id}

    return with_visit(Action.CHOOSE_CHAIR, send)


def move_to(doctor: str) -> Row:
    """The caller must be allowed to book with the new doctor, who is in the catalogue that everybody sees."""
    return with_visit(
        Action.MOVE,
        lambda scene, it: (
            f"/appointments/{it}",
            {"starts_at": scene.start(), "doctor_id": scene.desk.id_of(doctor)},
        ),
        also=lambda caller, patient, _: may(caller, Action.BOOK, patient, doctor),
        name=f"-to-{doctor}",
    )


def with_doctor(action: Action, send: Callable[[Scene, str], Request], done: int = 200) -> Row:
    """A route with a doctor in its path. The catalogue shows all doctors to everybody."""

    def case(doctor: str) -> Case:
        def expected(caller: str) -> int:
            return done if may(caller, action, NOBODY, doctor) else 403

        return Case(doctor, lambda scene, _: send(scene, doctor), expected)

    return Row(action, Entity.DOCTOR, tuple(case(doctor) for doctor in DOCTORS))


def of_doctor(path: Callable[[Scene, str], str], body: Any = None) -> Callable[[Scene, str], Request]:
    """A route below a doctor. `path` is what follows the doctor's id, and is made from scene and doctor."""
    return lambda scene, doctor: (f"/doctors/{scene.desk.id_of(doctor)}/{path(scene, doctor)}", body)


def new_time_off(scene: Scene, doctor: str) -> Request:
    day = scene.day_off()
    body = {"starts_at": f"{day}T15:00:00Z", "ends_at": f"{day}T16:00:00Z", "reason": "Test"}
    return f"/doctors/{scene.desk.id_of(doctor)}/time-off", body


def availability() -> Row:
    """Free slots of everybody, and as if a visit did not exist. If the visit is invisible, the answer is 422."""
    path = "/availability?treatment_id=1&from=2030-01-08T00:00:00Z&to=2030-01-09T00:00:00Z"

    def case(patient: str, doctor: str) -> Case:
        return Case(
            f"{patient}-{doctor}",
            lambda scene, _: (f"{path}&exclude_appointment_id={scene.appointment(patient, doctor)}", None),
            lambda caller: 200 if visit_visible(caller, patient, doctor) else 422,
        )

    everything = Case("-", lambda *_: (path, None), lambda caller: 403 if never(caller, Action.READ_CATALOGUE) else 200)
    return Row(Action.READ_CATALOGUE, Entity.APPOINTMENT, (everything, *(case(*visit) for visit in VISITS)))


def availability_for() -> Row:
    """Free slots of a patient. If the patient is invisible, the answer is 422."""
    return of_patients(
        "/availability?treatment_id=1&from=2030-01-08T00:00:00Z&to=2030-01-09T00:00:00Z&patient_id=",
        Action.READ_CATALOGUE,
    )


def of_patients(path: str, action: Action) -> Row:
    """A list of the rows of each patient, whose id ends the path. A person who is invisible or not a patient is 422."""

    def case(patient: str) -> Case:
        def expected(caller: str) -> int:
            if never(caller, action):
                return 403
            return 200 if person_visible(caller, patient) else 422

        return Case(patient, lambda scene, _: (f"{path}{scene.desk.id_of(patient)}", None), expected)

    return Row(action, Entity.PATIENT, tuple(case(patient) for patient in PATIENTS))


def book(action: Action = Action.BOOK, **more: Any) -> Row:
    """Books with a doctor of the catalogue, which everybody sees. Fields in `more` need `action`."""

    def case(patient: str, doctor: str) -> Case:
        def send(scene: Scene, _: str) -> Request:
            return "/appointments", scene.desk.visit(scene.start(), patient=patient, doctor=doctor, **more)

        def expected(caller: str) -> int:
            if never(caller, Action.BOOK) or never(caller, action):
                return 403
            if not person_visible(caller, patient):
                return 422
            allowed = all(may(caller, needed, patient, doctor) for needed in (Action.BOOK, action))
            return 201 if allowed else 403

        return Case(f"{patient}-{doctor}", send, expected)

    return Row(action, Entity.PATIENT, tuple(case(patient, doctor) for patient in PATIENTS for doctor in DOCTORS))


def book_by_name() -> Row:
    """The names in the original's body are answered with 404 where ids are answered with 422."""

    def case(patient: str, doctor: str) -> Case:
        def send(scene: Scene, _: str) -> Request:
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


def wait() -> Row:
    """Waits for a doctor of the catalogue, which everybody sees."""

    def case(patient: str, doctor: str) -> Case:
        def send(scene: Scene, _: str) -> Request:
            ids = {"patient_id": scene.desk.id_of(patient), "doctor_id": scene.desk.id_of(doctor)}
            return "/waitlist", {**ids, "treatment_id": 1, "from": scene.start(), "to": "2031-06-01T00:00:00Z"}

        def expected(caller: str) -> int:
            if never(caller, Action.WAIT):
                return 403
            if not person_visible(caller, patient):
                return 422
            return 201 if may(caller, Action.WAIT, patient, doctor) else 403

        return Case(f"{patient}-{doctor}", send, expected)

    return Row(Action.WAIT, Entity.PATIENT, tuple(case(patient, doctor) for patient in PATIENTS for doctor in DOCTORS))


def waiting(path: str, done: int) -> Row:
    """A route with a waitlist entry in its path, which has an offer. Callers who may never wait are told so."""

    def case(patient: str, doctor: str) -> Case:
        def expected(caller: str) -> int:
            if never(caller, Action.WAIT):
                return 403
            return done if wish_visible(caller, patient, doctor) else 404

        return Case(
            f"{patient}-{doctor}",
            lambda scene, _: (f"/waitlist/{scene.wish(patient, doctor)}{path}", None),
            expected,
        )

    return Row(Action.WAIT, Entity.WAITLIST, tuple(case(*pair) for pair in VISITS))


def close_calendar(scene: Scene, caller: str) -> Request:
    """Closes the feed of somebody who has one."""
    scene.calendar_token(caller)
    return "/me/calendar-token", None


def feed(scene: Scene, caller: str) -> Request:
    return f"/calendar.ics?token={scene.calendar_token(caller)}", None
