"""Every wrong value gets a code of the list and a sentence of ours."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, TypeAdapter, ValidationError

from lambda_function.api.app import create_resolver, routes_of
from lambda_function.api.fhir import bodies, search
from lambda_function.api.schemas import types
from lambda_function.api.schemas.appointments import AppointmentChange
from lambda_function.domain.actor import Role
from lambda_function.services import text_rules
from lambda_function.services.operators.actions import ACTIONS
from lambda_function.services.value_messages import CODES, Fault, fault_of


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str


Short = Annotated[list[int], Field(max_length=2)]
Filled = Annotated[list[int], Field(min_length=1)]
Weekday = Annotated[int, Field(strict=True, ge=1, le=7)]
Steps = Annotated[int, Field(multiple_of=5)]
NO_PRACTITIONER = {
    "resourceType": "Appointment",
    "status": "proposed",
    "serviceType": [{"coding": [{"code": "checkup"}]}],
    "start": "2030-01-31T09:00:00Z",
    "participant": [{"actor": {"reference": "Patient/7"}, "status": "accepted"}],
}
# A type, a wrong value, the code, and the message.
WRONG: list[tuple[Any, Any, str, str]] = [
    (Strict, {}, "required", "This field is required."),
    (Strict, {"name": "x", "more": 1}, "unknown_field", "This field is not known here. Leave it out."),
    (Strict, 7, "wrong_type", "Give an object."),
    (str, 7, "wrong_type", "Give a text."),
    (StrictInt, "7", "wrong_type", "Give a whole number."),
    (StrictBool, "yes", "wrong_type", "Give true or false."),
    (Short, 7, "wrong_type", "Give a list."),
    (text_rules.Reason, "x" * 501, "too_long", "Use at most 500 characters."),
    (text_rules.Reason, " ", "too_short", "Give a text that is not empty."),
    (Short, [1, 2, 3], "too_long", "Give at most 2 entries."),
    (Filled, [], "too_short", "Give a list that is not empty."),
    (Weekday, 0, "too_small", "Give a number that is at least 1."),
    (Weekday, 8, "too_large", "Give a number that is at most 7."),
    (Steps, 7, "not_a_multiple", "Give a multiple of 5."),
    (Role, "NURSE", "not_a_choice", "Give 'PATIENT', 'DOCTOR' or 'RECEPTIONIST'."),
    (Literal["free"], "busy", "not_a_choice", "Give 'free'."),
    (types.Limit, "101", "not_in_range", "Give a whole number from 1 to 100."),
    (search.Count, "-1", "not_in_range", "Give a whole number that is at least 0."),
    (types.BodyId, 0, "not_an_id", "Give an id: a whole number from 1 to 2^63 - 1."),
    (
        types.Instant,
        "2030-01-31",
        "not_an_instant",
        "Give a date and time with its offset from UTC, such as 2030-01-31T09:00:00Z.",
    ),
    (types.Instant, "9999-12-31T23:00:00-05:00", "not_an_instant", "Give a time in the years 1 to 9999 of UTC."),
    (types.Day, "2030-02-31", "not_a_day", "Give a date of the years 1000 to 2999, such as 2030-01-31."),
    (
        types.WallClock,
        "soon",
        "not_a_local_time",
        "Give a local date and time of the years 1000 to 2999, such as 2030-01-31 09:00:00.",
    ),
    (
        types.MinuteOfDay,
        "9:03",
        "not_a_time_of_day",
        "Give a time of day from 00:00 to 24:00 on a whole five minutes, such as 09:05.",
    ),
    (
        text_rules.PersonName,
        "\u202eAna",
        "not_a_name",
        "Remove control characters, line breaks and characters that turn the direction of the text.",
    ),
    (text_rules.PersonName, "42", "not_a_name", "Give a name that has a letter."),
    (
        text_rules.UserName,
        "_ana",
        "not_a_user_name",
        "Use 1 to 64 characters: letters without accents, digits and . _ @ + - with a letter or a digit first.",
    ),
    (text_rules.Email, "ana", "not_an_email", "Give an e-mail address such as ana@example.org."),
    (text_rules.Phone, "ana", "not_a_phone", "Give a phone number such as +51 999 111 222 or 01 222 3333 ext. 12."),
    (
        text_rules.IdentifierValue,
        "--",
        "not_an_identifier",
        "Give an identifier with a letter or a digit and at most 64 characters, on one line.",
    ),
    (
        types.ParameterIdentifier,
        "12345678",
        "not_an_identifier",
        "Give a system, a colon and a number; the systems are national_id, insurance, chart.",
    ),
    *(
        (
            text_rules.BirthDate,
            written,
            "not_a_birth_date",
            "Write the birth date as year-month-day, such as 1980-12-31.",
        )
        for written in ("31/12/1980", "12.03.1984", "29298", "1984-3-9", "1984-02-30", 29298)
    ),
    (
        text_rules.BirthDate,
        "1899-12-31",
        "not_a_birth_date",
        "Give a date of birth from 1900-01-01, such as 1990-01-31.",
    ),
    (types.CountryCode, "pe", "not_a_country", "Give a country as two capital letters, such as PE."),
    (types.ParameterFlag, "yes", "not_a_flag", "Give true or false."),
    (types.Note, "\x00", "control_characters", "Remove the control characters."),
    (search.PatientReference, "x", "not_a_reference", "Give a reference such as Patient/7."),
    (
        bodies.SlotReference,
        {"reference": "https://elsewhere.example/Slot/7"},
        "another_server",
        "This leads to another server. Refer to a resource of this one.",
    ),
    (search.ScheduleReference, "Patient/7", "not_a_reference", "Give a reference such as Schedule/7."),
    (
        bodies.Actor,
        {"reference": "Patient/7", "type": "Location"},
        "inconsistent",
        "Give the type that the reference names, or leave it out.",
    ),
    (
        bodies.NewFhirAppointment,
        {**NO_PRACTITIONER, "participant": NO_PRACTITIONER["participant"] * 2},  # type: ignore[operator]
        "duplicate",
        "Give one participant of each type only.",
    ),
    (bodies.NewFhirAppointment, NO_PRACTITIONER, "required", "Add a Practitioner to the participants."),
    (AppointmentChange, {}, "nothing_to_change", "Give at least one field to change."),
]
# Codes that come from api/strict.py and api/idempotency.py, not from a schema.
AT_THE_EDGE = {"malformed"}


def faults(kind: Any, value: Any) -> list[Fault]:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as refusal:
        return [fault_of(error) for error in refusal.errors()]
    return []


@pytest.mark.parametrize(("kind", "value", "code", "message"), WRONG, ids=[f"{row[2]}: {row[3]}" for row in WRONG])
def test_a_wrong_value_has_a_code_and_a_sentence(kind: Any, value: Any, code: str, message: str) -> None:
    assert faults(kind, value) == [(code, message)]


def test_every_code_of_the_list_is_reached() -> None:
    assert {code for _, _, code, _ in WRONG} | AT_THE_EDGE == CODES.keys()


def test_a_kind_of_error_without_words_of_ours_shows_none_of_pydantics() -> None:
    assert faults(complex, "x") == [
        ("malformed", "Give this value in the form that the documentation describes."),
    ]


def models(kind: Any) -> Iterator[type[BaseModel]]:
    """Returns the models in a type, and those in their fields."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
        for field in kind.model_fields.values():
            yield from models(field.annotation)
    for part in getattr(kind, "__args__", ()):
        yield from models(part)


ROUTES = routes_of(create_resolver())
TAKEN: set[type[BaseModel]] = {
    *(model for route in ROUTES for body in route.dependant.body_params for model in models(body.type_)),
    *(model for action in ACTIONS.values() for model in models(action.arguments)),
}
PARAMETERS = {
    f"{parameter.alias} of {route.func.__name__}": Annotated[parameter.type_, parameter.field_info]
    for route in ROUTES
    for parameter in (*route.dependant.query_params, *route.dependant.header_params)
}
BAD = [None, "", "x" * 6000, "\x00", "\ud800", -1, 10**20, 1.5, True, [], ["x"], [None] * 6000, {}, {"x": 1}, object()]


@pytest.mark.parametrize("model", sorted(TAKEN, key=str))
def test_every_field_of_a_body_has_words_of_ours_for_whatever_is_wrong(model: type[BaseModel]) -> None:
    names = [field.alias or name for name, field in model.model_fields.items()]
    found = [fault for name in [*names, "unknown"] for bad in BAD for fault in faults(model, {name: bad})]
    assert [fault for fault in found if fault.code not in CODES or fault.code == "malformed"] == []


@pytest.mark.parametrize("kind", PARAMETERS.values(), ids=PARAMETERS)
def test_every_parameter_has_words_of_ours_for_whatever_is_wrong(kind: Any) -> None:
    found = [fault for bad in BAD for fault in faults(kind, bad)]
    assert [fault for fault in found if fault.code not in CODES or fault.code == "malformed"] == []
