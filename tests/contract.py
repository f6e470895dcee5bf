"""Checks every answer of the API, in whatever test, against openapi.json."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from dev.openapi_file import FILE

Json = Mapping[str, Any]

# Statuses of requests that match no operation.
_STRAY = {401: "unauthenticated", 404: "not_found", 405: "method_not_allowed"}


class Contract:
    """One document, with a validator for each of its schemas."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self._paths = [
            (_pattern(path), {method.upper(): operation for method, operation in methods.items()})
            for path, methods in sorted(document["paths"].items(), key=lambda item: "{" in item[0])
        ]
        self._validators: dict[str, Draft202012Validator] = {}

    def operation(self, method: str, path: str) -> Json | None:
        """Returns the operation of a request. HEAD is treated as GET. As OpenAPI says, a path without placeholders is
        matched before those with them.
        """
        found = next((operations for fits, operations in self._paths if fits(path)), {})
        return found.get("GET" if method == "HEAD" else method)

    def operations(self) -> Iterator[Json]:
        return (operation for _, operations in self._paths for operation in operations.values())

    def resolved(self, thing: Json) -> Json:
        """Returns the target of a reference."""
        while "$ref" in thing:
            *_, section, name = thing["$ref"].split("/")
            thing = self.document["components"][section][name]
        return thing

    def validator(self, schema: Json) -> Draft202012Validator:
        key = json.dumps(schema)
        if key not in self._validators:
            whole = {**schema, "components": self.document["components"]}
            self._validators[key] = Draft202012Validator(whole, format_checker=FormatChecker())
        return self._validators[key]

    def check(self, method: str, path: str, status: int, headers: Mapping[str, str], body: str) -> None:
        """Raises AssertionError or ValidationError if the document does not allow this answer."""
        operation = self.operation(method, path)
        if method == "OPTIONS" and status == HTTPStatus.NO_CONTENT:
            assert not body
            return
        if operation is None:
            assert status in _STRAY, (status, body)
            assert not body or code_of(json.loads(body)) == _STRAY[status], (status, body)
            return
        name = f"{operation['operationId']} {status}"
        assert str(status) in operation["responses"], f"{name} is not documented: {body[:300]}"
        response = self.resolved(operation["responses"][str(status)])
        for header, described in response["headers"].items():
            assert header in headers or not self.resolved(described).get("required"), f"{name} lacks {header}"
        if method != "HEAD":
            self._check_body(name, response, headers, body)

    def _check_body(self, name: str, response: Json, headers: Mapping[str, str], body: str) -> None:
        content = response.get("content")
        if not content:
            assert not body, f"{name} has a body"
            return
        media_type = headers["Content-Type"].partition(";")[0]
        assert media_type in content, f"{name} is not documented as {media_type}"
        if media_type.endswith("json"):
            value = json.loads(body)
            self.validator(content[media_type]["schema"]).validate(value)
            if code := code_of(value):
                assert code in content[media_type]["examples"], f"{name} is not documented as {code}"


def code_of(body: Any) -> str | None:
    """Returns the stable code of a problem or an OperationOutcome, and None for anything else."""
    match body:
        case {"code": str(code), "request_id": _}:
            return code
        case {"resourceType": "OperationOutcome", "issue": [{"details": {"coding": [{"code": str(code)}]}}, *_]}:
            return code
    return None


def _pattern(path: str) -> Any:
    return re.compile(re.sub(r"\{[^}]+\}", "[^/]+", re.escape(path).replace(r"\{", "{").replace(r"\}", "}"))).fullmatch


@cache
def contract() -> Contract:
    """Returns the contract of the committed document."""
    return Contract(json.loads(FILE.read_text(encoding="utf-8")))
