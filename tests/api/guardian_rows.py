"""The rows of the matrix (tests/api/test_matrix.py) for the routes below /users/{user_id}/guardians."""

from collections.abc import Callable

from lambda_function.db.models import Guardian
from lambda_function.domain.permissions import Action, Entity
from tests.api.rows import Case, Request, Row
from tests.api.scene import PATIENTS, PEOPLE, Scene, acts_for, never, person_visible
from tests.clock import NOW


def _done(name: str, done: int) -> int:
    """Who acts for somebody is up to the clinics whose patient they are. Every reception sees those of none."""
    return done if PEOPLE[name].clinics else 404


def _of(action: Action, send: Callable[[Scene, int], Request], done: int) -> Row:
    """A route about a patient's guardians, on stand-ins for other patients and on everybody else as they are."""

    def case(name: str) -> Case:
        def aimed(scene: Scene, caller: str) -> Request:
            new = name in PATIENTS and not acts_for(caller, name)
            return send(scene, scene.stand_in(name) if new else scene.desk.id_of(name))

        def expected(caller: str) -> int:
            if not person_visible(caller, name):
                return 404
            return _done(name, done) if name in PATIENTS and not never(caller, action) else 403

        return Case(name, aimed, expected)

    return Row(action, Entity.PATIENT, tuple(case(name) for name in PEOPLE))


def listed() -> Row:
    return _of(Action.READ_GUARDIANS, lambda _, user_id: (f"/users/{user_id}/guardians", None), 200)


def put() -> Row:
    """Makes a patient of both clinics the guardian."""

    def send(scene: Scene, user_id: int) -> Request:
        return f"/users/{user_id}/guardians/{scene.stand_in('kim')}", {"reason": "Test"}

    return _of(Action.SET_GUARDIANS, send, 204)


def put_as_guardian() -> Row:
    """Makes somebody the guardian of a patient of both clinics."""

    def case(name: str) -> Case:
        def send(scene: Scene, _: str) -> Request:
            guardian = scene.stand_in(name) if name in PATIENTS else scene.desk.id_of(name)
            return f"/users/{scene.stand_in('kim')}/guardians/{guardian}", {"reason": "Test"}

        def expected(caller: str) -> int:
            if not person_visible(caller, "kim"):
                return 404
            if never(caller, Action.SET_GUARDIANS):
                return 403
            if not person_visible(caller, name):
                return 404
            return _done(name, 204) if name in PATIENTS else 403

        return Case(f"by-{name}", send, expected)

    return Row(Action.SET_GUARDIANS, Entity.PATIENT, tuple(case(name) for name in PEOPLE))


def removed() -> Row:
    """Removes a guardian. Staff have none."""

    def send(scene: Scene, user_id: int) -> Request:
        guardian_id, practice = scene.stand_in("kim"), scene.desk.practice
        if user_id not in {practice.ids[name] for name in PEOPLE if name not in PATIENTS}:
            given = {"created_by": practice.ids["rita"], "created_at": NOW}
            practice.add(Guardian(guardian_id=guardian_id, patient_id=user_id, **given))
        return f"/users/{user_id}/guardians/{guardian_id}", None

    return _of(Action.SET_GUARDIANS, send, 204)
