"""The OpenAPI document, made from the routes with their docstrings, what follows from their shape, and
api/openapi/contract.py.

The schemas are pydantic's own; Powertools' generator is not asked, because it keeps limits as floating-point numbers,
knows no headers of answers, and documents errors that are not ours. The tests compare the committed openapi.json.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from inspect import getdoc
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.openapi.compat import ModelField
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

import lambda_function
from lambda_function.api import csv_table
from lambda_function.api.app import PUBLIC_ROUTES, create_resolver, route_key, routes_of
from lambda_function.api.fhir.parameters import BY_FORM, FORM
from lambda_function.api.openapi.contract import DIALECTS, FAMILIES, REFUSALS, UNSHOWN, Dialect
from lambda_function.api.openapi.examples import Examples
from lambda_function.api.openapi.fhir_schemas import ANSWERS
from lambda_function.api.strict import BODY_METHODS
from lambda_function.api.wire_formats import format_of
from lambda_function.web.codes import PROBLEM_CODES

Json = dict[str, Any]

_DESCRIPTION = """\
Find, book, move and finish appointments of dental clinics.

- Times are RFC 3339: requests need an offset, answers are in UTC. A fraction of a second may have any number of digits;
  those after the sixth are cut off. Ids are integers from 1 to 2^63 - 1; `me` stands for the caller's own user id.
- Bodies are JSON objects of at most 64 KiB. An unknown field or query parameter is refused with 422;
  only `GET /calendar.ics` passes over parameters that it does not know.
- Lists come in pages: send the `next_cursor` of one page as `cursor` to get the next; it is null on the last page.
- Errors are problems (RFC 9457) with a stable `code`. New codes may be added to any operation: treat a code that you do
  not know by its status. What the caller may not see is 404; what the caller sees but may not do is 403.
- Every POST takes an `Idempotency-Key`, with which a request can be repeated safely. A search by a form changes
  nothing, so it needs none.
- Routes below /fhir/R4 speak FHIR: errors are OperationOutcomes with the same `code`, lists are Bundles whose link
  `next` leads to the next page, and ETags are weak.
- HEAD is answered wherever GET is. A method that an address does not support is 405 `method_not_allowed` with `Allow`.
  An address with a slash at its end is another address, which is 404. OPTIONS without a token is a browser's preflight
  request, which is 204 everywhere.
"""
_METHODS = ("get", "post", "put", "patch", "delete")
_TOKEN = "access_token"  # noqa: S105 - the name of the scheme
# What API Gateway answers by itself: a bad token, a body that is too large, too many requests, a Lambda that fails.
_GATEWAY = frozenset({401, 413, 429, 500, 503})
_SHORT = 2  # the most codes that make a name
_DONE = {
    HTTPStatus.OK: "Success",
    HTTPStatus.CREATED: "Created",
    HTTPStatus.ACCEPTED: "Accepted",
    HTTPStatus.NO_CONTENT: "No content",
}

_HEADERS: Mapping[str, Json] = {
    "RequestId": {
        "description": "Id of this request in the logs; quote it when you ask for help",
        "schema": {"type": "string"},
    },
    **{
        f"{dialect.name}ETag": {
            "description": "The version of what is answered; send it in `If-Match`",
            "required": True,
            "schema": {"type": "string", "pattern": dialect.etag},
        }
        for dialect in DIALECTS
    },
    "Mark": {
        "description": "Changes whenever the answer would change; send it in `If-None-Match`",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[0-9a-f]+"$'},
    },
    "Location": {
        "description": "The address of what was created",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "RetryAfter": {
        "description": "How many seconds to wait before the request is repeated",
        "schema": {"type": "integer", "minimum": 1},
    },
    "Replayed": {
        "description": "`true` when this is the stored answer to an earlier request with the same `Idempotency-Key`",
        "schema": {"const": "true"},
    },
    "NextPage": {
        "description": 'With `text/csv`, the address of the next page, as `<address>; rel="next"`; absent on the last',
        "schema": {"type": "string"},
    },
    "Challenge": {"description": "How to authenticate", "schema": {"type": "string"}},
}
_REFUSAL_HEADERS = {
    401: {"WWW_Authenticate": "Challenge"},
    429: {"Retry_After": "RetryAfter"},
    503: {"Retry_After": "RetryAfter"},
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": (
        "A key of your choice, such as a UUID. The same request with the same key within 24 hours gets the same "
        "answer, and nothing is done twice."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_GATEWAY_MESSAGE = {
    "type": "object",
    "description": "An error that API Gateway answers before the service sees the request; it has no code",
    "properties": {"message": {"type": "string", "description": "What went wrong, for people"}},
    "required": ["message"],
}


def document() -> str:
    """OpenAPI 3.1 as JSON text, the same in every process."""
    return json.dumps(_Writer().document(), indent=1, ensure_ascii=False) + "\n"


class _Schemas(GenerateJsonSchema):
    """Leaves out the titles of fields, which only repeat their names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def int_schema(self, schema: Any) -> Json:
        return {**super().int_schema(schema), "format": "int64"}

    def default_schema(self, schema: Any) -> Json:
        """Leaves out defaults of null: they mean that a field stays as it is, even where null itself is refused."""
        found = super().default_schema(schema)
        return {name: value for name, value in found.items() if name != "default" or value is not None}


class _Writer:
    """Collects the components while it writes the operations."""

    def __init__(self) -> None:
        self._schemas: dict[str, Json] = {"GatewayMessage": _GATEWAY_MESSAGE}
        self._responses: dict[str, Json] = {}
        self._refusal_examples: dict[str, Json] = {}
        self._examples = Examples(self._schemas)
        self._routes = [route for route in routes_of(create_resolver()) if route.include_in_schema]
        # The id of a FHIR resource is always called `id`.
        self._ids = {"id"} | {parameter.alias for route in self._routes for parameter in route.dependant.path_params}

    def document(self) -> Json:
        paths: dict[str, Json] = {}
        order = sorted(self._routes, key=lambda route: (route.openapi_path, _METHODS.index(route.method.lower())))
        for route in order:
            paths.setdefault(route.openapi_path, {})[route.method.lower()] = self._operation(route)
        used = {tag for route in self._routes for tag in route.tags}
        return {
            "openapi": "3.1.0",
            "info": {
                "title": "Dentist appointments",
                "version": lambda_function.__version__,
                "description": _DESCRIPTION,
                "contact": {"name": "The operators of the service"},
                "license": {"name": "MIT", "identifier": "MIT"},
            },
            "servers": [{"url": "/"}],
            "security": [{_TOKEN: []}],
            "tags": [{"name": tag, "description": FAMILIES[tag].description} for tag in FAMILIES if tag in used],
            "paths": paths,
            "components": {
                "schemas": dict(sorted(self._schemas.items())),
                "responses": dict(sorted(self._responses.items())),
                "parameters": {"IdempotencyKey": self._example_in(_IDEMPOTENCY_KEY)},
                "headers": dict(_HEADERS),
                "examples": dict(sorted(self._refusal_examples.items())),
                "securitySchemes": {_TOKEN: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            },
        }

    def _operation(self, route: Route) -> Json:
        [tag] = route.tags
        dialect = FAMILIES[tag].dialect
        operation: Json = {
            "tags": [tag],
            "summary": route.summary,
            "description": getdoc(route.func),
            "operationId": route.func.__name__,
        }
        if route_key(route) in PUBLIC_ROUTES:
            operation["security"] = []
        if parameters := self._parameters(route):
            operation["parameters"] = parameters
        if body := self._body(route, dialect):
            operation["requestBody"] = body
        operation["responses"] = {
            **self._joined(route, dialect),
            str(route.status_code): self._success(route, dialect, HTTPStatus(route.status_code)),
            **self._not_modified(route),
            **self._refusals(route, dialect),
        }
        return operation

    def _body(self, route: Route, dialect: Dialect) -> Json | None:
        if route.path.endswith(BY_FORM):
            return self._form(route)
        if route.body_field is None:
            return None
        schema = self._input(route.body_field)
        content = {"schema": schema, "example": self._examples.request(schema)}
        return {"required": route.body_field.required, "content": {dialect.media_type: content}}

    def _form(self, route: Route) -> Json:
        """The parameters of a search in its body; their examples are those of the search by GET."""
        search = route.func.__name__.removesuffix("_by_form")
        fields = [self._example_in(self._parameter(field, "query"), search) for field in route.dependant.query_params]
        schema = {
            "type": "object",
            "properties": {field["name"]: {**field["schema"], "description": field["description"]} for field in fields},
            "required": [field["name"] for field in fields if field["required"]],
            "additionalProperties": False,
        }
        example = {field["name"]: field["example"] for field in fields if "example" in field}
        return {"required": bool(schema["required"]), "content": {FORM: {"schema": schema, "example": example}}}

    def _parameters(self, route: Route) -> list[Json]:
        of = route.dependant
        in_query = [] if route.path.endswith(BY_FORM) else of.query_params
        found = [
            self._example_in(self._parameter(field, place), route.func.__name__)
            for place, fields in (("path", of.path_params), ("query", in_query), ("header", of.header_params))
            for field in fields
        ]
        return [*found, {"$ref": "#/components/parameters/IdempotencyKey"}] if _takes_key(route) else found

    def _parameter(self, field: ModelField, place: str) -> Json:
        # Powertools keeps the names of headers in lower case.
        name = field.alias.title() if place == "header" else field.alias
        parameter: Json = {"name": name, "in": place, "required": field.required, "schema": self._input(field)}
        if field.field_info.description:
            parameter["description"] = field.field_info.description
        if not field.required and field.default is not None:
            parameter["schema"] = {**parameter["schema"], "default": field.default}
        return parameter

    def _example_in(self, parameter: Mapping[str, Any], operation: str = "") -> Json:
        if {parameter["name"], f"{operation}.{parameter['name']}"} & UNSHOWN:
            return dict(parameter)
        return {**parameter, "example": self._examples.value(operation, parameter["name"], parameter["schema"])}

    def _input(self, field: ModelField) -> Json:
        """The schema of a parameter or a body. An optional one is left out; it cannot be null."""
        schema = self._schema(Annotated[field.field_info.annotation, field.field_info], "validation")
        schema.pop("description", None)
        schema.pop("default", None)
        choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
        return choices[0] if len(choices) == 1 else {**schema, "anyOf": choices} if choices else schema

    def _schema(self, annotation: Any, mode: JsonSchemaMode) -> Json:
        """A reference for a model, and the model among the components."""
        wrapped = TypeAdapter(list[annotation]).json_schema(
            mode=mode, ref_template="#/components/schemas/{model}", schema_generator=_Schemas
        )
        for name, model in wrapped.pop("$defs", {}).items():
            if self._schemas.setdefault(name, model) != model:
                raise ValueError(f"two schemas have the name {name}")
        found: Json = wrapped["items"]
        return found

    def _success(self, route: Route, dialect: Dialect, status: HTTPStatus) -> Json:
        if status is HTTPStatus.NO_CONTENT:
            return {"description": _DONE[status], "headers": _headers()}
        content, headers = {}, {"Idempotency_Replayed": "Replayed"} if _takes_key(route) else {}
        for media_type, schema in self._bodies(route, dialect):
            fields = self._examples.resolved(schema).get("properties", {})
            if fields.get("version", {}).get("type") == "integer" or "meta" in fields:
                headers["ETag"] = f"{dialect.name}ETag"
            if HTTPStatus.NOT_MODIFIED in (route.responses or {}):
                headers["ETag"] = "Mark"
            if status is HTTPStatus.CREATED and self._ids & fields.keys():
                headers["Location"] = "Location"
            if media_type == csv_table.MEDIA_TYPE:
                headers["Link"] = "NextPage"
            content[media_type] = {"schema": schema, "example": self._examples.answer(schema)}
        return {"description": _DONE[status], "headers": _headers(**headers), "content": content}

    def _joined(self, route: Route, dialect: Dialect) -> Json:
        """The other success of a route that creates something, unless it is there already."""
        declared = (route.responses or {}).get(HTTPStatus.OK.value)
        if declared is None or route.status_code != HTTPStatus.CREATED:
            return {}
        success = self._success(route, dialect, HTTPStatus.OK)
        return {str(HTTPStatus.OK.value): {**success, "description": declared["description"]}}

    def _not_modified(self, route: Route) -> Json:
        status = HTTPStatus.NOT_MODIFIED.value
        declared = (route.responses or {}).get(status)
        if declared is None:
            return {}
        return {str(status): {"description": declared["description"], "headers": _headers(ETag="Mark")}}

    def _bodies(self, route: Route, dialect: Dialect) -> Iterator[tuple[str, Json]]:
        """The media types of an answer with their schemas: by fhir_schemas.ANSWERS, the route's `responses`, or what it
        returns.
        """
        declared: Mapping[str, Any] | None = (route.responses or {}).get(route.status_code)
        returned = route.dependant.return_param
        if answered := ANSWERS.get(route.func.__name__):
            yield dialect.media_type, self._schema(answered, "serialization")
        elif declared:
            for media_type, content in declared["content"].items():
                model = content.get("model")
                yield media_type, self._schema(model, "serialization") if model else content["schema"]
        elif returned:
            yield dialect.media_type, self._schema(returned.field_info.annotation, "serialization")

    def _refusals(self, route: Route, dialect: Dialect) -> Json:
        by_status: defaultdict[int, list[str]] = defaultdict(list)
        for code in sorted(codes_of(route)):
            by_status[PROBLEM_CODES[code].status.value].append(code)
        # On all other routes only the gateway limits requests, and it answers without a problem.
        counted = "throttled" in REFUSALS.get(route.func.__name__, ())
        return {
            str(status): self._refusal(status, codes, dialect, counted=counted)
            for status, codes in sorted(by_status.items())
        }

    def _refusal(self, status: int, codes: list[str], dialect: Dialect, *, counted: bool) -> Json:
        counted = counted and status == HTTPStatus.TOO_MANY_REQUESTS
        response = self._refusal_in_full(status, codes, dialect, counted=counted)
        if len(codes) > _SHORT:
            return response
        name = dialect.name + "Or".join(map(_camel, codes)) + ("ByService" if counted else "")
        self._responses[name] = response
        return {"$ref": f"#/components/responses/{name}"}

    def _example_of_refusal(self, code: str, dialect: Dialect) -> Json:
        name = dialect.name + _camel(code)
        self._refusal_examples[name] = {"summary": PROBLEM_CODES[code].meaning, "value": dialect.example(code)}
        return {"$ref": f"#/components/examples/{name}"}

    def _refusal_in_full(self, status: int, codes: Iterable[str], dialect: Dialect, *, counted: bool) -> Json:
        content = {}
        if counted or status != HTTPStatus.TOO_MANY_REQUESTS:
            content[dialect.refusal_type] = {
                "schema": self._schema(dialect.refusal, "serialization"),
                "examples": {code: self._example_of_refusal(code, dialect) for code in codes},
            }
        if status in _GATEWAY:
            content["application/json"] = {"schema": {"$ref": "#/components/schemas/GatewayMessage"}}
        headers = _headers(**_REFUSAL_HEADERS.get(status, {}))
        if "idempotency_in_flight" in codes:
            headers |= _headers(Retry_After="RetryAfter")
        description = "\n".join(f"- `{code}`: {PROBLEM_CODES[code].meaning}" for code in codes)
        return {"description": description, "headers": headers, "content": content}


def _camel(code: str) -> str:
    return code.title().replace("_", "")


def _headers(**names: str) -> Json:
    """References to components, by the name of the header; every answer has X-Request-Id."""
    headers = {"X-Request-Id": "RequestId", **{name.replace("_", "-"): component for name, component in names.items()}}
    return {name: {"$ref": f"#/components/headers/{component}"} for name, component in headers.items()}


def codes_of(route: Route) -> frozenset[str]:
    """All codes that an operation may answer: those that follow from its shape, and those of contract.REFUSALS."""
    [tag] = route.tags
    codes = {"validation_error", "internal_error", "unavailable", "contention", "throttled"} | FAMILIES[
        tag
    ].dialect.codes
    if route_key(route) not in PUBLIC_ROUTES:
        codes |= {"unauthenticated", "forbidden"}
    if route.dependant.path_params:
        codes.add("not_found")
    if route.method in BODY_METHODS:
        codes |= {"malformed_json", "too_large"}
        if format_of(route.path).body_types is not None:
            codes.add("unsupported_media_type")
    if route.method == "POST":
        codes |= {"idempotency_mismatch", "idempotency_in_flight"}
    if any(field.alias.lower() == "if-match" for field in route.dependant.header_params):
        codes.add("stale_version")
    return REFUSALS.get(route.func.__name__, frozenset()) | codes


def _takes_key(route: Route) -> bool:
    """Whether an answer is kept. A search by a form is a GET in disguise, so that a key means nothing there."""
    return bool(route.method == "POST" and not route.path.endswith(BY_FORM))
