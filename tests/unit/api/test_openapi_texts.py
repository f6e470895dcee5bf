"""Every part of openapi.json that client authors read is described in plain English."""

import re
from collections.abc import Iterator
from typing import Any

from lambda_function.api.openapi.contract import FAMILIES
from tests.contract import Json, contract
from tests.plain_words import RIDDLES

CONTRACT = contract()
DOCUMENT = CONTRACT.document


def _things() -> Iterator[tuple[str, Json]]:
    """Yields everything that needs a description, with its place."""
    for tag in DOCUMENT["tags"]:
        yield f"tag {tag['name']}", tag
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation
            for number, parameter in enumerate(operation.get("parameters", ())):
                yield f"{method} {path} parameter {number}", CONTRACT.resolved(parameter)
            for status, response in operation["responses"].items():
                yield f"{method} {path} {status}", CONTRACT.resolved(response)
    for kind in ("schemas", "headers"):
        for name, component in DOCUMENT["components"][kind].items():
            yield f"{kind} {name}", component
            for field, schema in component.get("properties", {}).items():
                yield f"{name}.{field}", schema


def _texts(value: Any) -> Iterator[str]:
    """Yields all descriptions and summaries."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in {"description", "summary"} and isinstance(inner, str):
                yield inner
            else:
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def test_every_tag_operation_parameter_response_schema_and_field_is_described() -> None:
    assert [place for place, thing in _things() if not thing.get("description")] == []


def test_every_operation_says_who_may_call_it() -> None:
    roles = re.compile(
        r"\b(patients|doctors|receptionists|only the doctor|every role|everybody|anybody|who may)\b", re.IGNORECASE
    )
    silent = [
        operation["operationId"]
        for methods in DOCUMENT["paths"].values()
        for operation in methods.values()
        if not roles.search(operation["description"])
    ]
    assert silent == []


def test_no_text_has_words_that_an_english_reader_has_to_decode() -> None:
    assert [text for text in _texts(DOCUMENT) if RIDDLES.search(text)] == []


def test_every_family_of_routes_is_described_in_a_sentence() -> None:
    assert all(family.description.endswith(".") for family in FAMILIES.values())
