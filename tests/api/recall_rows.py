"""The rows of the matrix (tests/api/test_matrix.py) for the routes below /recalls."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from lambda_function.domain.actor import Role
from lambda_function.domain.permissions import Action, Entity
from tests.api.rows import Case, Request, Row
from tests.api.scene import DOCTORS, EVERYBODY, PATIENTS, PEOPLE, VISITS, Scene, acts_for, may, never, person_visible
from tests.rights import SEES, reaches

_CSV: Mapping[str, str] = MappingProxyType({"accept": "text/csv"})


def _visible(caller: str, patient: str, doctor: str) -> bool:
    """Returns whether the caller sees a recall of the patient in the clinic of the doctor."""
    me = EVERYBODY[caller]
    own = me.role is Role.PATIENT and acts_for(caller, patient)
    return reaches(SEES["RECALL"][me.role], own=own, clinic=PEOPLE[doctor].clinics <= me.clinics)


def read() -> Row:
    return _of(Action.READ_RECALLS, lambda it: (f"/recalls/{it}", None))


def history() -> Row:
    """Patients may read none, and are told so whatever the recall."""
    return _of(Action.READ_RECALL_HISTORY, lambda it: (f"/recalls/{it}/history", None), refused_first=True)


def change() -> Row:
    return _of(Action.SET_RECALLS, lambda it: (f"/recalls/{it}", {"note": "Test"}))


def dismissal() -> Row:
    return _of(Action.SET_RECALLS, lambda it: (f"/recalls/{it}/dismiss", {"reason": "Test"}))


def _of(action: Action, send: Callable[[int], Request], *, refused_first: bool = False) -> Row:
    """A route with a recall in its path."""

    def case(patient: str, doctor: str) -> Case:
        def expected(caller: str) -> int:
            if refused_first and never(caller, action):
                return 403
            if not _visible(caller, patient, doctor):
                return 404
            return 403 if never(caller, action) else 200

        return Case(f"{patient}-{doctor}", lambda scene, _: send(scene.recall(patient, doctor)), expected)

    return Row(action, Entity.RECALL, tuple(case(*pair) for pair in VISITS))


def export() -> Row:
    def expected(caller: str) -> int:
        return 403 if never(caller, Action.EXPORT_RECALLS) else 200

    return Row(Action.EXPORT_RECALLS, None, (Case("-", lambda *_: ("/recalls", None), expected, _CSV),))


def opening() -> Row:
    """Opens a recall with a doctor of the catalogue, which everybody sees. The clinic is the doctor's."""

    def case(patient: str, doctor: str) -> Case:
        def send(scene: Scene, _: str) -> Request:
            body: dict[str, Any] = {name: scene.desk.id_of(of) for name, of in ids.items()}
            return "/recalls", {**body, "treatment_id": 1, "due_on": "2030-06-01"}

        def expected(caller: str) -> int:
            if never(caller, Action.SET_RECALLS):
                return 403
            if not person_visible(caller, patient):
                return 422
            if not may(caller, Action.SET_RECALLS, patient, doctor):
                return 403
            return 201 if PEOPLE[doctor].clinics <= PEOPLE[patient].clinics else 422

        ids = {"patient_id": patient, "doctor_id": doctor}
        return Case(f"{patient}-{doctor}", send, expected)

    cases = tuple(case(patient, doctor) for patient in PATIENTS for doctor in DOCTORS)
    return Row(Action.SET_RECALLS, Entity.PATIENT, cases)
