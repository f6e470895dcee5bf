"""Queries, paths and methods that no route takes, and whatever hypothesis adds to them."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambda_function.api.app import route_keys
from tests import profiles
from tests.api.desk import Desk
from tests.api.expect import expect_problem
from tests.api.posts import BODIES, REPRESENTATIVES, Posts, path_with
from tests.api_client import Answer, access_claims, http_event
from tests.contract import contract

KEYS = route_keys()
PATHS = sorted({key.split(" ", 1)[1] for key in KEYS})
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "get", "BREW", "")


@pytest.fixture(scope="module")
def posts(module_desk: Desk) -> Posts:
    return Posts(module_desk)


def _send(desk: Desk, method: str, path: str, query: str = "", body: Any = None) -> Answer:
    return desk.client.send(http_event(method, path, query=query, body=body, claims=access_claims("rita")))


def _allowed(path: str) -> list[str]:
    methods = {key.split(" ", 1)[0] for key in KEYS if key.split(" ", 1)[1] == path}
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


@pytest.mark.parametrize("path", PATHS)
def test_every_other_method_on_a_known_path_is_405_with_allow(module_desk: Desk, path: str) -> None:
    allowed = _allowed(path)
    for method in (method for method in METHODS if method not in allowed):
        answer = _send(module_desk, method, path_with(path))

        assert answer.status == 405, method
        if method != "HEAD":
            expect_problem(answer, 405, "method_not_allowed")
        assert answer.headers["Allow"] == ", ".join(allowed)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/nowhere",
        "/Me",
        "/me/",
        "//me",
        "/me//",
        "/me\n",
        "/me\x00",
        "/me?",
        "/me;a=1",
        "/%6De",
        "/users/1/2",
        "/users/",
        "/users/../me",
        "/users/%2e%2e/me",
        "/users/1\n",
        "/users/\U0001f600",
        "/users/'; DROP TABLE user; --",
        "/us\u00e9rs",
        "/appointments//cancel",
        "/appointments/1/cancel/",
        "/appointments/1%2Fcancel",
        "/appointments/1/Cancel",
        "/appointments/1/cancel",
        "/fhir/R4",
        "/fhir/R4/",
        "/fhir/R4/Observation",
        "/fhir/R4/appointment",
        "/fhir/R4/Appointment/",
        "/fhir/R4/Appointment/1/_history/1",
        "/fhir/R5/Appointment",
        "/docs",
        "/openapi.json",
        "/_health",
        "/" + "a" * 8000,
        "/users/" + "1" * 8000,
        "/users/\u0661",
        "/users/%ff",
        "/users/%",
    ],
)
def test_an_unknown_path_is_404_and_401_without_a_token(module_desk: Desk, path: str) -> None:
    method = "POST" if path.endswith("/cancel/") else "GET"
    answer = _send(module_desk, method, path)
    if path == "/appointments/1/cancel":
        expect_problem(answer, 405, "method_not_allowed")
    else:
        expect_problem(answer, 404, "not_found")
    expect_problem(module_desk.client.send(http_event(method, path)), 401, "unauthenticated")


@pytest.mark.parametrize("key", [key for key in KEYS if key != "GET /calendar.ics"])
def test_every_route_but_the_calendar_feed_refuses_an_unknown_query_parameter(module_desk: Desk, key: str) -> None:
    method, path = key.split(" ", 1)
    answer = _send(module_desk, method, path_with(path), "surprise=1")
    status, code = (400, "not_supported") if "/fhir/" in path else (422, "validation_error")
    expect_problem(answer, status, code, "surprise")


@pytest.mark.parametrize("name", ["LIMIT", "limit ", "limit%00", "q%5B%5D", "%F0%9F%98%80", "a" * 9000, ""])
def test_an_unknown_query_parameter_is_422(module_desk: Desk, name: str) -> None:
    answer = _send(module_desk, "GET", "/users", f"{name}=1")

    expect_problem(answer, 422, "validation_error")
    assert len(answer.text) < 1000


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/users", "limit=1&limit=2", "limit"),
        ("/users", "q=a&limit=1&q=a", "q"),
        ("/appointments", "status=BOOKED&status=BOOKED", "status"),
        ("/appointments", "from=2030-01-08T15:00:00Z&from=2030-01-08T15:00:00Z", "from"),
        ("/doctors", "clinic_id=1&clinic_id=2", "clinic_id"),
        ("/doctors", "clinic_id=1,2", "clinic_id"),
    ],
)
def test_a_parameter_is_given_once(module_desk: Desk, path: str, query: str, field: str) -> None:
    expect_problem(_send(module_desk, "GET", path, query), 422, "validation_error", field)


@pytest.mark.parametrize("query", ["q=%ff", "q=%c3%28", "%ff=1", "&".join(f"a{n}=1" for n in range(2000))])
def test_a_query_that_cannot_be_read_is_422(module_desk: Desk, query: str) -> None:
    expect_problem(_send(module_desk, "GET", "/users", query), 422, "validation_error")


@pytest.mark.parametrize("query", ["q=%", "q=%zz", "q=%2", "&", "q=a&&limit=1", "q=a%20b", "q=a+b"])
def test_an_odd_query_is_read_as_browsers_read_it(module_desk: Desk, query: str) -> None:
    assert _send(module_desk, "GET", "/users", query).status == 200


@pytest.mark.parametrize("field", ["from", "to"])
@pytest.mark.parametrize(
    "value",
    [
        "2030-01-08T15:00:00",
        "2030-01-08",
        "0.5",
        "1893510000",
        "",
        "now",
        "2030-13-01T00:00:00Z",
        "2030-01-08T15:00:00%2B99:00",
    ],
)
def test_a_bound_needs_an_offset_and_a_calendar(module_desk: Desk, field: str, value: str) -> None:
    expect_problem(_send(module_desk, "GET", "/appointments", f"{field}={value}"), 422, "validation_error", field)


@pytest.mark.parametrize(
    "value", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1000-01-01T00:00:00%2B14:00"]
)
def test_the_ends_of_the_calendar_are_bounds_like_others(module_desk: Desk, value: str) -> None:
    for field in ("from", "to"):
        assert _send(module_desk, "GET", "/appointments", f"{field}={value}").status == 200


@pytest.mark.parametrize("field", ["doctor_id", "patient_id", "clinic_id"])
@pytest.mark.parametrize(
    "value", ["0", "-1", "9223372036854775808", "1e3", "true", "1.0", "", "%201", "1_0", "%2B1", "0x1", "\u0661", "Me"]
)
def test_an_id_in_a_query_is_a_plain_number(module_desk: Desk, field: str, value: str) -> None:
    answer = _send(module_desk, "GET", "/appointments", f"{field}={value}")

    expect_problem(answer, 422, "validation_error")
    assert {name.split(".")[0] for name in answer.fields} == {field}


@pytest.mark.parametrize("value", ["booked", "DONE", "", "BOOKED,CANCELLED", "1"])
def test_a_status_is_one_of_the_six(module_desk: Desk, value: str) -> None:
    expect_problem(_send(module_desk, "GET", "/appointments", f"status={value}"), 422, "validation_error", "status")


GETS = [path for path in PATHS if f"GET {path}" in KEYS]
PARAMETERS = sorted(
    {
        parameter["name"]
        for operation in contract().operations()
        for parameter in map(contract().resolved, operation.get("parameters", ()))
        if parameter["in"] == "query"
    }
)
FUZZ = settings(
    max_examples=profiles.examples(200, 1000),
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def _well_told(answer: Answer, method: str = "") -> None:
    assert answer.status < 500, answer.text
    answer.text.encode()
    if method == "HEAD":
        assert not answer.text
    elif answer.status >= 400:
        expect_problem(answer, answer.status, answer.code)


@pytest.mark.parametrize("key", REPRESENTATIVES)
@FUZZ
@given(body=ANY_JSON | st.text(max_size=30) | st.binary(max_size=30))
def test_no_body_breaks_a_route(posts: Posts, key: str, body: Any) -> None:
    _well_told(posts.send(key, body))


@pytest.mark.parametrize("key", [key for key, body in BODIES.items() if body.fields])
@settings(FUZZ, max_examples=profiles.examples(40, 400))
@given(data=st.data())
def test_no_value_breaks_a_route(posts: Posts, key: str, data: st.DataObject) -> None:
    """A valid body in which some values are replaced by anything and some are left out."""
    valid = posts.body(key)
    fields = {field: ANY_JSON | st.just(valid.get(field)) for field in BODIES[key].fields}

    _well_told(posts.send(key, data.draw(st.fixed_dictionaries({}, optional=fields))))


@FUZZ
@given(data=st.data())
def test_no_query_breaks_a_route(module_desk: Desk, data: st.DataObject) -> None:
    pairs = st.lists(st.tuples(st.sampled_from([*PARAMETERS, "x"]), st.text(max_size=20)), max_size=4)
    raw = st.text(max_size=40) | pairs.map(lambda found: "&".join(f"{name}={value}" for name, value in found))
    path = path_with(data.draw(st.sampled_from(GETS)))

    _well_told(_send(module_desk, "GET", path, data.draw(raw)))


@FUZZ
@given(
    template=st.sampled_from(PATHS),
    part=st.text(min_size=1, max_size=30),
    method=st.sampled_from(METHODS),
    whole=st.none() | st.text(max_size=30),
)
def test_no_path_breaks_the_application(
    module_desk: Desk, template: str, part: str, method: str, whole: str | None
) -> None:
    path = re.sub("{[^}]+}", lambda _: part, template) if whole is None else f"/{whole}"

    _well_told(_send(module_desk, method, path), method)
