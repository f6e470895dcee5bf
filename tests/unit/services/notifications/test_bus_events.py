"""Events are read strictly, and what a later release adds to them is ignored."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_function.domain.notifications import NotificationKind
from lambda_function.services.event_fields import MalformedEventError
from lambda_function.services.notifications.bus_events import Bounce, Change, Offer, read_event

CHANGE = {"message_id": 4711, "appointment_id": 17, "at": "2030-01-07T14:00:00.123456Z", "announce": True}
AT = datetime(2030, 1, 7, 14, 0, 0, 123456, tzinfo=UTC)
OFFER = {"waitlist_id": 5, "clinic_id": 1, "doctor_id": 7, "starts_at": "2030-01-08T15:00:00Z"}


def event(kind: Any, detail: Any, **more: Any) -> str:
    return json.dumps({"detail-type": kind, "detail": detail, **more})


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("requested", NotificationKind.REQUESTED),
        ("booked", NotificationKind.BOOKED),
        ("confirmed", NotificationKind.CONFIRMED),
        ("moved", NotificationKind.MOVED),
        ("cancelled", NotificationKind.CANCELLED),
    ],
)
def test_a_change_is_told_under_its_kind(name: str, kind: NotificationKind) -> None:
    told = read_event(event(f"appointment.{name}", {**CHANGE, "changed": ["starts_at"]}))

    assert told == Change(kind, message_id=4711, appointment_id=17, at=AT)


@pytest.mark.parametrize("name", ["noted", "checked_in", "completed", "no_show", "attendance_confirmed", "later"])
def test_what_patients_did_themselves_or_need_not_know_is_not_told(name: str) -> None:
    assert read_event(event(f"appointment.{name}", CHANGE)) is None


@pytest.mark.parametrize("name", ["opened", "done", "dismissed"])
def test_that_a_recall_is_open_or_has_ended_tells_nobody(name: str) -> None:
    assert read_event(event(f"recall.{name}", {"recall_id": 3, "appointment_id": 17, "at": CHANGE["at"]})) is None


def test_what_is_not_to_be_announced_is_not_told() -> None:
    assert read_event(event("appointment.cancelled", {**CHANGE, "announce": False})) is None


@pytest.mark.parametrize(
    ("changed", "is_told"),
    [
        (["starts_at"], True),
        (["doctor_id"], True),
        (["chair_id", "doctor_id", "override_reason"], True),
        (["chair_id"], False),
        (["chair_id", "override_reason"], False),
        ([], False),
    ],
)
def test_a_move_is_told_if_time_or_doctor_are_others(changed: list[str], *, is_told: bool) -> None:
    told = read_event(event("appointment.moved", {**CHANGE, "changed": changed}))

    assert (told is not None) is is_told


def test_an_event_of_the_release_before_this_one_is_told() -> None:
    old = {name: value for name, value in CHANGE.items() if name != "announce"}

    assert isinstance(read_event(event("appointment.moved", old)), Change)


def test_an_offer_is_told() -> None:
    assert read_event(event("waitlist.offered", OFFER)) == Offer(5, 1, 7, datetime(2030, 1, 8, 15, tzinfo=UTC))


@pytest.mark.parametrize(
    ("kind", "detail", "bounce"),
    [
        ("mail.bounced", {"notification_id": "17", "kind": "Permanent"}, Bounce(17, complaint=False, permanent=True)),
        ("mail.bounced", {"notification_id": "17", "kind": "Transient"}, Bounce(17, complaint=False, permanent=False)),
        ("mail.bounced", {"notification_id": "17"}, Bounce(17, complaint=False, permanent=False)),
        ("mail.complained", {"notification_id": "17", "kind": "abuse"}, Bounce(17, complaint=True, permanent=True)),
        ("mail.complained", {"notification_id": 17}, Bounce(17, complaint=True, permanent=True)),
    ],
)
def test_mail_that_came_back_names_the_message(kind: str, detail: dict[str, Any], bounce: Bounce) -> None:
    assert read_event(event(kind, detail)) == bounce


def test_what_a_later_release_adds_is_ignored() -> None:
    future = {
        **CHANGE,
        "version": 2,
        "action": "TELEPORT",
        "patient": {"deep": [1]},
        "changed": ["starts_at", "planet"],
    }

    assert isinstance(read_event(event("appointment.moved", future, version="9", schema={"x": 1})), Change)
    assert read_event(event("recall.due", 7)) is None
    assert read_event(event("recall.due", None)) is None


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "null",
        "[]",
        "7",
        '"text"',
        "[" * 100_000,
        "{}",
        event(7, CHANGE),
        event("appointment.booked", None),
        event("appointment.booked", []),
        event("appointment.booked", "text"),
        *(event("appointment.booked", {**CHANGE, name: None}) for name in ("message_id", "appointment_id", "at")),
        *(event("appointment.booked", {**CHANGE, "message_id": value}) for value in ("1", 0, -1, 2**63, True, 1.5)),
        *(
            event("appointment.booked", {**CHANGE, "at": value})
            for value in ("", "yesterday", "2030-01-07", "2030-01-07T14:00:00", 1, "0001-01-01T00:00:00+23:59")
        ),
        event("appointment.booked", {**CHANGE, "announce": "no"}),
        event("appointment.booked", {**CHANGE, "announce": None}),
        event("appointment.moved", {**CHANGE, "changed": "starts_at"}),
        event("appointment.moved", {**CHANGE, "changed": [1]}),
        *(event("waitlist.offered", {**OFFER, name: "x"}) for name in OFFER),
        *(event("mail.bounced", {"notification_id": value}) for value in (None, "", "x", "-1", "1.5", "٣", "9" * 40)),
    ],
)
def test_a_malformed_event_is_refused_without_being_quoted(body: str) -> None:
    with pytest.raises(MalformedEventError) as refusal:
        read_event(body)

    assert "yesterday" not in str(refusal.value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    )
)
def test_whatever_the_detail_is_an_event_is_read_or_refused(detail: Any) -> None:
    for kind in ("appointment.booked", "waitlist.offered", "mail.bounced"):
        with contextlib.suppress(MalformedEventError):
            read_event(event(kind, detail))
