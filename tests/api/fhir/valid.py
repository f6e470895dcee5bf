"""Checks that a resource is valid FHIR, by fhir.resources and by the rules that this package does not check."""

from typing import Any

from fhir.resources.R4B import get_fhir_model_class

from tests.api_client import Answer


def expect_resource(resource: dict[str, Any]) -> dict[str, Any]:
    """Checks that the resource is valid R4 in its elements, codes and invariants, and that nothing in it is empty."""
    model = get_fhir_model_class(resource["resourceType"])
    parsed = model.model_validate(resource)
    _expect_known_codes(parsed)
    _expect_nothing_empty(resource)
    if resource["resourceType"] == "Appointment":
        expect_invariants(resource)
    if resource["resourceType"] == "Bundle":
        for entry in resource.get("entry", ()):
            expect_resource(entry["resource"])
    return resource


def expect_fhir(answer: Answer, status: int = 200) -> Any:
    """Returns the body of an answer that has this status, the right media type and a valid resource."""
    assert answer.status == status, answer.text
    assert answer.headers["Content-Type"] == "application/fhir+json; charset=utf-8"
    resource = expect_resource(answer.json)
    if version := resource.get("meta", {}).get("versionId"):
        assert answer.headers["ETag"] == f'W/"{version}"'
    return resource


def expect_invariants(appointment: dict[str, Any]) -> None:
    """Checks the four invariants that R4 states for an Appointment."""
    status = appointment["status"]
    timed = {name for name in ("start", "end") if name in appointment}
    assert appointment["participant"]
    assert all("type" in one or "actor" in one for one in appointment["participant"]), "app-1"
    assert len(timed) != 1, "app-2"
    assert timed or status in {"proposed", "cancelled", "waitlist"}, "app-3"
    assert "cancelationReason" not in appointment or status in {"cancelled", "noshow"}, "app-4"


def _expect_known_codes(model: Any) -> None:
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        extra = field.json_schema_extra
        codes = extra.get("enum_values") if isinstance(extra, dict) else None
        if isinstance(value, str) and isinstance(codes, list):
            assert value in codes, f"{name}: {value}"
        for inner in value if isinstance(value, list) else [value]:
            if hasattr(type(inner), "model_fields"):
                _expect_known_codes(inner)


def _expect_nothing_empty(value: Any) -> None:
    assert value not in (None, "", [], {})
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _expect_nothing_empty(inner)
