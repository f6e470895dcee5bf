"""Bodies that no route takes are refused with the right problem, and nothing is written. Faults that are found before
the fields are read are tried in every way on one route of each kind, and in one way on every route. Queries, paths and
methods are in test_bad_requests.py.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lambda_function.api.app import route_keys
from lambda_function.api.fhir.parameters import BY_FORM
from lambda_function.api.strict import BODY_METHODS
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk
from tests.api.expect import expect_problem
from tests.api.posts import BODIES, BOOK, BY_NAME, CANCEL, CHANGE, KEYS, REPRESENTATIVES, TIME_OFF, USERS, Posts
from tests.api_client import access_claims, http_event
from tests.contract import Json, contract

LIMIT = 64 * 1024
INJECTION = "'; DROP TABLE user; --"

every_kind = pytest.mark.parametrize("key", REPRESENTATIVES)


@pytest.fixture(scope="module")
def posts(module_desk: Desk) -> Posts:
    return Posts(module_desk)


@pytest.fixture(scope="module", autouse=True)
def nothing_is_written(posts: Posts, fingerprint: Fingerprint) -> Iterator[None]:
    before = fingerprint()
    yield
    assert fingerprint() == before


def test_every_route_with_a_json_body_is_tried() -> None:
    taking = {key for key in route_keys() if key.split(" ", 1)[0] in BODY_METHODS and not key.endswith(BY_FORM)}
    assert taking == set(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_every_route_refuses_what_is_no_body(posts: Posts, key: str) -> None:
    body = posts.body(key)

    expect_problem(posts.send(key, "{"), 400, "malformed_json")
    expect_problem(posts.send(key, "[]"), 422, "validation_error", "body")
    expect_problem(posts.send(key, _padded(LIMIT + 1)), 413, "too_large")
    expect_problem(posts.send(key, {**body, "surprise": 1}), 422, "validation_error")
    unknown = (400, "not_supported") if "/fhir/" in key else (422, "validation_error")
    expect_problem(posts.send(key, body, surprise="1"), *unknown, "surprise")


# The first version of the service did not look at the type of a body, and its route does not today.
@pytest.mark.parametrize("key", [key for key in KEYS if key != BY_NAME])
def test_every_other_route_refuses_another_content_type(posts: Posts, key: str) -> None:
    answer = posts.send(key, posts.body(key), headers={"content-type": "text/plain"})
    expect_problem(answer, 415, "unsupported_media_type")


NOT_JSON: dict[str, str | bytes] = {
    "cut off": "{",
    "words": "hello",
    "a trailing comma": '{"a":1,}',
    "two values": "{} {}",
    "single quotes": "{'a':1}",
    "xml": "<a/>",
    "a form": "a=1&b=2",
    "a byte order mark": "\ufeff{}",
    "NaN": '{"a":NaN}',
    "a bare NaN": "NaN",
    "infinity": '{"a":-Infinity}',
    "a number without end": '{"a":1e400}',
    "an integer of 5000 digits": '{"a":1' + "0" * 5000 + "}",
    "a key twice": '{"a":1,"a":2}',
    "a key twice inside": '{"a":[{"b":1,"b":1}]}',
    "depths": "[" * 60_000,
    "depths that close": '{"a":' * 10_000 + "1" + "}" * 10_000,
    "a lone surrogate": '{"a":"\\ud800"}',
    "a lone surrogate as a key": '{"\\udfff":1}',
    "bytes that are not UTF-8": b"\xff\xfe{}",
    "a broken sequence": b'{"a":"\xc3\x28"}',
    "a surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "a NUL": "\x00",
    "a control character in a string": '{"a":"\n"}',
    "only blanks": "  ",
}


@every_kind
@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_not_json_is_400(posts: Posts, key: str, body: str | bytes) -> None:
    expect_problem(posts.send(key, body), 400, "malformed_json")


@every_kind
@pytest.mark.parametrize(
    "body", ["[]", "null", '"x"', "1", "true", "0.5", '[{"user_name":"a","full_name":"A"}]', "[[]]"]
)
def test_what_is_not_an_object_is_422(posts: Posts, key: str, body: str) -> None:
    expect_problem(posts.send(key, body), 422, "validation_error", "body")


@pytest.mark.parametrize("key", [key for key, body in BODIES.items() if body.required])
@pytest.mark.parametrize("body", ["", b"", None])
def test_an_empty_body_is_422_where_something_is_needed(posts: Posts, key: str, body: Any) -> None:
    expect_problem(posts.send(key, body), 422, "validation_error")


@every_kind
@pytest.mark.parametrize("garbage", ["!!!!", "e30", "e30=x", "\u00e9\u00e9", "e 3 0 ="])
def test_what_is_not_base64_is_400(posts: Posts, key: str, garbage: str) -> None:
    event = http_event(key.split(" ", 1)[0], posts.path(key), body=b"{}", claims=access_claims("rita"))
    event["body"] = garbage

    expect_problem(posts.desk.client.send(event), 400, "malformed_json")


@every_kind
@pytest.mark.parametrize("size", [LIMIT + 1, 1024 * 1024])
@pytest.mark.parametrize("encode", [str, str.encode], ids=["text", "base64"])
def test_a_body_over_64_kib_is_413(posts: Posts, key: str, size: int, encode: Any) -> None:
    expect_problem(posts.send(key, encode(_padded(size))), 413, "too_large")


# A field without a schema is compared with the stored value first.
@pytest.mark.parametrize("key", [key for key in REPRESENTATIVES if not BODIES[key].schema["additionalProperties"]])
def test_a_body_of_64_kib_is_read(posts: Posts, key: str) -> None:
    answer = posts.send(key, _padded(LIMIT))

    expect_problem(answer, 422, "validation_error")
    assert "padding" in answer.fields


@every_kind
def test_bytes_are_counted_and_not_characters(posts: Posts, key: str) -> None:
    body = json.dumps({"padding": "\u00e9" * (LIMIT // 2)}, ensure_ascii=False)

    expect_problem(posts.send(key, body), 413, "too_large")


def _padded(size: int) -> str:
    frame = len('{"padding":""}')
    return '{"padding":"' + "x" * (size - frame) + '"}'


@pytest.mark.parametrize("key", [BOOK if key == BY_NAME else key for key in REPRESENTATIVES])
@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/problem+json",
        "application/jsonp",
        "json",
        "application/json, text/plain",
    ],
)
def test_another_content_type_is_415(posts: Posts, key: str, content_type: str) -> None:
    answer = posts.send(key, json.dumps(posts.body(key)), headers={"content-type": content_type})

    expect_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", 'application/json;charset="UTF-8"', ""]
)
@pytest.mark.parametrize("encode", [str, str.encode], ids=["text", "base64"])
def test_json_by_another_spelling_or_without_a_type_is_read(posts: Posts, content_type: str, encode: Any) -> None:
    body = encode('{"surprise":1}')
    answer = posts.desk.client.post("rita", "/users", body, headers={"content-type": content_type})

    expect_problem(answer, 422, "validation_error", "surprise", "full_name")


@pytest.mark.parametrize("encode", [str, str.encode], ids=["text", "base64"])
def test_a_missing_content_type_is_read_as_json(posts: Posts, encode: Any) -> None:
    event = http_event("POST", "/users", body=encode('{"surprise":1}'), claims=access_claims("rita"))

    expect_problem(posts.desk.client.send(event), 422, "validation_error", "surprise", "full_name")


@every_kind
@pytest.mark.parametrize(
    "field", ["surprise", "", "__class__", "User_Name", INJECTION, "\U0001f600", "a.b", "x" * 5000]
)
def test_an_unknown_field_is_422(posts: Posts, key: str, field: str) -> None:
    answer = posts.send(key, {**posts.body(key), field: 1})

    expect_problem(answer, 422, "validation_error")
    assert len(answer.text) < 2000


with_fields = pytest.mark.parametrize("key", [key for key, body in BODIES.items() if body.fields])


def _takes(schema: Json, value: Any) -> bool:
    """Returns whether the document allows the value. A number such as 1.0 is never taken as an integer."""
    return not isinstance(value, float) and contract().validator(schema).is_valid(value)


def _texts(schema: Json) -> list[Json]:
    """Returns the ways in which a field may be free text."""
    variants = schema.get("anyOf", [schema])
    return [each for each in variants if each.get("type") == "string" and not each.keys() & {"const", "enum", "format"}]


def _wrong_values() -> Iterator[Any]:
    """Yields each value with all fields of a route that do not take it. Texts are not tried on text fields."""
    values: tuple[Any, ...] = (None, True, False, 1.0, 1.5, -1, 0, 2**63, 10**300, [], {}, [1], {"a": 1})
    for key, body in BODIES.items():
        for value in (*values, "1", "1e3", "", "Me", " me", "null", INJECTION):
            tried = (name for name, each in body.fields.items() if not (isinstance(value, str) and _texts(each)))
            if wrong := {name: value for name in tried if not _takes(body.fields[name], value)}:
                yield pytest.param(key, wrong, id=f"{key}-{value!r:.20}")


def _spoiled_texts() -> Iterator[Any]:
    """Yields all texts of a route at once, spoiled in each way that a schema forbids."""
    for key, body in BODIES.items():
        texts = [(name, text) for name, each in body.fields.items() for text in _texts(each)]
        long = {name: "x" * (text["maxLength"] + 1) for name, text in texts if "maxLength" in text}
        short = {name: "" for name, text in texts if "minLength" in text}
        rest = (dict.fromkeys((name for name, _ in texts), value) for value in ("a\x00b", "\x1b[31m", "x" * 10_000))
        for wrong in filter(None, (long, short, *rest)):
            yield pytest.param(key, wrong, id=f"{key}-{next(iter(wrong.values()))!r:.20}")


@pytest.mark.parametrize(("key", "wrong"), [*_wrong_values(), *_spoiled_texts()])
def test_each_field_that_does_not_take_a_value_is_named(posts: Posts, key: str, wrong: dict[str, Any]) -> None:
    answer = posts.send(key, {**posts.body(key), **wrong})

    expect_problem(answer, 422, "validation_error")
    assert {name.split(".")[0] for name in answer.fields} == set(wrong), answer.text


_WITH_NEEDS = [key for key, body in BODIES.items() if body.schema.keys() & {"required", "minProperties"}]


@pytest.mark.parametrize("key", _WITH_NEEDS)
def test_what_is_needed_must_be_there(posts: Posts, key: str) -> None:
    expect_problem(posts.send(key, {}), 422, "validation_error", *BODIES[key].schema.get("required", ["body"]))


@pytest.mark.parametrize(
    ("key", "field", "value"),
    [
        (USERS, "user_name", INJECTION),
        (USERS, "user_name", ""),
        (USERS, "user_name", "x" * 65),
        (USERS, "user_name", " pat"),
        (USERS, "user_name", "pat\n"),
        (USERS, "user_name", "p\u00e4t"),
        (USERS, "user_name", "\U0001f600"),
        (USERS, "full_name", " \t "),
        (USERS, "full_name", "\U0001f600 --"),
        (USERS, "full_name", "Pat\nRojas"),
        (USERS, "full_name", "Pat\x00"),
        (USERS, "full_name", "Pat\u202eRojas"),
        (USERS, "email", "pat"),
        (USERS, "email", "pat@example"),
        (USERS, "email", "a b@example.org"),
        (USERS, "email", "pat@example.org\n"),
        (USERS, "email", INJECTION),
        (USERS, "email", "x" * 250 + "@example.org"),
        (USERS, "phone", "123"),
        (USERS, "phone", "call me"),
        (USERS, "phone", "+51 999\n"),
        (USERS, "phone", INJECTION),
        (USERS, "phone", "1" * 33),
        (BOOK, "override_reason", "  "),
        (CHANGE, "override_reason", "  "),
        (CANCEL, "reason", "  "),
        (TIME_OFF, "reason", " "),
    ],
)
def test_text_that_breaks_a_rule_is_422_and_not_repeated(posts: Posts, key: str, field: str, value: str) -> None:
    answer = posts.send(key, {**posts.body(key), field: value})

    expect_problem(answer, 422, "validation_error", field)
    assert "DROP TABLE" not in answer.text
