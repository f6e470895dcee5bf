"""Which people the answers kept under idempotency keys are about."""

from typing import Any

import pytest
from sqlalchemy import delete

from lambda_function.api import idempotency
from lambda_function.db.models import IdempotencyKey, IdempotencySubject
from lambda_function.services.idempotency import named_in
from tests.api.conftest import Statements
from tests.api.desk import Desk, at
from tests.api.posts import (
    BOOK,
    BY_NAME,
    CANCEL,
    CONFIRM,
    DISMISS,
    FHIR_BOOK,
    FHIR_CANCEL,
    RECALL,
    TIME_OFF,
    TOKEN,
    USERS,
    WAIT,
    Posts,
)
from tests.contract import contract

KEY = {"Idempotency-Key": "key"}
# Fields that name a possible patient, fields that name staff, who are never erased, and fields that name nobody.
PATIENTS = {"user_id", "patient_id"}
STAFF = {"doctor_id", "receptionist_id"}
THINGS = {
    "appointment_id",
    "chair_id",
    "clinic_id",
    "notification_id",
    "recall_id",
    "time_off_id",
    "treatment_id",
    "waitlist_id",
}


def _subjects(desk: Desk) -> set[int]:
    return {row.subject_id for row in desk.practice.rows(IdempotencySubject)}


# What rita can do with the existing rows. The other steps of a visit answer in the same way.
@pytest.mark.parametrize(
    "key",
    [USERS, BOOK, CONFIRM, CANCEL, BY_NAME, TIME_OFF, WAIT, RECALL, DISMISS, TOKEN, FHIR_BOOK, FHIR_CANCEL],
)
def test_every_kept_answer_says_which_patients_it_names(desk: Desk, key: str) -> None:
    sent = Posts(desk)
    answer = sent.send(key, sent.body(key), headers=KEY)
    assert answer.status in {200, 201}, answer.text
    kept = desk.practice.rows(IdempotencyKey)
    assert len(kept) == (key != TOKEN)
    patients = {desk.id_of(name) for name in ("pat", "kim")} | {answer.json.get("user_id", 0)}
    assert _subjects(desk) == {user_id for user_id in patients if _is_named(user_id, answer.text)}


def _is_named(user_id: int, text: str) -> bool:
    """Searches the answer's text, independently of how the service finds the patients."""
    return (
        f'"patient":{{"user_id":{user_id},' in text
        or f'"patient_id":{user_id},' in text
        or (f'"Patient/{user_id}"' in text or text.startswith(f'{{"user_id":{user_id},'))
    )


def test_a_patients_own_answers_are_about_the_patient(desk: Desk) -> None:
    answer = desk.client.post("pat", "/appointments", desk.visit(at("15:00")), headers=KEY)
    assert answer.status == 201, answer.text
    assert _subjects(desk) == {desk.id_of("pat")}


def test_what_people_write_names_nobody(desk: Desk) -> None:
    kim = desk.id_of("kim")
    note = f'{{"user_id":{kim},"patient_id": {kim}}} "Patient/{kim}"'
    answer = desk.client.post("rita", "/appointments", desk.visit(at("15:00"), patient_note=note), headers=KEY)
    assert answer.json["patient_note"] == note
    assert _subjects(desk) == {desk.id_of("pat")}


def test_with_the_answer_goes_whom_it_was_about(desk: Desk) -> None:
    desk.client.post("rita", "/appointments", desk.visit(at("15:00")), headers=KEY)
    desk.practice.session.execute(delete(IdempotencyKey))
    desk.practice.session.commit()
    assert _subjects(desk) == set()


def test_saying_whom_it_is_about_costs_a_booking_one_statement(desk: Desk, statements: Statements) -> None:
    desk.client.post("rita", "/appointments", desk.visit(at("14:00")), headers={"Idempotency-Key": "warm"})
    statements.clear()
    desk.client.post("rita", "/appointments", desk.visit(at("15:00")), headers=KEY)
    assert len([statement for statement in statements.sent if "idempotency" in statement]) == 3


def _integers(schema: Any, name: str = "") -> set[str]:
    """Yields the names of fields that hold whole numbers."""
    document = contract().document
    match schema:
        case {"$ref": str() as reference}:
            return _integers(document["components"]["schemas"][reference.rsplit("/", 1)[-1]], name)
        case {"type": "integer"}:
            return {name}
        case {"type": "array", "items": items}:
            return _integers(items, name)
        case {"properties": dict() as properties}:
            return {found for key, value in properties.items() for found in _integers(value, key)}
        case {"anyOf": list() as choices}:
            return {found for choice in choices for found in _integers(choice, name)}
    return set()


def test_every_id_in_an_answer_that_can_be_kept_is_known_to_name_somebody_or_nobody() -> None:
    """A new field must be sorted here, and found by services/idempotency.py if it names a patient."""
    found: set[str] = set()
    for path, operations in contract().document["paths"].items():
        for status, answer in operations.get("post", {}).get("responses", {}).items():
            if status.startswith("2") and not idempotency._NEVER_KEPT.fullmatch(path):
                for content in answer.get("content", {}).values():
                    found |= _integers(content["schema"])
    ids = {name for name in found if name.endswith(("_id", "_ids"))}
    assert ids - {"outside_appointment_ids", "appointment_ids"} <= PATIENTS | STAFF | THINGS
    assert ids >= PATIENTS
    assert named_in("".join(f'"{name}":{number},' for number, name in enumerate(sorted(PATIENTS)))) == {0, 1}
