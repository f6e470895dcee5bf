"""Requests that are refused before they reach their route."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambda_function.api.app import create_resolver, routes_of
from lambda_function.api.strict import check_body, check_query, find_route, strict_json
from lambda_function.web.errors import EdgeError
from lambda_function.web.raw_requests import MAX_BODY_BYTES

ROUTES = routes_of(create_resolver())
BOOKING = find_route(ROUTES, "POST", "/appointments")
LISTING = find_route(ROUTES, "GET", "/appointments")


def answer_of(call: Callable[..., object], *arguments: object) -> object:
    """Returns the answer, or the EdgeError that is raised."""
    try:
        return call(*arguments)
    except EdgeError as refusal:
        return refusal


def refusal_of_json(text: bytes | str) -> str:
    with pytest.raises(EdgeError) as refusal:
        strict_json(text)
    return refusal.value.code


def refusal_of_body(event: dict[str, Any], content_type: str | None = "application/json") -> str:
    with pytest.raises(EdgeError) as refusal:
        check_body(BOOKING, event, {} if content_type is None else {"content-type": content_type})
    return refusal.value.code


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    # Surrogates are excluded: JSON can spell them, but UTF-8 cannot.
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


@given(json_values)
def test_whatever_json_can_say_is_read(value: object) -> None:
    assert strict_json(json.dumps(value)) == value
    assert strict_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary() | st.text() | st.text('[]{}",:\\u0189dDeE+-.naitfNI \t\ufeff\ud800'))
@example("[" * 100_000)
@example("[" * 100_000 + "]" * 100_000)
@example('{"a":' * 100_000 + "1" + "}" * 100_000)
@example("9" * 5_000)
@example("-" + "9" * 5_000)
@example("1e" + "9" * 5_000)
@example("\ud800")
def test_anything_else_is_refused_and_never_breaks(text: bytes | str) -> None:
    answer = answer_of(strict_json, text)
    if isinstance(answer, EdgeError):
        assert answer.code == "malformed_json"
    else:
        assert json.dumps(answer, allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 1}',
        '{"a": 1, "\\u0061": 2}',
        '{"b": [{"c": {"a": 1, "a": 2}}]}',
        '[{"a": 1}, {"a": 1, "b": 2, "a": 3}]',
    ],
)
def test_a_key_that_comes_twice_is_refused_at_any_depth(text: str) -> None:
    assert refusal_of_json(text) == "malformed_json"


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "[NaN]", '{"a": Infinity}', "1e400", "[-1e400]"])
def test_numbers_that_are_none_are_refused(text: str) -> None:
    assert refusal_of_json(text) == "malformed_json"


@pytest.mark.parametrize("text", ['"\\ud800"', '"\\udfff\\ud800"', '{"\\ud83d": 1}', '[["\\ude00x"]]'])
def test_half_a_character_is_refused(text: str) -> None:
    assert refusal_of_json(text) == "malformed_json"


def test_a_character_in_two_halves_is_read() -> None:
    assert strict_json(b'"\\ud83d\\ude00"') == "\U0001f600"


@pytest.mark.parametrize(
    "text", [b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00", b'"\xff"', b'"\xc0\x80"', b'"\xed\xa0\x80"']
)
def test_bytes_that_are_not_plain_utf8_are_refused(text: bytes) -> None:
    assert refusal_of_json(text) == "malformed_json"


@pytest.mark.parametrize("text", ["", " ", "{", "{}{}", "{'a': 1}", "[1,]", "01", "+1", "1_0", '"\x00"', "undefined"])
def test_what_is_nearly_json_is_refused(text: str) -> None:
    assert refusal_of_json(text) == "malformed_json"


@pytest.mark.parametrize("body", ["[]", '"text"', "1", "null", "true", "[{}]"])
def test_a_body_that_is_no_object_breaks_a_rule(body: str) -> None:
    assert refusal_of_body({"body": body}) == "validation_error"


def test_a_body_of_exactly_64_kib_passes() -> None:
    assert MAX_BODY_BYTES == 65_536
    check_body(BOOKING, {"body": '{"a":"' + "x" * (MAX_BODY_BYTES - 8) + '"}'}, {})


def test_a_byte_more_is_too_large() -> None:
    assert refusal_of_body({"body": '{"a":"' + "x" * (MAX_BODY_BYTES - 7) + '"}'}) == "too_large"


def test_size_is_counted_in_bytes() -> None:
    assert refusal_of_body({"body": '{"a":"' + "é" * (MAX_BODY_BYTES // 2) + '"}'}) == "too_large"


def test_a_body_in_base64_is_read() -> None:
    check_body(BOOKING, {"body": base64.b64encode(b"{}").decode(), "isBase64Encoded": True}, {})


@pytest.mark.parametrize("body", ["e30", "e3 0=", "é30="])
def test_a_body_in_broken_base64_is_malformed(body: str) -> None:
    assert refusal_of_body({"body": body, "isBase64Encoded": True}) == "malformed_json"


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        'application/json; charset="UTF-8"',
    ],
)
def test_json_is_taken_as_people_declare_it(content_type: str | None) -> None:
    check_body(BOOKING, {"body": "{}"}, {} if content_type is None else {"content-type": content_type})


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "application/jsonx",
        "*/*",
    ],
)
def test_other_types_are_not_taken(content_type: str) -> None:
    assert refusal_of_body({"body": "{}"}, content_type) == "unsupported_media_type"


def test_a_body_where_none_is_taken_is_not_read() -> None:
    check_body(LISTING, {"body": "{"}, {"content-type": "text/plain"})


@pytest.mark.parametrize("query", ["", "limit=5", "from=2030-01-01T00%3A00%3A00Z&to=&status=BOOKED"])
def test_parameters_that_the_route_knows_pass(query: str) -> None:
    check_query(LISTING, query)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limits=5", "limits"),
        ("limit=1&limit=1", "limit"),
        ("limit=1&%6Cimit=2", "limit"),
        ("Limit=1", "Limit"),
        ("limit=%FF", "query"),
        ("limit=%ED%A0%80", "query"),
        ("&".join(f"a{number}=" for number in range(51)), "query"),
        ("x" * 500, "x" * 100),
    ],
)
def test_a_query_with_anything_else_is_refused(query: str, field: str) -> None:
    with pytest.raises(EdgeError) as refusal:
        check_query(LISTING, query)
    assert (refusal.value.code, refusal.value.field) == ("validation_error", field)


@given(st.text())
def test_no_query_breaks_the_check(query: str) -> None:
    answer = answer_of(check_query, LISTING, query)
    assert answer is None or (isinstance(answer, EdgeError) and answer.code == "validation_error")


def refusal_of_route(method: str, path: str) -> EdgeError:
    with pytest.raises(EdgeError) as refusal:
        find_route(ROUTES, method, path)
    return refusal.value


def test_an_unknown_path_is_not_found() -> None:
    assert refusal_of_route("GET", "/appointmentz").code == "not_found"


def test_an_unknown_method_is_told_which_are_allowed() -> None:
    refusal = refusal_of_route("DELETE", "/appointments")
    assert (refusal.code, refusal.headers) == ("method_not_allowed", {"Allow": "GET, HEAD, POST"})


def test_a_route_is_found_by_method_and_path() -> None:
    route = find_route(ROUTES, "POST", "/appointments/5/cancel")
    assert route.openapi_path == "/appointments/{appointment_id}/cancel"
