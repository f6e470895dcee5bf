"""The module that Lambda loads, with the credentials from a secret, on the real database."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from dev.lambda_context import LambdaContext
from lambda_function.settings import SettingsError
from tests.api_client import access_claims, http_event
from tests.aws import SECRET_ID, load_handler, secret_of, store_secret
from tests.factories import Practice

MODULE = "lambda_function.entrypoints.api"

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


@pytest.fixture(autouse=True)
def environment(lambda_environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    return lambda_environment


def _load() -> Handler:
    handler: Handler = load_handler(MODULE)
    return handler


def _me(handler: Handler) -> tuple[int, Any]:
    answer = handler(http_event("GET", "/me", claims=access_claims("pat")), LambdaContext("api", 60))
    return answer["statusCode"], json.loads(answer["body"])


def test_it_serves_with_the_credentials_of_the_secret(practice: Practice) -> None:
    store_secret(practice.url)
    handler = _load()

    assert [(status, body["user_name"]) for status, body in (_me(handler), _me(handler))] == [(200, "pat")] * 2
    assert handler(http_event("GET", "/health/ready"), LambdaContext("api", 60))["statusCode"] == 200


def test_its_answer_is_what_lambda_can_send(practice: Practice) -> None:
    store_secret(practice.url)

    answer = _load()(http_event("GET", "/me", claims=access_claims("pat")), LambdaContext("api", 60))

    assert json.loads(json.dumps(answer)) == answer
    assert all(isinstance(value, str) for value in answer["headers"].values())
    assert answer["isBase64Encoded"] is False


def test_a_port_written_as_text_is_a_port(practice: Practice) -> None:
    store_secret({**secret_of(practice.url), "port": str(practice.url.port)})

    assert _me(_load())[0] == 200


def test_loading_it_connects_to_nothing() -> None:
    handler = _load()

    assert handler(http_event("GET", "/health"), LambdaContext("api", 60))["statusCode"] == 200


def test_without_a_secret_it_is_503_and_up() -> None:
    handler = _load()
    status, body = _me(handler)

    assert (status, body["code"]) == (503, "unavailable")
    assert SECRET_ID not in json.dumps(body)
    assert handler(http_event("GET", "/health"), LambdaContext("api", 60))["statusCode"] == 200


@pytest.mark.parametrize("secret", ["not json, hunter2", "[]", "{}", {"host": "h", "port": "hunter2"}, '"hunter2"'])
def test_a_secret_that_makes_no_sense_is_503_and_not_shown(secret: Any) -> None:
    store_secret(secret)
    status, body = _me(_load())

    assert (status, body["code"]) == (503, "unavailable")
    assert "hunter2" not in json.dumps(body)


def test_it_recovers_when_the_secret_is_mended(practice: Practice) -> None:
    store_secret({**secret_of(practice.url), "password": "wrong"})
    handler = _load()
    assert _me(handler)[0] == 503

    boto3.client("secretsmanager").put_secret_value(
        SecretId=SECRET_ID, SecretString=json.dumps(secret_of(practice.url))
    )
    assert _me(handler)[0] == 200


@pytest.mark.parametrize("value", [None, ""])
def test_without_the_name_of_the_secret_it_fails_and_says_which_variable(
    environment: pytest.MonkeyPatch, value: str | None
) -> None:
    environment.delenv("DATABASE_SECRET_ID")
    if value is not None:
        environment.setenv("DATABASE_SECRET_ID", value)

    with pytest.raises(SettingsError, match="DATABASE_SECRET_ID"):
        _load()


def test_a_setting_that_makes_no_sense_is_named_and_not_repeated(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_TLS", "hunter2")

    with pytest.raises(SettingsError, match="DATABASE_TLS") as refused:
        _load()
    assert "hunter2" not in str(refused.value)
