"""A batch of outcomes: which of them is kept, and what fails."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update

from lambda_function.db.models import Appointment, AppointmentRegistration, OutboxMessage
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.messages import rfc3339
from lambda_function.domain.registration import Outcome
from lambda_function.services.queue import RESERVE, Record
from lambda_function.services.registers.outcomes import keep_outcomes
from tests.clock import NOW
from tests.factories import Practice
from tests.registers import inserts

DONE, FAILED = "visit.registered", "visit.registration_failed"


def record(kind: str, **detail: Any) -> Record:
    told = {
        "appointment_id": 7,
        "version": 1,
        "country": "PE",
        "clinic_id": 1,
        "error": None if kind == DONE else "refused",
        "at": rfc3339(NOW),
        **detail,
    }
    return Record(json.dumps(detail), json.dumps({"detail-type": kind, "detail": told}))


@pytest.fixture
def keep(practice: Practice, database: Database) -> Callable[..., list[str]]:
    """Keeps outcomes of the visits 1 to 10 in Peru, whose version is 3."""
    for number in range(1, 11):
        practice.add_appointment(NOW + timedelta(hours=number), appointment_id=number)
        detail = {"appointment_id": number, "version": 3}
        practice.add(OutboxMessage(kind="appointment.moved", detail=detail, created_at=NOW))
    practice.session.execute(update(Appointment).values(version=3))
    practice.session.commit()
    return lambda *records: keep_outcomes(database, records, lambda: 60)


def kept(practice: Practice) -> list[tuple[int, int, str, str | None]]:
    rows = practice.rows(AppointmentRegistration)
    return [(row.appointment_id, row.version, str(row.status), row.error) for row in rows]


def test_an_outcome_is_kept(practice: Practice, keep: Callable[..., list[str]]) -> None:
    assert keep(record(DONE), record(FAILED, appointment_id=8, version=3)) == []

    assert kept(practice) == [(7, 1, "DONE", None), (8, 3, "FAILED", "refused")]
    assert [row.at for row in practice.rows(AppointmentRegistration)] == [NOW, NOW]


LATER = rfc3339(NOW + timedelta(seconds=1))
ORDER = [
    (record(FAILED, version=1), record(FAILED, version=2), (7, 2, "FAILED", "refused")),
    (record(DONE, version=1, at=LATER), record(FAILED, version=2), (7, 2, "FAILED", "refused")),
    (record(FAILED, at=LATER), record(DONE), (7, 1, "DONE", None)),
    (record(FAILED, error="internal"), record(FAILED, error="unavailable", at=LATER), (7, 1, "FAILED", "unavailable")),
]


@pytest.mark.parametrize(("lower", "higher", "left"), ORDER)
@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("turned", [True, False])
def test_the_outcome_that_counts_is_kept_in_whatever_order_they_come(
    practice: Practice,
    keep: Callable[..., list[str]],
    lower: Record,
    higher: Record,
    left: tuple[int, int, str, str | None],
    *,
    together: bool,
    turned: bool,
) -> None:
    pair = (higher, lower) if turned else (lower, higher)
    for batch in [pair] if together else [(each,) for each in pair]:
        assert keep(*batch) == []

    assert kept(practice) == [left]


def test_a_batch_reaches_the_server_in_one_statement(
    practice: Practice, engine: Engine, keep: Callable[..., list[str]]
) -> None:
    before = inserts(engine)
    for version in (1, 2):
        assert keep(*(record(DONE, appointment_id=number, version=version) for number in range(1, 11))) == []

    assert inserts(engine) - before == 2
    assert kept(practice) == [(number, 2, "DONE", None) for number in range(1, 11)]


def test_what_cannot_be_understood_fails_alone(
    practice: Practice, keep: Callable[..., list[str]], log_text: Callable[[], str]
) -> None:
    bad = [
        Record("json", "{"),
        record("appointment.booked")._replace(record_id="kind"),
        record(FAILED, error="Pat Rojas")._replace(record_id="error"),
        record(DONE, version=0)._replace(record_id="version"),
    ]

    assert keep(*bad, record(DONE)) == ["json", "kind", "error", "version"]

    assert kept(practice) == [(7, 1, "DONE", None)]
    logged = log_text()
    assert "RegistrationOutcomesFailed" in logged
    assert "Pat Rojas" not in logged


def test_a_reason_of_a_later_release_is_kept(practice: Practice, keep: Callable[..., list[str]]) -> None:
    assert keep(record(FAILED, error="eclipse_of_the_sun", planet="Mars")) == []
    assert kept(practice) == [(7, 1, "FAILED", "eclipse_of_the_sun")]


MISFITS = [
    ({"appointment_id": 11}, "no_visit"),
    ({"version": 4}, "later_version"),
    ({"version": 2**31 - 1}, "later_version"),
    ({"country": "CL"}, "other_country"),
]


@pytest.mark.parametrize("kind", [DONE, FAILED])
@pytest.mark.parametrize(("detail", "reason"), MISFITS)
def test_an_outcome_that_does_not_fit_its_visit_is_dropped_alone(
    practice: Practice,
    keep: Callable[..., list[str]],
    log_text: Callable[[], str],
    *,
    kind: str,
    detail: dict[str, Any],
    reason: str,
) -> None:
    assert keep(record(kind, **detail), record(DONE, appointment_id=8)) == []

    assert kept(practice) == [(8, 1, "DONE", None)]
    logged = log_text()
    assert f'"reason":"{reason}"' in logged
    assert "RegistrationOutcomesDropped" in logged


def test_an_outcome_that_came_before_its_visit_is_not_shown_by_it(
    practice: Practice, keep: Callable[..., list[str]]
) -> None:
    keep(record(DONE, appointment_id=11))
    practice.add_appointment(NOW, appointment_id=11)

    assert kept(practice) == []


def test_what_is_kept_of_a_version_that_the_visit_does_not_have_gives_way(
    practice: Practice, keep: Callable[..., list[str]]
) -> None:
    """The main database was restored, or a former release has believed the outcome."""
    for number, version in ((7, 3), (8, 4)):
        practice.add(
            AppointmentRegistration(
                appointment_id=number, version=version, status=Outcome.DONE, error=None, at=NOW + timedelta(days=1)
            )
        )

    assert keep(record(FAILED, version=3), record(FAILED, appointment_id=8, version=2)) == []

    assert kept(practice) == [(7, 3, "DONE", None), (8, 2, "FAILED", "refused")]


def test_a_country_that_is_missing_is_a_malformed_event(practice: Practice, keep: Callable[..., list[str]]) -> None:
    assert keep(record(DONE, country=None)._replace(record_id="x")) == ["x"]
    assert kept(practice) == []


def test_what_there_is_no_time_for_comes_again(practice: Practice, database: Database) -> None:
    assert keep_outcomes(database, [record(DONE)._replace(record_id="x")], lambda: RESERVE) == ["x"]
    assert kept(practice) == []
