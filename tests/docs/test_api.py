"""docs/api.md tells the truth: its requests are sent, and its answers are compared."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from lambda_function.api.app import create_app
from lambda_function.bootstrap.alembic_setup import upgrade
from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.unit_of_work import Database
from lambda_function.pages.app import Pages
from lambda_function.services.value_messages import CODES
from lambda_function.web.codes import PROBLEM_CODES
from tests.api_client import ApiClient
from tests.clock import NOW, Clock
from tests.docs.exchanges import Exchange, Replay, exchanges
from tests.factories import Practice
from tests.pages.visitor import Visitor
from tests.servers import new_database
from tests.services.notifications.messages import Messages

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()


@pytest.fixture
def replay(server_url: URL, worker_id: str) -> Iterator[Replay]:
    """Uses a database of its own, in which ids start at 1 as they do in the document."""
    with new_database(server_url, f"dentist_docs_{worker_id}") as url:
        upgrade(url)
        engine = build_engine(UrlCredentials(url), tls=None)
        with Practice.open(url) as practice:
            practice.add_patient("lena")  # has signed up a minute ago
            clock = Clock(NOW)
            database = Database(engine, clock)
            visitor = Visitor(Pages(database, clock), Messages(database, practice, clock))
            yield Replay(ApiClient(create_app(database)), visitor)
        engine.dispose()


def test_every_request_is_answered_as_the_document_says(replay: Replay) -> None:
    told = list(exchanges(DOCUMENT))
    wrong = {
        f"docs/api.md:{exchange.line} {exchange.request.first_line}": found
        for exchange in told
        if (found := replay.differences(exchange))
    }
    assert wrong == {}
    assert len(told) == DOCUMENT.count("```") / 2


def test_the_table_of_errors_is_complete() -> None:
    rows = re.findall(r"^\| ([0-9, ]+) \| (.*?) \|", DOCUMENT, re.MULTILINE)
    told = {code: statuses for statuses, codes in rows for code in re.findall(r"`([a-z_]+)`", codes)}
    assert told.keys() == PROBLEM_CODES.keys()
    assert [code for code, (status, _) in PROBLEM_CODES.items() if str(status.value) not in told[code]] == []


def test_the_table_of_field_codes_is_complete() -> None:
    [table] = re.findall(r"^\| `code` in `errors` .*?\n\n", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert dict(re.findall(r"^\| `([a-z_]+)` \| (.*?) \|$", table, re.MULTILINE)) == CODES


FALSE = {
    "status": ("HTTP/1.1 200 OK", "HTTP/1.1 201 Created"),
    "header": ('ETag: "1"\n', 'ETag: "2"\n'),
    "header left out": ('ETag: "1"\n', ""),
    "header too many": ('ETag: "1"\n', 'ETag: "1"\nAllow: GET\n'),
    "value": ('"pat"', '"kim"'),
    "member left out": (', "version": 1', ""),
    "member too many": ('"version": 1', '"version": 1, "age": 3'),
    "person": ("<pat>", "<kim>"),
}


@pytest.mark.parametrize("falsehood", FALSE)
def test_a_falsehood_is_noticed(client: ApiClient, falsehood: str) -> None:
    block = next(block for block in DOCUMENT.split("```") if block.startswith("http\nGET /me\n"))
    block = re.sub(r'"user_id": [0-9]+', '"user_id": "<id>"', block)
    assert Replay(client).differences(_exchange(block)) == []
    assert Replay(client).differences(_exchange(block.replace(*FALSE[falsehood], 1))) != []


def _exchange(block: str) -> Exchange:
    return next(exchanges(f"```{block}```\n"))
