"""The rows of the matrix (tests/api/test_matrix.py) for the routes below /fhir/R4. The same tables apply to them as to
the API's own routes.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from lambda_function.domain.permissions import Action, Entity
from tests.api.fhir.client import BASE, FhirClient
from tests.api.rows import Case, Request, Row, public, simple, with_doctor, with_visit
from tests.api.scene import DOCTORS, PATIENTS, PEOPLE, Scene, may, never, person_visible

_DAYS = "start=2030-01-08"


def _doctor(kind: str) -> Row:
    """The catalogue shows all doctors to everybody."""
    return with_doctor(Action.READ_CATALOGUE, lambda scene, doctor: (f"{BASE}/{kind}/{scene.desk.id_of(doctor)}", None))


def _slot() -> Row:
    """The slots of a doctor exist for whoever may book with that doctor."""

    def case(doctor: str) -> Case:
        return Case(
            doctor,
            lambda scene, _: (f"{BASE}/Slot/{scene.desk.id_of(doctor)}-1-20300108T1500Z", None),
            lambda caller: 200 if may(caller, Action.BOOK, caller, doctor) else 404,
        )

    return Row(Action.READ_CATALOGUE, Entity.CATALOGUE, tuple(case(doctor) for doctor in DOCTORS))


def _patient() -> Row:
    """Other people who are visible are not patients."""

    def case(name: str) -> Case:
        return Case(
            name,
            lambda scene, _: (f"{BASE}/Patient/{scene.desk.id_of(name)}", None),
            lambda caller: 200 if name in PATIENTS and person_visible(caller, name) else 404,
        )

    return Row(Action.READ_PEOPLE, Entity.PATIENT, tuple(case(name) for name in PEOPLE))


def _search() -> Row:
    def case(patient: str) -> Case:
        return Case(
            patient,
            lambda scene, _: (f"{BASE}/Appointment?patient=Patient/{scene.desk.id_of(patient)}", None),
            lambda caller: 200 if person_visible(caller, patient) else 422,
        )

    return Row(Action.READ_APPOINTMENTS, Entity.PATIENT, tuple(case(patient) for patient in PATIENTS))


def _book() -> Row:
    def case(patient: str, doctor: str) -> Case:
        def send(scene: Scene, _: str) -> Request:
            return f"{BASE}/Appointment", FhirClient(scene.desk).visit(scene.start(), patient=patient, doctor=doctor)

        def expected(caller: str) -> int:
            if never(caller, Action.BOOK):
                return 403
            if not person_visible(caller, patient):
                return 422
            return 201 if may(caller, Action.BOOK, patient, doctor) else 403

        return Case(f"{patient}-{doctor}", send, expected)

    return Row(Action.BOOK, Entity.PATIENT, tuple(case(patient, doctor) for patient in PATIENTS for doctor in DOCTORS))


def _cancel(send: Callable[[Scene, int], Request]) -> Row:
    return with_visit(Action.CANCEL, send)


def _put(scene: Scene, appointment_id: int) -> Request:
    """The body is the resource as the caller reads it, and everybody who can see it reads the same."""
    path = f"{BASE}/Appointment/{appointment_id}"
    readers = ("pat", "kim", "stranger", "drjay", "drwu", "drsol", "rita", "rosa")
    answers = (scene.desk.client.get(reader, path) for reader in readers)
    read = next(answer.json for answer in answers if answer.status == 200)
    return path, {**read, "status": "cancelled", "cancelationReason": {"text": "Test"}}


def _cancel_operation(_: Scene, appointment_id: int) -> Request:
    body = {"resourceType": "Parameters", "parameter": [{"name": "reason", "valueString": "Test"}]}
    return f"{BASE}/Appointment/{appointment_id}/$cancel", body


def _form(row: Row) -> Row:
    """The same search with its parameters in a form."""

    def by_form(case: Case) -> Case:
        def send(scene: Scene, caller: str) -> Request:
            path, _, query = case.send(scene, caller)[0].partition("?")
            return f"{path}/_search", query

        return replace(case, send=send)

    return replace(row, cases=tuple(map(by_form, row.cases)))


def _searches(kind: str, row: Row) -> Mapping[str, tuple[Row, ...]]:
    return {f"GET {BASE}/{kind}": (row,), f"POST {BASE}/{kind}/_search": (_form(row),)}


FHIR_ROUTES: Mapping[str, tuple[Row, ...]] = {
    f"GET {BASE}/metadata": (public(lambda *_: (f"{BASE}/metadata", None)),),
    **_searches("Schedule", simple(f"{BASE}/Schedule", Action.READ_CATALOGUE)),
    **_searches("Practitioner", simple(f"{BASE}/Practitioner?name=jay", Action.READ_CATALOGUE)),
    **_searches("Patient", simple(f"{BASE}/Patient?name=pat", Action.READ_PEOPLE)),
    **_searches("Location", simple(f"{BASE}/Location?name=Lima", Action.READ_CATALOGUE)),
    f"GET {BASE}/Schedule/{{schedule_id}}": (_doctor("Schedule"),),
    **_searches("Slot", simple(f"{BASE}/Slot?service-type=checkup&{_DAYS}", Action.READ_CATALOGUE)),
    f"GET {BASE}/Slot/{{slot_id}}": (_slot(),),
    f"GET {BASE}/Practitioner/{{practitioner_id}}": (_doctor("Practitioner"),),
    f"GET {BASE}/Patient/{{patient_id}}": (_patient(),),
    f"GET {BASE}/Location/{{location_id}}": (simple(f"{BASE}/Location/1", Action.READ_CATALOGUE),),
    **_searches("Appointment", _search()),
    f"GET {BASE}/Appointment/{{appointment_id}}": (
        with_visit(Action.READ_APPOINTMENTS, lambda _, it: (f"{BASE}/Appointment/{it}", None)),
    ),
    f"POST {BASE}/Appointment": (_book(),),
    f"PUT {BASE}/Appointment/{{appointment_id}}": (_cancel(_put),),
    f"POST {BASE}/Appointment/{{appointment_id}}/$cancel": (_cancel(_cancel_operation),),
}
