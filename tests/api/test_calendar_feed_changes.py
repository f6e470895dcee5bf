"""The ETag of the calendar feed: what has not changed is not sent again, and HEAD does not make a body."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, update

from lambda_function.db.models import Clinic, Installation, Treatment, User
from lambda_function.services import calendar_feed as feeds
from tests.api.desk import Desk, at
from tests.api.test_calendar_feed import new_token
from tests.api_client import Answer
from tests.clock import Clock


class Reader:
    """A calendar program that keeps what it has read."""

    def __init__(self, desk: Desk, user_name: str) -> None:
        self.desk = desk
        self.token = new_token(desk, user_name)
        self.etag = self.get().headers["ETag"]

    def get(self, method: str = "GET", **headers: str) -> Answer:
        return self.desk.client.call(None, method, "/calendar.ics", headers=headers, token=self.token)

    def has_news(self) -> bool:
        """Returns whether the feed has changed since. If not, it answers 304 without a body."""
        answer = self.get(**{"If-None-Match": self.etag})
        assert (answer.status == 304) == (answer.headers["ETag"] == self.etag)
        assert answer.status == 200 or answer.text == ""
        self.etag = answer.headers["ETag"]
        return answer.status == 200


@pytest.mark.parametrize("user_name", ["pat", "drjay", "rita"])
def test_a_feed_that_has_not_changed_is_not_sent_again(desk: Desk, user_name: str) -> None:
    desk.booked("rita", at("15:00"))
    reader = Reader(desk, user_name)
    assert not reader.has_news()
    visit = desk.booked("rita", at("16:00"))
    assert reader.has_news()
    assert not reader.has_news()
    desk.cancelled("rita", visit["appointment_id"])
    assert reader.has_news()


@pytest.mark.parametrize("tag", ["*", "W/{}", '"other", {}', '{},"x"'])
def test_a_tag_is_found_in_whatever_way_it_is_sent(desk: Desk, tag: str) -> None:
    reader = Reader(desk, "pat")
    assert reader.get(**{"If-None-Match": tag.format(reader.etag)}).status == 304


@pytest.mark.parametrize("tag", ["", '"other"', "other", '"1"', "\x00"])
def test_another_tag_gets_the_feed(desk: Desk, tag: str) -> None:
    assert Reader(desk, "pat").get(**{"If-None-Match": tag}).status == 200


CHANGES: dict[str, Any] = {
    "the patient's name": update(User).where(User.user_name == "pat").values(full_name="Patricia Rojas"),
    "the doctor's name": update(User).where(User.user_name == "drjay").values(full_name="Jay Q."),
    "the treatment's name": update(Treatment).where(Treatment.treatment_id == 1).values(name="Look"),
    "the clinic's name": update(Clinic).where(Clinic.clinic_id == 1).values(name="Lima"),
    "the clinic's address": update(Clinic).where(Clinic.clinic_id == 1).values(address="Jirón de la Unión 500, Lima"),
    "the lack of an address": update(Clinic).where(Clinic.clinic_id == 1).values(address=None),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_is_written_in_an_event_changes_the_tag(desk: Desk, change: str) -> None:
    desk.booked("rita", at("15:00"))
    reader = Reader(desk, "rita")
    desk.practice.session.execute(CHANGES[change])
    desk.practice.session.commit()
    assert reader.has_news()


def test_another_time_zone_changes_the_tag_of_an_empty_feed_alone(desk: Desk) -> None:
    booked, empty = Reader(desk, "pat"), Reader(desk, "drwu")
    desk.booked("rita", at("15:00"))
    assert booked.has_news()
    desk.practice.session.execute(update(Clinic).values(time_zone="Asia/Kathmandu"))
    desk.practice.session.commit()
    assert empty.has_news()
    assert not booked.has_news()


def test_a_new_year_changes_the_tag_of_an_empty_feed(desk: Desk, clock: Clock) -> None:
    """Its time zone lists the changes of clocks of three years."""
    reader = Reader(desk, "pat")
    clock.advance(minutes=60)
    assert not reader.has_news()
    clock.now += timedelta(days=360)
    assert reader.has_news()


def test_another_installation_gives_other_uids_and_another_tag(desk: Desk) -> None:
    visit = desk.booked("rita", at("15:00"))["appointment_id"]
    reader = Reader(desk, "pat")
    [here] = [each.installation_id for each in desk.practice.rows(Installation)]
    assert f"UID:appointment-{visit}@{here}\r\n" in reader.get().text
    _become(desk, "f" * 32)
    try:
        assert reader.has_news()
        assert f"UID:appointment-{visit}@{'f' * 32}\r\n" in reader.get().text
    finally:
        _become(desk, here)


def _become(desk: Desk, installation_id: str) -> None:
    desk.practice.session.execute(update(Installation).values(installation_id=installation_id))
    desk.practice.session.commit()


def test_another_role_reads_another_feed(desk: Desk) -> None:
    assert Reader(desk, "pat").etag != Reader(desk, "drjay").etag


def test_time_that_passes_changes_the_tag_when_it_takes_a_visit_out_of_the_feed(desk: Desk, clock: Clock) -> None:
    desk.booked("rita", at("15:00"))
    reader = Reader(desk, "pat")
    clock.advance(minutes=120)
    assert not reader.has_news()
    clock.now += timedelta(days=366)
    assert reader.has_news()


@pytest.mark.parametrize("headers", [{}, {"If-None-Match": "*"}])
def test_head_reads_no_visits(desk: Desk, engine: Engine, headers: dict[str, str]) -> None:
    desk.booked("rita", at("15:00"))
    reader = Reader(desk, "pat")
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        answer = reader.get("HEAD", **headers)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert (answer.status, answer.text, answer.headers["ETag"]) == (304 if headers else 200, "", reader.etag)
    assert len(sent) == 2
    assert not [statement for statement in sent if "updated_at" in statement]


def test_what_is_ahead_is_shown_before_what_is_past(desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reception with thousands of past visits would otherwise never see the next one."""
    monkeypatch.setattr(feeds, "MAX_EVENTS", 3)
    starts = [at("15:00", f"2030-01-{day:02d}") for day in (8, 9, 10, 11, 12, 14)]
    ids = [desk.booked("rita", start)["appointment_id"] for start in starts]
    desk.practice.add_receptionist("both", clinics=(1, 2))

    def shown() -> list[int]:
        found = []
        for user_name in ("pat", "drjay", "rita", "both"):
            lines = Reader(desk, user_name).get().text.splitlines()
            found.append([int(line[16:].split("@")[0]) for line in lines if line.startswith("UID:appointment-")])
        assert all(each == found[0] for each in found)
        return found[0]

    assert shown() == ids[:3]
    clock.advance(days=3, hours=2)
    assert shown() == ids[3:6]
    clock.advance(days=2)
    assert shown() == ids[3:6]
    clock.advance(days=20)
    assert shown() == ids[3:6]
