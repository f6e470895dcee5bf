"""POST /appointments: when a visit may start. All starts lie in working hours, so that only the limit under test
decides. The clock moves to each limit exactly.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from lambda_function.db.models import Clinic
from lambda_function.domain.appointment import STAFF_HORIZON
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at, instant, rfc3339
from tests.api.expect import expect_problem
from tests.clock import NOW, Clock

START = instant("15:00")
ONE_MICROSECOND = timedelta(microseconds=1)
LEAD = timedelta(minutes=60)
HORIZON = timedelta(days=400)


def _policies(desk: Desk, **policies: int) -> None:
    desk.practice.session.execute(update(Clinic).where(Clinic.clinic_id == 1).values(**policies))
    desk.practice.session.commit()


def _books_until(desk: Desk, clock: Clock, user_name: str, last: datetime, fingerprint: Fingerprint) -> None:
    """START can be booked at `last` and not a microsecond later."""
    clock.now = last + ONE_MICROSECOND
    before = fingerprint()
    expect_problem(desk.book(user_name, rfc3339(START)), 422, "too_soon", "starts_at")
    assert fingerprint() == before
    clock.now = last
    assert desk.booked(user_name, rfc3339(START))["starts_at"] == rfc3339(START)


def _books_from(desk: Desk, clock: Clock, user_name: str, first: datetime, fingerprint: Fingerprint) -> None:
    """START can be booked at `first` and not a microsecond earlier."""
    clock.now = first - ONE_MICROSECOND
    before = fingerprint()
    expect_problem(desk.book(user_name, rfc3339(START)), 422, "too_late", "starts_at")
    assert fingerprint() == before
    clock.now = first
    assert desk.booked(user_name, rfc3339(START))["starts_at"] == rfc3339(START)


def test_a_patient_books_up_to_the_lead_time_before(desk: Desk, clock: Clock, fingerprint: Fingerprint) -> None:
    _books_until(desk, clock, "pat", START - LEAD, fingerprint)


@pytest.mark.parametrize("user_name", ["rita", "drjay"])
def test_staff_book_up_to_the_start_itself(desk: Desk, clock: Clock, fingerprint: Fingerprint, user_name: str) -> None:
    _books_until(desk, clock, user_name, START, fingerprint)


def test_the_lead_time_is_the_clinics(desk: Desk, clock: Clock, fingerprint: Fingerprint) -> None:
    _policies(desk, lead_minutes=5)
    _books_until(desk, clock, "pat", START - timedelta(minutes=5), fingerprint)


def test_a_patient_books_up_to_the_horizon_ahead(desk: Desk, clock: Clock, fingerprint: Fingerprint) -> None:
    _books_from(desk, clock, "pat", START - HORIZON, fingerprint)


@pytest.mark.parametrize("user_name", ["rita", "drjay"])
def test_staff_book_up_to_five_years_ahead(desk: Desk, clock: Clock, fingerprint: Fingerprint, user_name: str) -> None:
    _books_from(desk, clock, user_name, START - STAFF_HORIZON, fingerprint)


def test_the_horizon_is_the_clinics(desk: Desk, clock: Clock, fingerprint: Fingerprint) -> None:
    _policies(desk, horizon_days=7)
    _books_from(desk, clock, "pat", START - timedelta(days=7), fingerprint)


@pytest.mark.parametrize(
    "start",
    [at("15:01"), at("15:04"), "2030-01-08T15:00:01Z", "2030-01-08T15:00:00.000001Z", "2030-01-08T15:00:00+00:01"],
)
@pytest.mark.parametrize("user_name", ["pat", "rita"])
def test_a_start_off_the_five_minute_grid_is_refused(
    desk: Desk, user_name: str, start: str, fingerprint: Fingerprint
) -> None:
    before = fingerprint()

    expect_problem(desk.book(user_name, start), 422, "off_grid", "starts_at")
    assert fingerprint() == before


@pytest.mark.parametrize(
    "start",
    [
        "2030-01-08T10:00:00-05:00",
        "2030-01-08T20:30:00+05:30",
        "2030-01-08T15:00:00+00:00",
        "2030-01-08T15:00:00-00:00",
        "2030-01-08T15:00:00.000000Z",
        "2030-01-08t15:00:00z",
        "2030-01-09T05:00:00+14:00",
    ],
)
def test_any_offset_names_the_same_instant(desk: Desk, start: str) -> None:
    assert desk.booked("rita", start)["starts_at"] == at("15:00")


@pytest.mark.parametrize(
    "start",
    [
        "2030-01-08T15:00:00",
        "2030-01-08 15:00:00Z",
        "2030-01-08T15:00Z",
        "2030-01-08",
        "2030-02-30T15:00:00Z",
        "2030-01-08T24:00:00Z",
        "2030-01-08T15:00:60Z",
        "2030-01-08T15:00:00+24:00",
        "2030-01-08T15:00:00+0500",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:55:00-14:00",
        "20300108T150000Z",
        "tomorrow",
        "",
        " 2030-01-08T15:00:00Z",
        "2030-01-08T15:00:00Z\n",
        "\u0662\u0660\u0663\u0660-01-08T15:00:00Z",
        1893510000,
        None,
        ["2030-01-08T15:00:00Z"],
    ],
)
def test_what_is_no_instant_is_422(desk: Desk, start: Any, fingerprint: Fingerprint) -> None:
    before = fingerprint()
    body = {**desk.visit(at("15:00")), "starts_at": start}

    expect_problem(desk.client.post("rita", "/appointments", body), 422, "validation_error", "starts_at")
    assert fingerprint() == before


@pytest.mark.parametrize(
    ("start", "code"),
    [("0001-01-01T00:00:00Z", "too_soon"), ("1969-12-31T23:55:00Z", "too_soon"), ("9999-12-31T23:55:00Z", "too_late")],
)
def test_the_ends_of_the_calendar_are_only_too_far_away(desk: Desk, start: str, code: str) -> None:
    expect_problem(desk.book("rita", start), 422, code, "starts_at")
    expect_problem(desk.book("pat", start), 422, code, "starts_at")


def test_the_past_is_too_soon_for_everybody(desk: Desk) -> None:
    for user_name in ("pat", "drjay", "rita"):
        expect_problem(desk.book(user_name, rfc3339(NOW - timedelta(minutes=5))), 422, "too_soon", "starts_at")
