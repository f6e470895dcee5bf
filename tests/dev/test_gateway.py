"""The events that the gateway makes of requests, and the answers that it makes of results."""

import base64
import threading
from http import HTTPStatus

import pytest

from dev.gateway import create_gateway
from dev.http_event import Event
from tests.dev.gateway_client import CLIENT_ID, FakeLambda, claims, event_of, get
from tests.dev.http_server import Client, Issuer, Reply, served

OPERATION = "GET /appointments/{appointment_id}/{operation}"


@pytest.fixture(autouse=True)
def fresh(handler: FakeLambda) -> None:
    handler.__init__()  # type: ignore[misc]  # one server for all tests, a new Lambda for each


def test_claims_arrive_as_text_with_lists_in_brackets(client: Client, issuer: Issuer) -> None:
    token = issuer.token(claims(exp=2**33, email_verified=True, **{"cognito:groups": ["A", "B"]}))
    authorizer = get(client, token).json()["requestContext"]["authorizer"]["jwt"]
    assert authorizer["scopes"] is None
    assert (
        authorizer["claims"]
        | {
            "sub": "b5e1",
            "exp": "8589934592",
            "email_verified": "true",
            "cognito:groups": "[A B]",
        }
        == authorizer["claims"]
    )


def test_a_public_route_gets_no_claims_even_with_a_token(client: Client, issuer: Issuer) -> None:
    assert "authorizer" not in event_of(client, issuer, "/health")["requestContext"]


@pytest.mark.parametrize(
    ("target", "route_key", "parameters"),
    [
        ("/appointments", "GET /appointments", None),
        ("/appointments/17", "GET /appointments/{appointment_id}", {"appointment_id": "17"}),
        ("/appointments/next", "GET /appointments/next", None),
        ("/appointments/a%20b", "GET /appointments/{appointment_id}", {"appointment_id": "a b"}),
        ("/appointments/", "$default", None),
        ("/appointments/17/one/more", "$default", None),
        ("/appointments/17/$cancel", OPERATION, {"appointment_id": "17", "operation": "$cancel"}),
        ("/appointments/17/%24cancel", OPERATION, {"appointment_id": "17", "operation": "$cancel"}),
    ],
)
def test_the_most_specific_route_takes_the_request(
    client: Client, issuer: Issuer, target: str, route_key: str, parameters: dict[str, str] | None
) -> None:
    event = event_of(client, issuer, target)
    assert (event["routeKey"], event.get("pathParameters")) == (route_key, parameters)
    assert event["requestContext"]["routeKey"] == route_key


def test_the_path_is_decoded_and_the_query_is_not(client: Client, issuer: Issuer) -> None:
    event = event_of(client, issuer, "/caf%C3%A9/a%2Fb?q=%C3%A9%20x")
    assert (event["rawPath"], event["rawQueryString"]) == ("/café/a/b", "q=%C3%A9%20x")


def test_a_path_ends_at_an_encoded_question_mark_as_at_aws(client: Client, issuer: Issuer) -> None:
    event = event_of(client, issuer, "/appointments%3Fx=1?y=2")
    assert (event["rawPath"], event["rawQueryString"]) == ("/appointments", "y=2")


def test_repeated_query_parameters_are_joined_with_commas(client: Client, issuer: Issuer) -> None:
    event = event_of(client, issuer, "/appointments?status=BOOKED&status=REQUESTED&empty=&q=a%2Cb+c")
    expected = {"status": "BOOKED,REQUESTED", "empty": "", "q": "a,b c"}
    assert event["queryStringParameters"] == expected


def test_absent_parts_are_absent_from_the_event(client: Client, issuer: Issuer) -> None:
    event = event_of(client, issuer)
    assert {"cookies", "queryStringParameters", "pathParameters", "body"}.isdisjoint(event)
    assert (event["version"], event["rawQueryString"], event["isBase64Encoded"]) == ("2.0", "", False)


def test_headers_are_in_lower_case_and_joined_and_cookies_apart(client: Client) -> None:
    headers = [("X-Twice", "1"), ("x-twice", "2"), ("Cookie", "a=1; b=2"), ("Cookie", "c=3")]
    event = client.send("GET", "/health", headers).json()
    assert event["headers"]["x-twice"] == "1,2"
    assert event["cookies"] == ["a=1", "b=2", "c=3"]
    assert "cookie" not in event["headers"]


def test_the_request_context_tells_who_asked_for_what(client: Client) -> None:
    headers = [("User-Agent", "curl/8"), ("X-Forwarded-For", "203.0.113.9")]
    event = client.send("GET", "/health", headers).json()
    assert event["requestContext"]["http"] == {
        "method": "GET",
        "path": "/health",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "curl/8",
    }
    assert event["requestContext"]["stage"] == "$default"
    assert event["headers"]["x-forwarded-for"] == "203.0.113.9, 127.0.0.1"


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", "text/csv"])
def test_text_arrives_as_it_is(client: Client, content_type: str) -> None:
    reply = post(client, content_type, '{"note": "niño"}'.encode())
    assert (reply["body"], reply["isBase64Encoded"]) == ('{"note": "niño"}', False)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (None, b"{}"),
        ("application/x-www-form-urlencoded", b"a=1"),
        ("application/octet-stream", b"\x00\xff"),
        ("application/json", b'{"note": "\xff"}'),
    ],
)
def test_other_bodies_arrive_in_base64(client: Client, content_type: str | None, body: bytes) -> None:
    event = post(client, content_type, body)
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == body


def post(client: Client, content_type: str | None, body: bytes) -> Event:
    headers = [("Content-Type", content_type)] if content_type else []
    event: Event = client.send("GET", "/health", headers, body).json()
    return event


def test_the_context_is_that_of_a_lambda(client: Client, handler: FakeLambda) -> None:
    client.send("GET", "/health")
    context = handler.contexts[0]
    assert context.invoked_function_arn.endswith(f":function:{context.function_name}")
    assert len(context.aws_request_id) == len("00000000-0000-0000-0000-000000000000")
    assert 0 <= context.get_remaining_time_in_millis() <= 30_000


# The answer


def test_an_answer_keeps_status_headers_and_cookies(client: Client, handler: FakeLambda) -> None:
    handler.result = {
        "statusCode": 201,
        "headers": {"Location": "/appointments/1", "X-Count": 3, "Content-Length": "999"},
        "cookies": ["a=1", "b=2"],
        "body": "made",
    }
    reply = client.send("GET", "/health")
    assert (reply.status, reply.body, reply.header("x-count")) == (201, b"made", "3")
    assert reply.header("location") == "/appointments/1"
    assert reply.header("content-type") == "text/plain;charset=UTF-8"
    assert [value for name, value in reply.headers if name == "set-cookie"] == ["a=1", "b=2"]
    assert reply.header("content-length") == "4"


def test_an_answer_in_base64_is_decoded(client: Client, handler: FakeLambda) -> None:
    handler.result = {"statusCode": 200, "isBase64Encoded": True, "body": "AP8="}
    assert client.send("GET", "/health").body == b"\x00\xff"


def test_a_204_has_neither_body_nor_length(client: Client, handler: FakeLambda) -> None:
    handler.result = {"statusCode": 204}
    reply = client.send("GET", "/health")
    assert (reply.status, reply.body, reply.header("content-length")) == (204, b"", None)


def test_a_result_without_a_status_is_a_200_of_json(client: Client, handler: FakeLambda) -> None:
    handler.result = {"hello": "world"}
    reply = client.send("GET", "/health")
    assert (reply.status, reply.json()) == (200, {"hello": "world"})
    assert reply.header("content-type") == "application/json"


def test_a_head_request_is_answered_without_a_body(client: Client, issuer: Issuer) -> None:
    reply = client.send("HEAD", "/appointments", [("Authorization", issuer.token(claims()))])
    assert (reply.status, reply.body) == (200, b"")


def test_a_handler_that_raises_is_a_500(client: Client, handler: FakeLambda) -> None:
    handler.error = RuntimeError("secret detail")
    reply = client.send("GET", "/health")
    assert (reply.status, reply.body) == (500, b'{"message":"Internal Server Error"}')


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": "soon"},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "isBase64Encoded": True, "body": "no base64"},
        {"statusCode": 200, "headers": {"x": "two\r\nlines"}},
        {"statusCode": 200, "body": {1, 2}},
        {"statusCode": 200, "body": "x" * (6 * 1024 * 1024)},
    ],
    ids=["status", "range", "body", "base64", "header", "no json", "too large"],
)
def test_a_result_that_api_gateway_cannot_send_is_a_500(client: Client, handler: FakeLambda, result: object) -> None:
    handler.result = result
    assert client.send("GET", "/health").status == HTTPStatus.INTERNAL_SERVER_ERROR


def test_a_body_over_10_megabytes_is_refused(client: Client, handler: FakeLambda) -> None:
    reply = client.send("GET", "/health", [], b"x" * (10 * 1024 * 1024 + 1))
    assert (reply.status, reply.body) == (413, b'{"message":"Request Entity Too Large"}')
    assert handler.calls == 0


def test_a_handler_that_takes_too_long_is_a_503() -> None:
    handler = FakeLambda()
    handler.may_answer.clear()
    gateway = create_gateway(
        handler=handler,
        routes=["GET /health"],
        public=["GET /health"],
        issuer=Issuer.name,
        jwks_url="http://127.0.0.1:1/",
        client_id=CLIENT_ID,
        timeout_seconds=0.1,
    )
    with served(gateway) as client:
        reply = client.send("GET", "/health")
    handler.may_answer.set()
    assert (reply.status, reply.body) == (503, b'{"message":"Service Unavailable"}')


def test_a_handler_gets_one_request_at_a_time(client: Client, handler: FakeLambda) -> None:
    handler.may_answer.clear()
    replies: list[Reply] = []
    threads = [threading.Thread(target=lambda: replies.append(client.send("GET", "/health"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    client.send("GET", "/docs")  # the server itself goes on answering
    running = handler.calls
    handler.may_answer.set()
    for thread in threads:
        thread.join()
    assert running <= 1
    assert [reply.status for reply in replies] == [200, 200, 200]


def test_without_a_default_route_an_unknown_path_is_a_404() -> None:
    gateway = create_gateway(
        handler=FakeLambda(),
        routes=["GET /health"],
        public=["GET /health"],
        issuer=Issuer.name,
        jwks_url="http://127.0.0.1:1/",
        client_id=CLIENT_ID,
    )
    with served(gateway) as client:
        reply = client.send("GET", "/nothing")
    assert (reply.status, reply.body) == (404, b'{"message":"Not Found"}')


# The documents


def test_the_openapi_document_needs_no_token(client: Client) -> None:
    assert client.send("GET", "/openapi.json").json() == {"openapi": "3.1.0"}


def test_the_docs_page_loads_nothing_from_another_host(client: Client) -> None:
    page = client.send("GET", "/docs").body.decode()
    assert "//" not in page
    for asset in ("/docs/swagger-ui-bundle.min.js", "/docs/swagger-ui.min.css"):
        assert asset in page
        assert client.send("GET", asset).status == HTTPStatus.OK
