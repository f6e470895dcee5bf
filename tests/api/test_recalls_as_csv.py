"""GET /recalls as CSV."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from lambda_function.domain.notifications import NotificationKind
from tests.api.desk import Desk
from tests.api.expect import expect_problem
from tests.api.recalling import add_recall
from tests.api.test_notifications import tell
from tests.api_client import Answer
from tests.clock import NOW


def table(desk: Desk, caller: str = "rita", accept: str = "text/csv", **query: Any) -> Answer:
    return desk.client.call(caller, "GET", "/recalls", headers={"accept": accept}, **query)


def rows(answer: Answer) -> list[dict[str, str]]:
    assert answer.status == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_a_reception_gets_the_same_rows_as_csv(desk: Desk) -> None:
    number = add_recall(desk, note='Says "later", or\nnever')
    answer = table(desk)

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "Link" not in answer.headers
    assert rows(answer) == [
        {
            "recall_id": str(number),
            "user_id": str(desk.id_of("pat")),
            "full_name": "Pat Rojas",
            "email": "pat@example.org",
            "phone": "",
            "treatment_id": "1",
            "code": "checkup",
            "name": "Check-up",
            "clinic_id": "1",
            "doctor_id": "",
            "due_on": "2030-03-01",
            "state": "UPCOMING",
            "appointment_id": "",
            "note": 'Says "later", or\nnever',
            "last_notified_at": "",
            "version": "1",
        }
    ]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\n=", " +"])
def test_a_text_that_would_be_a_formula_has_an_apostrophe_in_front(desk: Desk, begin: str) -> None:
    add_recall(desk, note=f"{begin}1+1")

    assert [row["note"] for row in rows(table(desk))] == [f"'{begin}1+1"]


def test_an_instant_is_written_as_in_json(desk: Desk) -> None:
    number = add_recall(desk)
    tell(desk, "pat", kind=NotificationKind.RECALL, recall_id=number, sent_at=NOW - timedelta(microseconds=5))

    [row] = rows(table(desk))

    assert row["last_notified_at"] == desk.client.get("rita", f"/recalls/{number}").json["last_notified_at"]


def test_the_next_page_is_behind_a_link(desk: Desk) -> None:
    first = add_recall(desk)
    second = add_recall(desk, treatment_id=2)
    answer = table(desk, state="UPCOMING", limit=1)
    assert [row["recall_id"] for row in rows(answer)] == [str(first)]
    address, _, relation = answer.headers["Link"].partition("; ")
    assert relation == 'rel="next"'
    path, _, query = address.strip("<>").partition("?")
    assert path == "/recalls"
    given = dict(pair.split("=", 1) for pair in query.split("&"))
    assert (given["state"], given["limit"]) == ("UPCOMING", "1")

    assert [row["recall_id"] for row in rows(table(desk, **given))] == [str(second)]


@pytest.mark.parametrize("caller", ["pat", "drjay"])
def test_others_get_no_csv(desk: Desk, caller: str) -> None:
    expect_problem(table(desk, caller), 403, "forbidden")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("text/csv, */*;q=0.8", "text/csv"),
        ("TEXT/CSV;q=0.5", "text/csv"),
        ("application/json, text/csv;q=0.9", "application/json"),
        ("application/json, text/csv", "application/json"),
        ("text/csv;q=0", "application/json"),
        ("*/*", "application/json"),
        ("text/html", "application/json"),
    ],
)
def test_json_is_answered_unless_csv_is_preferred(desk: Desk, accept: str, media_type: str) -> None:
    assert table(desk, accept=accept).headers["Content-Type"].partition(";")[0] == media_type
