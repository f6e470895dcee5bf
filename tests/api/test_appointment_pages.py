"""The pages of GET /appointments: limits, cursors, and rows that come and go between two pages."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from lambda_function.db.models import Appointment
from lambda_function.domain.appointment import Status
from tests.api.desk import Desk, instant
from tests.api.expect import expect_problem
from tests.factories import Practice

START = instant("15:00")


def _walk(desk: Desk, limit: int, between: Callable[[int], None] = lambda _: None, **query: Any) -> list[int]:
    """Returns the ids of all pages. `between` is called with the number of each page that has a next one."""
    found: list[int] = []
    number = 0
    while True:
        number += 1
        page = desk.client.get("rita", "/appointments", limit=limit, **query).json
        assert len(page["items"]) <= limit
        found += [item["appointment_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            return found
        assert len(page["items"]) == limit
        between(number)
        query["cursor"] = page["next_cursor"]


def _add(practice: Practice, count: int) -> list[int]:
    """Adds several appointments at each start, so that ids break ties. Returns them in the order of the list."""
    rows = [practice.add_appointment(START + timedelta(hours=number // 4)) for number in range(count)]
    return [row.appointment_id for row in rows]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 10, 11, 100])
def test_pages_hold_all_once_in_order_whatever_the_limit(desk: Desk, limit: int) -> None:
    added = _add(desk.practice, 10)

    assert _walk(desk, limit) == added


def test_appointments_are_ordered_by_start_and_then_by_id(desk: Desk) -> None:
    later = desk.practice.add_appointment(START + timedelta(hours=1)).appointment_id
    earlier = [desk.practice.add_appointment(START).appointment_id for _ in range(2)]

    assert _walk(desk, 1) == [*earlier, later]


def test_nothing_is_missed_or_repeated_while_rows_come_and_go(desk: Desk) -> None:
    added = _add(desk.practice, 12)
    late: list[int] = []

    def between(number: int) -> None:
        if number == 2:
            desk.practice.add_appointment(START - timedelta(hours=1))  # before what was read, so not seen
            late.append(desk.practice.add_appointment(START + timedelta(hours=1)).appointment_id)
            late.append(desk.practice.add_appointment(START + timedelta(days=1)).appointment_id)
            desk.practice.session.delete(desk.practice.session.get_one(Appointment, added[0]))
            desk.practice.session.commit()

    assert _walk(desk, 3, between) == [*added[:8], late[0], *added[8:], late[1]]


def test_what_is_cancelled_between_two_pages_leaves_no_gap_in_a_filtered_list(desk: Desk) -> None:
    added = _add(desk.practice, 8)

    def between(number: int) -> None:
        if number == 1:
            desk.cancelled("rita", added[1])  # read already
            desk.cancelled("rita", added[2])  # to be read

    assert _walk(desk, 2, between, status=Status.BOOKED) == [*added[:2], *added[3:]]


def test_the_row_that_the_cursor_stands_on_may_go(desk: Desk) -> None:
    added = _add(desk.practice, 4)

    assert _walk(desk, 2, lambda _: desk.cancelled("rita", added[1]), status=Status.BOOKED) == added


def test_the_default_is_50(desk: Desk) -> None:
    added = _add(desk.practice, 51)
    page = desk.client.get("rita", "/appointments").json

    assert [item["appointment_id"] for item in page["items"]] == added[:50]
    assert page["next_cursor"] is not None


def test_a_page_that_is_just_full_is_the_last(desk: Desk) -> None:
    _add(desk.practice, 2)

    assert desk.client.get("rita", "/appointments", limit=2).json["next_cursor"] is None


def test_an_empty_list_is_a_page(desk: Desk) -> None:
    assert desk.client.get("rita", "/appointments").json == {"items": [], "next_cursor": None}


def test_a_cursor_of_another_list_is_422(desk: Desk) -> None:
    of_users = desk.client.get("rita", "/users", limit=1).json["next_cursor"]

    expect_problem(desk.client.get("rita", "/appointments", cursor=of_users), 422, "validation_error", "cursor")


def test_a_cursor_shows_nobody_more_than_they_may_see(desk: Desk) -> None:
    _add(desk.practice, 3)
    cursor = desk.client.get("rita", "/appointments", limit=1).json["next_cursor"]

    assert desk.client.get("kim", "/appointments", cursor=cursor).json["items"] == []
