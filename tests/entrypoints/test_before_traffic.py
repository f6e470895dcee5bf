"""The Lambda that CodeDeploy calls, with the real API as the version that it tries."""

import json
from typing import Any

import pytest
from sqlalchemy import URL

from dev.lambda_context import LambdaContext
from tests.aws import load_handler, secret_of, store_secret
from tests.deployments import EVENT, Answer, Deployment, works
from tests.factories import Practice
from tests.servers import new_database

MODULE = "lambda_function.entrypoints.before_traffic"


@pytest.fixture(autouse=True)
def environment(lambda_environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    return lambda_environment


def _deployment_of_the_api() -> Deployment:
    def version(event: Any) -> Answer:
        return works(json.loads(json.dumps(api(event, LambdaContext("api", 29)))))

    api = load_handler("lambda_function.entrypoints.api")
    deployment = Deployment({"8": version})
    deployment.listen()
    return deployment


def _call() -> Any:
    return load_handler(MODULE)(EVENT, LambdaContext("before-traffic", 300))


def test_the_api_with_its_database_may_get_requests(practice: Practice) -> None:
    store_secret(practice.url)
    deployment = _deployment_of_the_api()

    assert _call() == {"passed": True}
    assert [told["status"] for told in deployment.told] == ["Succeeded"]


def test_the_api_without_its_database_is_stopped(practice: Practice) -> None:
    store_secret({**secret_of(practice.url), "password": "wrong"})
    deployment = _deployment_of_the_api()

    assert _call() == {"passed": False}
    assert [told["status"] for told in deployment.told] == ["Failed"]


def test_the_api_on_a_database_that_is_not_migrated_is_stopped(server_url: URL, worker_id: str) -> None:
    with new_database(server_url, f"dentist_not_migrated_{worker_id}") as url:
        store_secret(url)
        deployment = _deployment_of_the_api()
        answer = _call()

    assert answer == {"passed": False}
    assert [told["status"] for told in deployment.told] == ["Failed"]
