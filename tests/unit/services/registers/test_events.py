"""What the two functions are told is read strictly, and what a later release adds is ignored."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_function.domain.registration import FailureReason, Outcome, Registration
from lambda_function.services.event_fields import MalformedEventError
from lambda_function.services.registers.events import Change, ToldOutcome, outcome, read_change, read_outcome

CHANGE = {"appointment_id": 17, "version": 2, "clinic_id": 1, "at": "2030-01-07T14:00:00.123456Z"}
AT = datetime(2030, 1, 7, 14, 0, 0, 123456, tzinfo=UTC)
FAILED = {**CHANGE, "country": "PE", "error": "refused"}


def body(kind: Any, detail: Any, **more: Any) -> str:
    return json.dumps({"detail-type": kind, "detail": detail, **more})


@pytest.mark.parametrize("kind", ["booked", "moved", "erased", "registration_requested", "of_a_later_release"])
def test_every_event_about_a_visit_is_a_reason_to_register_it(kind: str) -> None:
    assert read_change(body(f"appointment.{kind}", {**CHANGE, "planet": "Mars"}, version="9")) == Change(17, 2, 1, AT)


@pytest.mark.parametrize("kind", ["visit.registered", "visit.registration_failed", "waitlist.offered", "mail.bounced"])
def test_an_outcome_registers_nothing_so_it_cannot_feed_itself(kind: str) -> None:
    with pytest.raises(MalformedEventError, match="visit"):
        read_change(body(kind, CHANGE))


@pytest.mark.parametrize("reason", [None, *FailureReason])
def test_what_a_processor_tells_is_what_is_kept(reason: FailureReason | None) -> None:
    message = outcome(Change(17, 2, 1, AT), "PE", reason, AT)
    told = read_outcome(body(message.kind, json.loads(json.dumps(message.detail))))

    registration = Registration(17, 2, Outcome.FAILED if reason else Outcome.DONE, reason, AT)
    assert told == ToldOutcome("PE", registration)


MALFORMED: list[str] = [
    "",
    "{",
    "null",
    "[]",
    "[" * 100_000,
    body(7, CHANGE),
    *(body("KIND", value) for value in (None, 7, "text")),
    *(body("KIND", {**FAILED, name: None}) for name in ("appointment_id", "version", "at")),
    *(body("KIND", {**FAILED, "version": value}) for value in ("1", 0, -1, 2**31, True, 1.5)),
    *(body("KIND", {**FAILED, "appointment_id": value}) for value in ("Pat", 0, 2**63, [1])),
    *(body("KIND", {**FAILED, "at": value}) for value in ("", "yesterday", "2030-01-07T14:00:00", 1)),
]


@pytest.mark.parametrize("text", MALFORMED)
def test_a_malformed_event_is_refused_without_being_quoted(text: str) -> None:
    for read, kind in ((read_change, "appointment.moved"), (read_outcome, "visit.registration_failed")):
        with pytest.raises(MalformedEventError) as refusal:
            read(text.replace("KIND", kind))
        assert "yesterday" not in str(refusal.value)
        assert "Pat" not in str(refusal.value)


@pytest.mark.parametrize("error", [None, "", "Pat Rojas", "x" * 33, "a-b", 7, ["refused"]])
def test_a_reason_that_is_no_code_is_refused(error: Any) -> None:
    with pytest.raises(MalformedEventError, match="error"):
        read_outcome(body("visit.registration_failed", {**CHANGE, "error": error}))


@pytest.mark.parametrize("country", [None, "", "P", "PER", "pe", "P1", "PE\n", 7, ["PE"]])
def test_an_outcome_that_no_country_tells_is_refused(country: Any) -> None:
    with pytest.raises(MalformedEventError, match="country"):
        read_outcome(body("visit.registration_failed", {**FAILED, "country": country}))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    )
)
def test_whatever_the_detail_is_an_event_is_read_or_refused(detail: Any) -> None:
    with contextlib.suppress(MalformedEventError):
        read_change(body("appointment.booked", detail))
    with contextlib.suppress(MalformedEventError):
        read_outcome(body("visit.registered", detail))
