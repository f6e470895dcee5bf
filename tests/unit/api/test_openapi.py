"""The committed document is up to date, valid and complete, and its examples are true."""

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from dev.openapi_file import FILE
from lambda_function.api.app import PUBLIC_ROUTES, create_resolver, route_keys, routes_of
from lambda_function.api.fhir.parameters import BY_FORM
from lambda_function.api.openapi.contract import FAMILIES, REFUSALS, UNSHOWN, VALUES
from lambda_function.api.openapi.document import document
from lambda_function.api.openapi.fhir_schemas import ANSWERS
from lambda_function.web.codes import PROBLEM_CODES
from tests.contract import Json, contract
from tests.plain_words import unclear

COMMITTED = contract()
OPERATIONS = {operation["operationId"]: operation for operation in COMMITTED.operations()}


def test_the_committed_document_is_that_of_the_code() -> None:
    assert FILE.read_text(encoding="utf-8") == document(), "openapi.json is out of date: run `make openapi`"


def test_a_process_with_other_hashes_writes_the_same() -> None:
    read = "from lambda_function.api.openapi.document import document"
    program = f"import sys; {read}; sys.stdout.buffer.write(document().encode())"
    written = subprocess.run(
        [sys.executable, "-c", program],
        cwd=FILE.parent,
        env={"PYTHONHASHSEED": "1", "POWERTOOLS_SERVICE_NAME": "test"},
        capture_output=True,
        check=True,
    ).stdout

    assert written == FILE.read_bytes()


def test_it_is_openapi_3_1() -> None:
    assert not list(OpenAPIV31SpecValidator(dict(COMMITTED.document)).iter_errors())


def test_every_route_is_in_it() -> None:
    documented = {
        f"{method.upper()} {path}" for path, methods in COMMITTED.document["paths"].items() for method in methods
    }

    assert documented == set(route_keys())


def test_operation_ids_are_words_that_clients_can_be_generated_from() -> None:
    assert len(OPERATIONS) == len(route_keys())
    assert all(re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", name) for name in OPERATIONS)


def test_exactly_the_public_routes_need_no_token() -> None:
    open_routes = {
        f"{method.upper()} {path}"
        for path, methods in COMMITTED.document["paths"].items()
        for method, operation in methods.items()
        if operation.get("security") == []
    }

    assert open_routes == PUBLIC_ROUTES


def test_every_code_stands_in_the_problem_schema() -> None:
    problem = COMMITTED.document["components"]["schemas"]["Problem"]

    assert problem["properties"]["code"]["enum"] == sorted(PROBLEM_CODES)


@pytest.mark.parametrize("code", PROBLEM_CODES)
def test_every_code_is_explained_in_a_plain_sentence(code: str) -> None:
    assert unclear(PROBLEM_CODES[code].meaning) == []


def test_every_code_is_answered_by_some_operation() -> None:
    answered = {
        code
        for operation in OPERATIONS.values()
        for response in operation["responses"].values()
        for content in COMMITTED.resolved(response).get("content", {}).values()
        for code in content.get("examples", {})
    }

    # Other methods are not operations.
    assert set(PROBLEM_CODES) - answered == {"method_not_allowed"}


def test_the_tables_name_operations_and_fields_that_are_there() -> None:
    text = FILE.read_text(encoding="utf-8")
    tags = {tag for route in routes_of(create_resolver()) for tag in route.tags}

    assert REFUSALS.keys() | ANSWERS.keys() <= OPERATIONS.keys()
    assert FAMILIES.keys() == tags
    assert [name for name in VALUES if f'"{name.rpartition(".")[2]}"' not in text] == []


def test_every_post_that_changes_something_takes_an_idempotency_key() -> None:
    with_key = {
        name
        for name, operation in OPERATIONS.items()
        for parameter in operation.get("parameters", ())
        if COMMITTED.resolved(parameter)["name"] == "Idempotency-Key"
    }

    posts = [route for route in routes_of(create_resolver()) if route.method == "POST"]
    assert with_key == {route.func.__name__ for route in posts if not route.path.endswith(BY_FORM)}


@pytest.mark.parametrize(
    ("operation", "headers"),
    [
        ("book_appointment", {"ETag", "Idempotency-Replayed", "Location", "X-Request-Id"}),
        ("get_appointment", {"ETag", "X-Request-Id"}),
        ("list_appointments", {"X-Request-Id"}),
        ("create_calendar_token", {"Idempotency-Replayed", "X-Request-Id"}),
        ("create_time_off", {"Idempotency-Replayed", "Location", "X-Request-Id"}),
    ],
)
def test_an_answer_has_the_headers_of_what_it_holds(operation: str, headers: set[str]) -> None:
    responses = OPERATIONS[operation]["responses"]
    [success] = [response for status, response in responses.items() if status < "300"]

    assert set(success["headers"]) == headers


def _examples() -> Iterator[Any]:
    for name, operation in OPERATIONS.items():
        for parameter in map(COMMITTED.resolved, operation.get("parameters", ())):
            if "example" in parameter:
                yield pytest.param(parameter["schema"], parameter["example"], id=f"{name} {parameter['name']}")
        bodies = [("body", operation.get("requestBody", {})), *operation["responses"].items()]
        for where, body in bodies:
            for media_type, content in COMMITTED.resolved(body).get("content", {}).items():
                named = {
                    code: COMMITTED.resolved(example)["value"] for code, example in content.get("examples", {}).items()
                }
                for code, value in {**named, **({"": content["example"]} if "example" in content else {})}.items():
                    yield pytest.param(content["schema"], value, id=f"{name} {where} {media_type} {code}")


def test_every_parameter_has_an_example_but_those_that_only_the_caller_knows() -> None:
    bare = {
        (name, parameter["name"])
        for name, operation in OPERATIONS.items()
        for parameter in map(COMMITTED.resolved, operation.get("parameters", ()))
        if "example" not in parameter
    }
    assert {parameter if parameter in UNSHOWN else f"{name}.{parameter}" for name, parameter in bare} == UNSHOWN


@pytest.mark.parametrize(("schema", "value"), list(_examples()))
def test_an_example_is_valid(schema: Json, value: Any) -> None:
    COMMITTED.validator(schema).validate(value)


def test_bodies_and_answers_have_examples_but_for_the_gateway_s_own() -> None:
    bare = [
        (name, where)
        for name, operation in OPERATIONS.items()
        for where, body in [("body", operation.get("requestBody", {})), *operation["responses"].items()]
        for media_type, content in COMMITTED.resolved(body).get("content", {}).items()
        if content["schema"] != {"$ref": "#/components/schemas/GatewayMessage"}
        and not {"example", "examples"} & content.keys()
    ]

    assert bare == []
