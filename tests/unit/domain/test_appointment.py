"""Statuses, steps and starts: the table cell by cell, and the limits to the microsecond."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.appointment import (
    HOLDING,
    MAX_OPEN_REQUESTS,
    STAFF_HORIZON,
    TRANSITIONS,
    Duration,
    Policy,
    Status,
    Step,
    check_cutoff,
    check_movable,
    check_start,
    check_step_time,
    initial_status,
    next_status,
)
from lambda_function.domain.errors import (
    InvalidTransitionError,
    OffGridError,
    PastCutoffError,
    TooLateError,
    TooSoonError,
)
from lambda_function.domain.intervals import Interval
from tests.zones import zone_named

NOW = datetime(2030, 1, 7, 14, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
POLICY = Policy(lead=timedelta(hours=1), horizon=timedelta(days=400), cutoff=timedelta(days=1))
PATIENT = Actor(1, Role.PATIENT)
DOCTOR = Actor(2, Role.DOCTOR, (1,))
RECEPTIONIST = Actor(3, Role.RECEPTIONIST, (1,))
STAFF = [DOCTOR, RECEPTIONIST]

# Rows are statuses. Each cell holds the result for staff and, after the slash, for a patient.
EXPECTED = """
            CONFIRM        CANCEL                CHECK_IN               COMPLETE             NO_SHOW
REQUESTED   BOOKED/BOOKED  CANCELLED/CANCELLED   -/-                    -/-                  -/-
BOOKED      -/-            CANCELLED/CANCELLED   CHECKED_IN/CHECKED_IN  -/-                  NO_SHOW/NO_SHOW
CHECKED_IN  -/-            CANCELLED/-           -/-                    COMPLETED/COMPLETED  -/-
COMPLETED   -/-            -/-                   -/-                    -/-                  -/-
CANCELLED   -/-            -/-                   -/-                    -/-                  -/-
NO_SHOW     -/-            -/-                   -/-                    -/-                  -/-
"""

Cells = dict[tuple[str, str, Role], str]


def expected_cells() -> Cells:
    header, *rows = [line.split() for line in EXPECTED.strip().splitlines()]
    cells: Cells = {}
    for status, *row in rows:
        for step, cell in zip(header, row, strict=True):
            staff, patient = cell.split("/")
            cells[status, step, Role.DOCTOR] = cells[status, step, Role.RECEPTIONIST] = staff
            cells[status, step, Role.PATIENT] = patient
    return cells


def reached(status: Status, step: Step, actor: Actor) -> str:
    try:
        return next_status(status, step, actor)
    except InvalidTransitionError:
        return "-"


def test_every_state_step_and_role_leads_where_the_table_says() -> None:
    cells = {
        (status, step, actor.role): reached(status, step, actor)
        for status in Status
        for step in Step
        for actor in (PATIENT, *STAFF)
    }
    assert cells == expected_cells()


def test_the_table_has_a_row_for_every_state() -> None:
    assert set(TRANSITIONS) == set(Status)


def test_only_cancelled_and_missed_visits_give_their_time_back() -> None:
    assert set(Status) - HOLDING == {Status.CANCELLED, Status.NO_SHOW}


def test_a_refused_step_says_state_and_step() -> None:
    with pytest.raises(InvalidTransitionError, match=r"COMPLETED.*CANCEL"):
        next_status(Status.COMPLETED, Step.CANCEL, RECEPTIONIST)


@pytest.mark.parametrize(
    ("actor", "needs_approval", "status"),
    [
        (PATIENT, True, Status.REQUESTED),
        (PATIENT, False, Status.BOOKED),
        (DOCTOR, True, Status.BOOKED),
        (DOCTOR, False, Status.BOOKED),
        (RECEPTIONIST, True, Status.BOOKED),
        (RECEPTIONIST, False, Status.BOOKED),
    ],
    ids=str,
)
def test_only_a_patient_asks_for_approval(actor: Actor, status: Status, *, needs_approval: bool) -> None:
    assert initial_status(actor, needs_approval=needs_approval) is status


@pytest.mark.parametrize("off", [TICK, timedelta(seconds=1), timedelta(minutes=1), timedelta(minutes=5) - TICK])
@pytest.mark.parametrize("actor", [PATIENT, *STAFF], ids=str)
def test_a_start_off_the_grid_is_refused_to_everybody(actor: Actor, off: timedelta) -> None:
    with pytest.raises(OffGridError):
        check_start(NOW + timedelta(days=2) + off, actor=actor, policy=POLICY, now=NOW)


@pytest.mark.parametrize(
    ("actor", "ahead"),
    [(PATIENT, POLICY.lead), (DOCTOR, timedelta(0)), (RECEPTIONIST, timedelta(0))],
    ids=str,
)
def test_the_lead_time_is_enough_to_the_microsecond(actor: Actor, ahead: timedelta) -> None:
    start = NOW + ahead
    check_start(start, actor=actor, policy=POLICY, now=NOW)
    with pytest.raises(TooSoonError):
        check_start(start, actor=actor, policy=POLICY, now=NOW + TICK)


@pytest.mark.parametrize(
    ("actor", "ahead"),
    [(PATIENT, POLICY.horizon), (DOCTOR, STAFF_HORIZON), (RECEPTIONIST, STAFF_HORIZON)],
    ids=str,
)
def test_the_horizon_is_reached_to_the_microsecond(actor: Actor, ahead: timedelta) -> None:
    start = NOW + ahead
    check_start(start, actor=actor, policy=POLICY, now=NOW)
    with pytest.raises(TooLateError):
        check_start(start, actor=actor, policy=POLICY, now=NOW - TICK)


def test_staff_book_five_years_ahead_leap_day_included() -> None:
    five_years = datetime(2033, 1, 7, 14, 0, tzinfo=UTC)
    check_start(five_years, actor=RECEPTIONIST, policy=POLICY, now=datetime(2028, 1, 7, 14, 0, tzinfo=UTC))


def test_staff_do_not_book_two_days_further_than_five_years() -> None:
    start = datetime(2034, 1, 9, 14, 0, tzinfo=UTC)
    with pytest.raises(TooLateError):
        check_start(start, actor=RECEPTIONIST, policy=POLICY, now=datetime(2029, 1, 7, 14, 0, tzinfo=UTC))


def test_a_patient_has_at_most_three_open_requests() -> None:
    assert MAX_OPEN_REQUESTS == 3


def test_a_patient_changes_a_visit_up_to_the_very_cutoff() -> None:
    check_cutoff(NOW + POLICY.cutoff, actor=PATIENT, policy=POLICY, now=NOW)


def test_a_microsecond_past_the_cutoff_is_too_late_for_a_patient() -> None:
    with pytest.raises(PastCutoffError):
        check_cutoff(NOW + POLICY.cutoff, actor=PATIENT, policy=POLICY, now=NOW + TICK)


def test_without_a_cutoff_a_visit_still_cannot_be_changed_once_it_has_begun() -> None:
    none = Policy(lead=POLICY.lead, horizon=POLICY.horizon, cutoff=timedelta(0))
    check_cutoff(NOW, actor=PATIENT, policy=none, now=NOW)
    with pytest.raises(PastCutoffError):
        check_cutoff(NOW, actor=PATIENT, policy=none, now=NOW + TICK)


@pytest.mark.parametrize("actor", STAFF, ids=str)
def test_the_cutoff_does_not_bind_staff(actor: Actor) -> None:
    check_cutoff(NOW - timedelta(days=3), actor=actor, policy=POLICY, now=NOW)


def test_buffers_are_the_doctors_and_not_the_patients() -> None:
    duration = Duration(timedelta(minutes=45), timedelta(minutes=5), timedelta(minutes=10))
    assert duration.visit_from(NOW) == Interval(NOW, NOW + timedelta(minutes=45))
    assert duration.occupied_from(NOW) == Interval(NOW - timedelta(minutes=5), NOW + timedelta(minutes=55))


def is_allowed(check: Callable[[], None]) -> bool:
    try:
        check()
    except InvalidTransitionError:
        return False
    return True


def step_allowed(step: Step, status: Status, actor: Actor, now: datetime, zone: str = "UTC") -> bool:
    """Returns whether the step is allowed for a visit of half an hour from NOW."""
    visit = Interval(NOW, NOW + timedelta(minutes=30))
    return is_allowed(lambda: check_step_time(step, status, visit, zone=zone_named(zone), actor=actor, now=now))


# Columns: the day before, the last microsecond before the start, the start, the end, the day after. A cell says who
# may: everybody, staff or nobody.
TIMES = [NOW - timedelta(days=1), NOW - TICK, NOW, NOW + timedelta(minutes=30), NOW + timedelta(days=1)]
ALLOWED_TIMES = """
CONFIRM   REQUESTED   everybody everybody nobody    nobody    nobody
CANCEL    REQUESTED   everybody everybody staff     staff     staff
CANCEL    BOOKED      everybody everybody nobody    nobody    nobody
CANCEL    CHECKED_IN  everybody everybody staff     staff     staff
CHECK_IN  BOOKED      nobody    everybody everybody everybody nobody
COMPLETE  CHECKED_IN  nobody    nobody    everybody everybody everybody
NO_SHOW   BOOKED      nobody    nobody    everybody everybody everybody
"""
WHO = {"everybody": {PATIENT, *STAFF}, "staff": set(STAFF), "nobody": set[Actor]()}


@pytest.mark.parametrize("row", ALLOWED_TIMES.strip().splitlines(), ids=lambda row: " ".join(row.split()[:2]))
def test_a_step_has_its_time(row: str) -> None:
    step, status, *cells = row.split()
    for now, cell in zip(TIMES, cells, strict=True):
        allowed = {actor for actor in (PATIENT, *STAFF) if step_allowed(Step(step), Status(status), actor, now)}
        assert allowed == WHO[cell], now


def test_every_step_that_a_state_allows_has_a_row_of_times() -> None:
    rows = {tuple(row.split()[:2]) for row in ALLOWED_TIMES.strip().splitlines()}
    assert rows == {(step, status) for status, steps in TRANSITIONS.items() for step in steps}


@pytest.mark.parametrize(
    ("zone", "since", "until"),
    [
        ("UTC", "2030-01-07T00:00", "2030-01-08T00:00"),
        ("America/Lima", "2030-01-07T05:00", "2030-01-08T05:00"),
        ("Asia/Kathmandu", "2030-01-06T18:15", "2030-01-07T18:15"),
        ("Pacific/Auckland", "2030-01-07T11:00", "2030-01-08T11:00"),
    ],
)
def test_a_patient_is_checked_in_on_the_clinics_own_day(zone: str, since: str, until: str) -> None:
    first, after = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (since, until))
    times = [first - TICK, first, after - TICK, after]
    allowed = [step_allowed(Step.CHECK_IN, Status.BOOKED, RECEPTIONIST, now, zone) for now in times]
    assert allowed == [False, True, True, False]


@pytest.mark.parametrize("status", Status)
def test_only_an_open_visit_that_is_ahead_can_be_moved(status: Status) -> None:
    allowed = [is_allowed(partial(check_movable, status, NOW, now)) for now in TIMES]
    is_open = status in {Status.REQUESTED, Status.BOOKED}
    assert allowed == [is_open, is_open, False, False, False]
