"""The calendar feed: POST and DELETE /me/calendar-token, GET /calendar.ics. Another library parses it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
import vobject
from sqlalchemy import update

from lambda_function.db.models import CalendarToken, Clinic, Installation, User
from tests.api.conftest import Fingerprint
from tests.api.desk import Desk, at, instant
from tests.api.expect import expect_problem
from tests.api_client import Answer, http_event
from tests.clock import NOW, Clock


def new_token(desk: Desk, user_name: str) -> str:
    answer = desk.client.post(user_name, "/me/calendar-token")
    assert answer.status == 201, answer.text
    token: str = answer.json["token"]
    return token


def feed(desk: Desk, token: str) -> Answer:
    return desk.client.get(None, "/calendar.ics", token=token)


def events(desk: Desk, user_name: str) -> list[Any]:
    """Returns the feed as a strict reader sees it, with every component validated and every date parsed."""
    answer = feed(desk, new_token(desk, user_name))
    assert answer.status == 200, answer.text
    calendar = vobject.readOne(answer.text, validate=True)
    calendar.validate(raiseException=True)
    assert calendar.version.value == "2.0"
    return list(calendar.contents.get("vevent", []))


def event(desk: Desk, user_name: str) -> Any:
    (only,) = events(desk, user_name)
    return only


def test_the_feed_needs_no_access_token(desk: Desk) -> None:
    answer = feed(desk, new_token(desk, "pat"))
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_feed_keeps_to_the_format(desk: Desk) -> None:
    """RFC 5545, 3.1: CRLF after every line, and none longer than 75 octets."""
    desk.practice.user("drjay").full_name = "Jóse María " * 10 + "Quispe, Jr; Dr"
    desk.practice.session.commit()
    desk.booked("rita", at("15:00"))
    text = feed(desk, new_token(desk, "pat")).text
    assert text.endswith("END:VCALENDAR\r\n")
    lines = text.encode().split(b"\r\n")
    assert all(len(line) <= 75 and b"\n" not in line and b"\r" not in line for line in lines)
    assert {b"VERSION:2.0", b"BEGIN:VCALENDAR", b"BEGIN:VEVENT"} <= set(lines)
    assert any(line.startswith(b"PRODID:") for line in lines)
    assert event(desk, "pat").summary.value.endswith("Quispe, Jr; Dr")


def test_an_appointment_is_an_event(desk: Desk) -> None:
    visit = desk.booked("rita", at("15:00"))
    found = event(desk, "pat")
    [installation] = desk.practice.rows(Installation)
    assert found.uid.value == f"appointment-{visit['appointment_id']}@{installation.installation_id}"
    assert (found.dtstart.value, found.dtend.value) == (instant("15:00"), instant("15:30"))
    assert found.dtstart.value.tzinfo is not None
    assert (found.status.value, found.sequence.value) == ("CONFIRMED", "0")
    assert found.dtstamp.value == found.last_modified.value == NOW
    assert found.location.value == "Lima Centro, Jirón de la Unión 421, Lima"


def test_a_clinic_without_address_is_a_place_by_its_name(desk: Desk) -> None:
    desk.practice.session.execute(update(Clinic).values(address=None))
    desk.practice.session.commit()
    desk.booked("rita", at("15:00"))
    assert event(desk, "pat").location.value == "Lima Centro"


def test_times_are_in_utc(desk: Desk) -> None:
    desk.booked("rita", at("15:00"))
    lines = feed(desk, new_token(desk, "pat")).text.split("\r\n")
    assert {"DTSTART:20300108T150000Z", "DTEND:20300108T153000Z", "DTSTAMP:20300107T140000Z"} <= set(lines)


@pytest.mark.parametrize(
    ("user_name", "summary"),
    [
        ("pat", "Check-up with Jay Quispe"),
        ("drjay", "Check-up: Pat Rojas"),
        ("rita", "Check-up: Pat Rojas with Jay Quispe"),
    ],
)
def test_everybody_reads_who_it_is_with(desk: Desk, user_name: str, summary: str) -> None:
    desk.booked("rita", at("15:00"))
    assert event(desk, user_name).summary.value == summary


def test_a_feed_has_what_its_owner_may_see_and_nothing_else(desk: Desk) -> None:
    mine = desk.booked("rita", at("15:00"))["appointment_id"]
    other = desk.booked("rita", at("16:00"), patient="kim", doctor="drwu")["appointment_id"]
    desk.booked("rosa", at("17:00"), patient="kim", doctor="drsol")

    def ids(user_name: str) -> list[int]:
        return [int(found.uid.value.split("@")[0].removeprefix("appointment-")) for found in events(desk, user_name)]

    assert ids("pat") == ids("drjay") == [mine]
    assert ids("drwu") == [other]
    assert ids("rita") == [mine, other]


@pytest.mark.parametrize("user_name", ["pat", "drjay", "rita"])
def test_no_note_is_in_the_feed(desk: Desk, user_name: str) -> None:
    path = f"/appointments/{desk.booked('rita', at('15:00'), patient_note='Ask about the crown')['appointment_id']}"
    assert desk.client.call("drjay", "PATCH", path, {"internal_note": "Owes money"}).status == 200
    text = feed(desk, new_token(desk, user_name)).text.replace("\r\n ", "")
    assert "VEVENT" in text
    assert "crown" not in text
    assert "money" not in text


def test_a_move_keeps_the_uid_and_raises_the_sequence(desk: Desk, clock: Clock) -> None:
    path = f"/appointments/{desk.booked('rita', at('15:00'))['appointment_id']}"
    before = event(desk, "pat")
    clock.advance(minutes=7)
    assert desk.client.call("rita", "PATCH", path, {"starts_at": at("17:00")}).status == 200
    after = event(desk, "pat")
    assert after.uid.value == before.uid.value
    assert int(after.sequence.value) == int(before.sequence.value) + 1
    assert after.dtstart.value == instant("17:00")
    assert after.last_modified.value == after.dtstamp.value == NOW + timedelta(minutes=7)


def test_a_request_is_tentative_until_it_is_confirmed(desk: Desk) -> None:
    visit = desk.booked("pat", at("15:00"), treatment=3)
    assert event(desk, "pat").status.value == "TENTATIVE"
    assert desk.client.post("drjay", f"/appointments/{visit['appointment_id']}/confirm").status == 200
    assert event(desk, "pat").status.value == "CONFIRMED"


def test_a_cancelled_visit_stays_as_cancelled(desk: Desk) -> None:
    desk.cancelled("rita", desk.booked("rita", at("15:00"))["appointment_id"])
    found = event(desk, "pat")
    assert (found.status.value, found.sequence.value) == ("CANCELLED", "1")


def test_a_missed_visit_is_cancelled(desk: Desk, clock: Clock) -> None:
    visit = desk.booked("rita", at("15:00"))
    clock.now = instant("15:10")
    assert desk.client.post("rita", f"/appointments/{visit['appointment_id']}/no-show").status == 200
    assert event(desk, "pat").status.value == "CANCELLED"


def test_the_feed_reaches_a_year_back(desk: Desk, clock: Clock) -> None:
    desk.booked("rita", at("15:00"))
    later = desk.booked("rita", at("15:05", "2030-01-09"))
    clock.now = datetime(2031, 1, 8, 15, 0, 0, 1, tzinfo=UTC)
    assert event(desk, "pat").uid.value.startswith(f"appointment-{later['appointment_id']}@")


def zone_lines(desk: Desk, user_name: str) -> list[str]:
    """Returns what an empty feed holds below its properties."""
    assert events(desk, user_name) == []
    text = feed(desk, new_token(desk, user_name)).text
    lines = text[text.index("BEGIN:VTIMEZONE") :].split("\r\n")
    assert lines[-3:] == ["END:VTIMEZONE", "END:VCALENDAR", ""]
    return lines[1:-3]


def test_an_empty_feed_holds_the_time_zone_of_the_owners_clinic(desk: Desk) -> None:
    desk.practice.add_patient("of both", clinics=(1, 2))
    desk.practice.add_receptionist("both", clinics=(1, 2))
    desk.practice.session.execute(update(Clinic).where(Clinic.clinic_id == 1).values(time_zone="America/New_York"))
    desk.practice.session.commit()
    for user_name in ("drjay", "rita", "both", "of both"):
        assert zone_lines(desk, user_name)[0] == "TZID:America/New_York"
    lines = zone_lines(desk, "rita")
    start = lines.index("DTSTART:20300310T020000")
    daylight = "BEGIN:DAYLIGHT DTSTART:20300310T020000 TZOFFSETFROM:-0500 TZOFFSETTO:-0400 TZNAME:EDT END:DAYLIGHT"
    assert lines[start - 1 : start + 5] == daylight.split()
    assert zone_lines(desk, "drsol")[0] == "TZID:America/Santiago"


def test_an_empty_feed_of_somebody_without_a_clinic_is_in_utc(desk: Desk) -> None:
    desk.practice.add_patient("new", clinics=())
    desk.practice.add_receptionist("none", clinics=())
    utc = "BEGIN:STANDARD DTSTART:20290101T000000 TZOFFSETFROM:+0000 TZOFFSETTO:+0000 TZNAME:UTC END:STANDARD"
    assert zone_lines(desk, "new") == zone_lines(desk, "none") == ["TZID:UTC", *utc.split()]


def test_a_feed_with_appointments_holds_no_time_zone(desk: Desk) -> None:
    desk.booked("rita", at("15:00"))
    assert "VTIMEZONE" not in feed(desk, new_token(desk, "pat")).text


def test_only_the_hash_of_a_token_is_stored(desk: Desk) -> None:
    token = new_token(desk, "pat")
    (stored,) = desk.practice.rows(CalendarToken)
    assert (stored.user_id, stored.token_hash) == (desk.id_of("pat"), sha256(token.encode()).hexdigest())
    assert len(token) >= 40


def test_a_new_token_replaces_the_old(desk: Desk) -> None:
    first, second = new_token(desk, "pat"), new_token(desk, "pat")
    assert first != second
    expect_problem(feed(desk, first), 404, "not_found")
    assert feed(desk, second).status == 200
    assert len(desk.practice.rows(CalendarToken)) == 1


def test_a_revoked_token_opens_nothing(desk: Desk) -> None:
    token = new_token(desk, "pat")
    other = new_token(desk, "kim")
    assert desk.client.call("pat", "DELETE", "/me/calendar-token").status == 204
    expect_problem(feed(desk, token), 404, "not_found")
    assert feed(desk, other).status == 200


def test_there_may_be_no_token_to_revoke(desk: Desk) -> None:
    expect_problem(desk.client.call("pat", "DELETE", "/me/calendar-token"), 404, "not_found")


def test_whoever_was_deactivated_has_no_feed(desk: Desk) -> None:
    token = new_token(desk, "pat")
    desk.practice.session.execute(update(User).where(User.user_name == "pat").values(active=False))
    desk.practice.session.commit()
    expect_problem(feed(desk, token), 404, "not_found")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_programs_add_to_the_address_is_passed_over(desk: Desk, method: str) -> None:
    """They add a number that differs each time, so that no cache answers in place of the service."""
    desk.booked("rita", at("15:00"))
    token = new_token(desk, "pat")
    etag = feed(desk, token).headers["ETag"]

    def send(query: str) -> Answer:
        return desk.client.send(http_event(method, "/calendar.ics", query=query))

    for query in (f"token={token}&nocache=1894&_=", f"a=1,2&a=3&token={token}", f"Token=x&token={token}&%C3%BC"):
        answer = send(query)
        assert (answer.status, answer.headers["ETag"]) == (200, etag)
    assert send(f"Token={token}").status == 404
    assert send(f"token={token}&token={token}").status == 422


@pytest.mark.parametrize("query", [{}, {"token": ""}, {"token": "x"}, {"token": "x" * 5000}, {"token": "ü\x00'--"}])
def test_a_token_that_is_none_of_ours_finds_nothing(
    desk: Desk, fingerprint: Fingerprint, query: dict[str, str]
) -> None:
    before = fingerprint()
    expect_problem(desk.client.get(None, "/calendar.ics", **query), 404, "not_found")
    assert fingerprint() == before


def test_the_hash_is_no_token(desk: Desk) -> None:
    token = new_token(desk, "pat")
    expect_problem(feed(desk, sha256(token.encode()).hexdigest()), 404, "not_found")


def test_the_dot_stands_for_itself(desk: Desk) -> None:
    expect_problem(desk.client.get("pat", "/calendarXics"), 404, "not_found")


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_calendar_token_gives_no_calendar_token(desk: Desk, method: str) -> None:
    expect_problem(desk.client.call(None, method, "/me/calendar-token"), 401, "unauthenticated")


def test_the_token_is_in_no_log(desk: Desk, log_text: Callable[[], str]) -> None:
    token = new_token(desk, "pat")
    feed(desk, token)
    desk.client.get(None, "/calendar.ics", token=token, more="x")
    written = log_text()
    assert "GET /calendar.ics" in written
    assert token not in written
    assert sha256(token.encode()).hexdigest() not in written
