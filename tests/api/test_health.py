"""GET /health and GET /health/ready."""

from collections.abc import Iterator

import pytest
from sqlalchemy import URL, text

import lambda_function
from lambda_function.api.app import Api
from tests.api.expect import expect_problem
from tests.api_client import ApiClient
from tests.servers import plain_engine


@pytest.fixture
def revision(migrated_url: URL) -> Iterator["Revision"]:
    revision = Revision(migrated_url)
    yield revision
    revision.put_back()


class Revision:
    """The revision that the database says it has."""

    def __init__(self, url: URL) -> None:
        self._engine = plain_engine(url)
        with self._engine.begin() as connection:
            self.original: str = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()

    def say(self, revision: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(text("DELETE FROM alembic_version"))
            connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})

    def forget(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(text("DELETE FROM alembic_version"))

    def put_back(self) -> None:
        self.say(self.original)


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
def test_a_healthy_service_says_so_to_anyone_with_its_version(api: Api, path: str) -> None:
    answer = ApiClient(api).get(None, path)

    assert answer.status == 200
    assert answer.json == {"status": "ok", "version": lambda_function.__version__}
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_token_does_not_hurt(client: ApiClient) -> None:
    assert client.get("pat", "/health").status == 200
    assert client.get("pat", "/health/ready").status == 200


def test_a_schema_further_on_than_this_build_needs_is_ready(api: Api, revision: Revision) -> None:
    revision.say("9999")

    assert ApiClient(api).get(None, "/health/ready").status == 200


def test_a_schema_older_than_this_build_needs_is_not_ready(api: Api, revision: Revision) -> None:
    revision.say("0001")

    expect_problem(ApiClient(api).get(None, "/health/ready"), 503, "unavailable")
    assert ApiClient(api).get(None, "/health").status == 200


def test_a_database_without_a_revision_is_not_ready(api: Api, revision: Revision) -> None:
    revision.forget()

    expect_problem(ApiClient(api).get(None, "/health/ready"), 503, "unavailable")
