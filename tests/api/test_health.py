"""GET /health and GET /health/ready."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import URL, text

import lambda_function
from lambda_function.api.app import Api, create_app
from lambda_function.db.engine import Credentials, build_engine
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.errors import UnavailableError
from tests.api.expect import expect_problem
from tests.api_client import ApiClient, access_claims, http_event
from tests.clock import NOW, Clock
from tests.servers import plain_engine

NOTHING = "The service is unavailable for now. Try again in a moment."


@pytest.fixture
def revision(migrated_url: URL) -> Iterator["Revision"]:
    revision = Revision(migrated_url)
    yield revision
    revision.put_back()


class Revision:
    """The revision that is stored in the database."""

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


class Refusing:
    """A CredentialSource that has no credentials, for a reason that it gives."""

    def current(self) -> Credentials:
        raise UnavailableError("Secrets Manager refused (ResourceNotFoundException).")

    refreshed = current


@pytest.mark.parametrize("path", ["/health/ready", "/calendar.ics?token=unknown", "/me"])
def test_nobody_is_told_what_is_away_but_the_log(log_text: Callable[[], str], path: str) -> None:
    client = ApiClient(create_app(Database(build_engine(Refusing(), tls=None), Clock(NOW))))
    path, _, query = path.partition("?")
    claims = access_claims("pat") if path == "/me" else None
    answer = client.send(http_event("GET", path, query=query, claims=claims))

    expect_problem(answer, 503, "unavailable")
    assert answer.json["detail"] == NOTHING
    assert "ResourceNotFoundException" in log_text()


def test_a_schema_that_is_too_old_is_told_in_the_same_words(api: Api, revision: Revision) -> None:
    revision.say("0001")

    assert ApiClient(api).get(None, "/health/ready").json["detail"] == NOTHING


def test_a_database_without_a_revision_is_not_ready(api: Api, revision: Revision) -> None:
    revision.forget()

    expect_problem(ApiClient(api).get(None, "/health/ready"), 503, "unavailable")
