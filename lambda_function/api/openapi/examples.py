"""Examples for the OpenAPI document, composed of contract.VALUES by the names of fields and of their schemas."""

from collections.abc import Mapping
from typing import Any

from lambda_function.api.openapi.contract import VALUES

Schema = Mapping[str, Any]

_BY_TYPE: Mapping[str, Any] = {"integer": 1, "number": 1, "string": "text", "boolean": False, "object": {}}


class Examples:
    """`schemas` are the components, to which more may be added later."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas

    def resolved(self, schema: Schema) -> Schema:
        """What a reference stands for."""
        return self._schemas[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema

    def request(self, schema: Schema) -> Any:
        """A body with the required fields and those that have a value in VALUES."""
        return self._of("", schema, whole=False)

    def answer(self, schema: Schema) -> Any:
        """An answer with every field."""
        return self._of("", schema, whole=True)

    def value(self, owner: str, name: str, schema: Schema) -> Any:
        """The value of a parameter of an operation."""
        return self._of(_best(owner, name), schema, whole=False)

    def _of(self, name: str, schema: Schema, *, whole: bool) -> Any:
        schema = self.resolved(schema)
        if "." in name:
            return VALUES[name]
        if choices := schema.get("enum", [schema["const"]] if "const" in schema else []):
            return VALUES[name] if VALUES.get(name) in choices else choices[0]
        if "anyOf" in schema:
            return self._of_choice(name, schema["anyOf"], whole=whole)
        if "properties" in schema:
            return self._of_object(schema, whole=whole)
        if schema["type"] == "array":
            return [self._of("", schema["items"], whole=whole)]
        value = VALUES.get(name, _BY_TYPE[schema["type"]])
        return value[:10] if schema.get("format") == "date" else value

    def _of_choice(self, name: str, choices: list[Schema], *, whole: bool) -> Any:
        empty = {"type": "null"} in choices
        if empty and name not in VALUES:
            return None
        return self._of(name, choices[0], whole=whole)

    def _of_object(self, schema: Schema, *, whole: bool) -> dict[str, Any]:
        owner, required = schema.get("title", ""), schema.get("required", ())
        if owner in VALUES:
            return dict(VALUES[owner])
        found = {}
        for name, inner in schema["properties"].items():
            best = _best(owner, name)
            if whole or name in required or best in VALUES:
                found[name] = self._of(best, inner, whole=whole)
        return found


def _best(owner: str, name: str) -> str:
    """`owner.name` where VALUES has it, else `name`."""
    return f"{owner}.{name}" if f"{owner}.{name}" in VALUES else name
