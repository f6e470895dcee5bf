"""The examples in openapi.json are valid FHIR, and the examples of requests can be read."""

from typing import Any

import pytest
from pydantic import BaseModel

from lambda_function.api.fhir.bodies import CancelledFhirAppointment, CancelParameters, NewFhirAppointment
from lambda_function.api.openapi.fhir_examples import EXAMPLES
from tests.api.fhir.valid import expect_resource


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_valid_fhir(name: str) -> None:
    expect_resource(EXAMPLES[name])


@pytest.mark.parametrize("body", [NewFhirAppointment, CancelledFhirAppointment, CancelParameters])
def test_an_example_of_a_request_is_taken(body: type[BaseModel]) -> None:
    taken: Any = body.model_validate(EXAMPLES[body.__name__])

    assert taken.resource_type == EXAMPLES[body.__name__]["resourceType"]
