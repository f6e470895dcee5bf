"""The server does what its metadata says."""

from typing import Any

import pytest

from lambda_function.api.app import create_resolver, route_key, routes_of
from tests.api.fhir.client import BASE, FhirClient
from tests.api.fhir.valid import expect_fhir

_ROUTES = {route_key(route): route for route in routes_of(create_resolver()) if BASE in route.path}
_CONTROLS = {"_count", "_cursor", "_format", "_summary", "_total"}


def _interactions(kind: str) -> set[str]:
    """Returns the interactions that the routes offer."""
    one = f"{BASE}/{kind}/{{{kind.lower()}_id}}"
    wanted = {
        "read": f"GET {one}",
        "search-type": f"GET {BASE}/{kind}",
        "create": f"POST {BASE}/{kind}",
        "update": f"PUT {one}",
    }
    return {code for code, key in wanted.items() if key in _ROUTES}


@pytest.fixture
def told(fhir: FhirClient) -> dict[str, Any]:
    statement = expect_fhir(fhir.get(None, "metadata"))
    return {resource["type"]: resource for resource in statement["rest"][0]["resource"]}


def test_it_names_exactly_the_resources_that_have_routes(told: dict[str, Any]) -> None:
    kinds = {key.split("/")[3] for key in _ROUTES} - {"metadata"}

    assert set(told) == kinds


def test_it_names_exactly_the_interactions_that_have_routes(told: dict[str, Any]) -> None:
    for kind, resource in told.items():
        assert {interaction["code"] for interaction in resource["interaction"]} == _interactions(kind), kind


def test_it_names_exactly_the_search_parameters_that_are_read(told: dict[str, Any]) -> None:
    for kind, resource in told.items():
        route = _ROUTES.get(f"GET {BASE}/{kind}")
        read = {parameter.alias for parameter in route.dependant.query_params} if route else set()
        assert {parameter["name"] for parameter in resource.get("searchParam", ())} == read - _CONTROLS, kind


def test_every_search_takes_the_same_parameters_in_a_form(told: dict[str, Any]) -> None:
    for kind in told:
        by_get, by_form = (_ROUTES[key] for key in (f"GET {BASE}/{kind}", f"POST {BASE}/{kind}/_search"))
        assert {parameter.alias for parameter in by_form.dependant.query_params} == {
            parameter.alias for parameter in by_get.dependant.query_params
        }


def test_it_names_exactly_the_operations_that_have_routes(told: dict[str, Any]) -> None:
    operations = {(kind, one["name"]) for kind, resource in told.items() for one in resource.get("operation", ())}

    assert operations == {(key.split("/")[3], key.partition("$")[2]) for key in _ROUTES if "$" in key}


def test_it_says_where_it_is_by_what_the_gateway_says(fhir: FhirClient) -> None:
    answer = fhir.desk.client.call(None, "GET", f"{BASE}/metadata", headers={"x-forwarded-proto": "http"})

    assert answer.json["implementation"]["url"] == "http://localhost/fhir/R4"
