"""Bodies that no route takes: each is refused with the right problem, and nothing is written. Queries, paths and
methods are in test_bad_requests.py.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lambda_function.api.app import route_keys
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk
from tests.api.expect import expect_problem
from tests.api.posts import (
    BOOK,
    BY_NAME,
    CANCEL,
    CHANGE,
    CHANGES,
    EXCEPTION,
    FHIR_BOOK,
    FHIR_CANCEL,
    FHIR_PUT,
    HOURS,
    KEYS,
    LEAVE,
    LINK,
    MAY_BE_EMPTY,
    ME,
    USER,
    USERS,
    WAIT,
    Posts,
    body_routes,
)
from tests.api_client import access_claims, http_event

LIMIT = 64 * 1024
INJECTION = "'; DROP TABLE user; --"


@pytest.fixture(scope="module")
def posts(module_desk: Desk) -> Posts:
    return Posts(module_desk)


@pytest.fixture(autouse=True)
def nothing_is_written(posts: Posts, fingerprint: Fingerprint) -> Iterator[None]:
    before = fingerprint()
    yield
    assert fingerprint() == before


def test_every_route_with_a_body_is_tried() -> None:
    assert body_routes(route_keys()) == set(KEYS)


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


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_not_json_is_400(posts: Posts, key: str, body: str | bytes) -> None:
    expect_problem(posts.send(key, body), 400, "malformed_json")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "body", ["[]", "null", '"x"', "1", "true", "0.5", '[{"user_name":"a","full_name":"A"}]', "[[]]"]
)
def test_what_is_not_an_object_is_422(posts: Posts, key: str, body: str) -> None:
    expect_problem(posts.send(key, body), 422, "validation_error", "body")


@pytest.mark.parametrize("key", sorted(set(KEYS) - MAY_BE_EMPTY))
@pytest.mark.parametrize("body", ["", b"", None])
def test_an_empty_body_is_422_where_something_is_needed(posts: Posts, key: str, body: Any) -> None:
    expect_problem(posts.send(key, body), 422, "validation_error")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("garbage", ["!!!!", "e30", "e30=x", "\u00e9\u00e9", "e 3 0 ="])
def test_what_is_not_base64_is_400(posts: Posts, key: str, garbage: str) -> None:
    event = http_event(key.split(" ", 1)[0], posts.path(key), body=b"{}", claims=access_claims("rita"))
    event["body"] = garbage

    expect_problem(posts.desk.client.send(event), 400, "malformed_json")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("size", [LIMIT + 1, 1024 * 1024])
@pytest.mark.parametrize("encode", [str, str.encode], ids=["text", "base64"])
def test_a_body_over_64_kib_is_413(posts: Posts, key: str, size: int, encode: Any) -> None:
    expect_problem(posts.send(key, encode(_padded(size))), 413, "too_large")


# What a PUT holds is first of all compared with what is there.
@pytest.mark.parametrize("key", sorted(set(KEYS) - {FHIR_PUT}))
def test_a_body_of_64_kib_is_read(posts: Posts, key: str) -> None:
    answer = posts.send(key, _padded(LIMIT))

    expect_problem(answer, 422, "validation_error")
    assert "padding" in answer.fields


@pytest.mark.parametrize("key", KEYS)
def test_bytes_are_counted_and_not_characters(posts: Posts, key: str) -> None:
    body = json.dumps({"padding": "\u00e9" * (LIMIT // 2)}, ensure_ascii=False)

    expect_problem(posts.send(key, body), 413, "too_large")


def _padded(size: int) -> str:
    frame = len('{"padding":""}')
    return '{"padding":"' + "x" * (size - frame) + '"}'


@pytest.mark.parametrize("key", KEYS)
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
    body = json.dumps(dict(posts.body(key)))
    answer = posts.send(key, body, headers={"content-type": content_type})

    expect_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", 'application/json;charset="UTF-8"', ""]
)
@pytest.mark.parametrize("encode", [str, str.encode], ids=["text", "base64"])
def test_json_by_another_spelling_or_without_a_type_is_read(posts: Posts, content_type: str, encode: Any) -> None:
    body = encode('{"surprise":1}')
    answer = posts.desk.client.post("rita", "/users", body, headers={"content-type": content_type})

    expect_problem(answer, 422, "validation_error", "surprise", "user_name", "full_name")


@pytest.mark.parametrize("encode", [str, str.encode], ids=["text", "base64"])
def test_a_missing_content_type_is_read_as_json(posts: Posts, encode: Any) -> None:
    event = http_event("POST", "/users", body=encode('{"surprise":1}'), claims=access_claims("rita"))

    expect_problem(posts.desk.client.send(event), 422, "validation_error", "surprise", "user_name", "full_name")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "field", ["surprise", "", "__class__", "User_Name", INJECTION, "\U0001f600", "a.b", "x" * 5000]
)
def test_an_unknown_field_is_422(posts: Posts, key: str, field: str) -> None:
    answer = posts.send(key, {**posts.body(key), field: 1})

    expect_problem(answer, 422, "validation_error")
    assert len(answer.text) < 2000


FIELDS: dict[str, tuple[str, ...]] = {
    ME: ("full_name", "email", "phone"),
    USER: ("full_name", "email", "phone"),
    USERS: ("user_name", "full_name", "email", "phone"),
    BOOK: ("doctor_id", "treatment_id", "starts_at", "patient_id", "chair_id", "patient_note", "override_reason"),
    CHANGE: ("starts_at", "doctor_id", "chair_id", "patient_note", "internal_note", "override_reason"),
    CANCEL: ("reason",),
    BY_NAME: ("patient", "doctor", "appointment_date"),
    HOURS: ("hours",),
    EXCEPTION: ("hours",),
    LEAVE: ("starts_at", "ends_at", "reason", "accept_conflicts"),
    WAIT: ("treatment_id", "doctor_id", "clinic_id", "patient_id", "from", "to"),
    FHIR_BOOK: (
        "resourceType",
        "status",
        "serviceType",
        "slot",
        "start",
        "end",
        "minutesDuration",
        "participant",
        "comment",
    ),
    FHIR_PUT: ("resourceType", "id", "status", "cancelationReason"),
    FHIR_CANCEL: ("resourceType", "parameter"),
    LINK: ("code",),
    **dict.fromkeys(MAY_BE_EMPTY, ()),
}
OPTIONAL = {
    *((USERS, field) for field in ("email", "phone")),
    *((BOOK, field) for field in ("patient_id", "chair_id", "patient_note", "override_reason")),
    (LEAVE, "accept_conflicts"),
    *((FHIR_BOOK, field) for field in ("slot", "end", "minutesDuration", "comment")),
    *((WAIT, field) for field in ("doctor_id", "clinic_id", "patient_id")),
}
EACH_FIELD = [(key, field) for key, fields in FIELDS.items() for field in fields]
# A boolean may be one; hours may be none.
FINE = {("accept_conflicts", "True"), ("accept_conflicts", "False"), ("hours", "[]")}
WRONG = [True, False, 1.0, 1.5, -1, 0, 2**63, 10**300, [], {}, [1], {"a": 1}]


def test_every_route_with_a_body_has_its_fields_tried() -> None:
    assert set(FIELDS) == set(KEYS)


@pytest.mark.parametrize(
    ("key", "field", "value"),
    [
        pytest.param(key, field, value, id=f"{key}-{field}-{value!r}")
        for key, field in EACH_FIELD
        for value in WRONG
        if (field, repr(value)) not in FINE
    ],
)
def test_a_value_of_the_wrong_type_or_range_is_422_on_its_field(posts: Posts, key: str, field: str, value: Any) -> None:
    answer = posts.send(key, {**posts.body(key), field: value})

    expect_problem(answer, 422, "validation_error")
    assert {name.split(".")[0] for name in answer.fields} == {field}


@pytest.mark.parametrize(
    ("key", "field"), [pair for pair in EACH_FIELD if pair[0] not in CHANGES and pair not in OPTIONAL]
)
def test_what_is_needed_must_be_there_and_not_null(posts: Posts, key: str, field: str) -> None:
    body = dict(posts.body(key))
    answer = posts.send(key, {**body, field: None})
    expect_problem(answer, 422, "validation_error")

    del body[field]
    expect_problem(posts.send(key, body), 422, "validation_error", field)


@pytest.mark.parametrize(
    ("key", "field"),
    [
        (ME, "full_name"),
        (USER, "full_name"),
        *((CHANGE, field) for field in ("starts_at", "doctor_id", "chair_id", "override_reason")),
    ],
)
def test_what_a_change_leaves_as_it_is_is_left_out_and_not_null(posts: Posts, key: str, field: str) -> None:
    answer = posts.send(key, {**posts.body(key), field: None})

    expect_problem(answer, 422, "validation_error")
    assert {name.split(".")[0] for name in answer.fields} == {field}


@pytest.mark.parametrize("key", sorted(CHANGES))
def test_a_change_changes_something(posts: Posts, key: str) -> None:
    expect_problem(posts.send(key, {}), 422, "validation_error", "body")


@pytest.mark.parametrize(
    ("key", "field"),
    [(BOOK, field) for field in ("doctor_id", "treatment_id", "patient_id", "chair_id")]
    + [(CHANGE, field) for field in ("doctor_id", "chair_id")]
    + [(WAIT, field) for field in ("treatment_id", "doctor_id", "clinic_id", "patient_id")],
)
@pytest.mark.parametrize("value", ["1", "1e3", "", "Me", " me", "null", INJECTION])
def test_an_id_in_a_body_is_a_number(posts: Posts, key: str, field: str, value: str) -> None:
    answer = posts.send(key, {**posts.body(key), field: value})

    expect_problem(answer, 422, "validation_error")
    assert {name.split(".")[0] for name in answer.fields} == {field}


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
        (USERS, "full_name", INJECTION),
        (USERS, "full_name", ""),
        (USERS, "full_name", " \t "),
        (USERS, "full_name", "x" * 201),
        (USERS, "full_name", "Pat \U0001f600"),
        (USERS, "full_name", "Pat\x00"),
        (USERS, "full_name", "Pat\u202eRojas"),
        (USERS, "full_name", "<script>"),
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
        (BOOK, "patient_note", "x" * 2001),
        (BOOK, "patient_note", "a\x00b"),
        (BOOK, "override_reason", ""),
        (BOOK, "override_reason", "  "),
        (BOOK, "override_reason", "x" * 501),
        (CHANGE, "patient_note", "x" * 2001),
        (CHANGE, "internal_note", "x" * 2001),
        (CHANGE, "internal_note", "a\x00b"),
        (CHANGE, "override_reason", "  "),
        (CHANGE, "override_reason", "x" * 10_000),
        (CANCEL, "reason", "\x1b[31m"),
        (LEAVE, "reason", ""),
        (LEAVE, "reason", " "),
        (LEAVE, "reason", "x" * 10_000),
        (LEAVE, "reason", "a\x00b"),
    ],
)
def test_text_that_breaks_a_rule_is_422_and_not_repeated(posts: Posts, key: str, field: str, value: str) -> None:
    answer = posts.send(key, {**posts.body(key), field: value})

    expect_problem(answer, 422, "validation_error", field)
    assert "DROP TABLE" not in answer.text
