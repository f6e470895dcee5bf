"""Idempotency-Key, one request after the other. Simultaneous requests are in test_idempotency_races.py."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text, update

from lambda_function.db.base import Base
from lambda_function.db.models import Appointment, IdempotencyKey, IdempotencyLock, ReceptionistClinic, User
from lambda_function.db.repositories.idempotency import STRIPES, purge_expired, remove_answers_about, remove_answers_of
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.actor import Role
from tests.api import posts
from tests.api.conftest import Fingerprint, Statements
from tests.api.desk import Desk, at
from tests.api.expect import expect_problem
from tests.api.posts import Posts
from tests.api_client import Answer
from tests.clock import NOW, Clock

KEY = {"Idempotency-Key": "3f2a-one"}
# The routes that keep their answers and that rita may call.
POSTS = [
    key
    for key in posts.KEYS
    if key.startswith("POST ") and key not in {posts.TOKEN, posts.LINK_CODE, posts.LINK, posts.COMPLETE}
]


def told(answer: Answer) -> tuple[Any, ...]:
    """Returns the parts of an answer that a client relies on."""
    return answer.status, answer.text, answer.headers.get("ETag"), answer.headers.get("Location")


def replayed(answer: Answer) -> bool:
    return answer.headers.get("Idempotency-Replayed") == "true"


def book(desk: Desk, time: str = "15:00", *, user_name: str = "rita", **headers: str) -> Answer:
    return desk.client.post(user_name, "/appointments", desk.visit(at(time)), headers={**KEY, **headers})


def kept(desk: Desk) -> list[Any]:
    return desk.practice.rows(IdempotencyKey)


def with_offer(desk: Desk, requests: Posts) -> None:
    """Gives the entry an offer, so that POST /waitlist/{id}/accept succeeds."""
    desk.practice.session.execute(
        text(
            "UPDATE waitlist_entry SET status = 'OFFERED', offer_doctor_id = :doctor, offer_starts_at = :start,"
            " offer_ends_at = :end, offer_expires_at = :expires"
        ),
        {
            "doctor": desk.id_of("drjay"),
            "start": f"{posts.QUIET_DAY} 15:00:00",
            "end": f"{posts.QUIET_DAY} 15:30:00",
            "expires": NOW.replace(tzinfo=None) + timedelta(hours=1),
        },
    )
    desk.practice.session.execute(text("UPDATE clinic SET horizon_days = 3000"))
    desk.practice.session.commit()


@pytest.fixture
def requests(desk: Desk) -> Posts:
    """Returns requests, each of which succeeds once."""
    requests = Posts(desk)
    with_offer(desk, requests)
    session = desk.practice.session
    for key, columns in {
        posts.CHECK_IN: {"starts_at": NOW + timedelta(hours=1), "ends_at": NOW + timedelta(hours=2)},
        posts.NO_SHOW: {"starts_at": NOW - timedelta(hours=2), "ends_at": NOW - timedelta(hours=1)},
    }.items():
        row = desk.practice.add_appointment(columns["starts_at"], ends_at=columns["ends_at"])
        requests.aim(key, row.appointment_id)
    session.commit()
    return requests


@pytest.mark.parametrize("key", POSTS)
def test_every_post_is_done_once_and_answered_the_same_again(
    requests: Posts, fingerprint: Fingerprint, desk: Desk, key: str
) -> None:
    body = requests.body(key)
    first = requests.send(key, body, headers=KEY)
    assert first.status in {200, 201, 202}, first.text
    assert not replayed(first)
    after = fingerprint()

    again = requests.send(key, body, headers=KEY)
    assert told(again) == told(first)
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert replayed(again)
    assert fingerprint() == after


def test_completing_a_visit_is_done_once_too(desk: Desk) -> None:
    start = NOW - timedelta(hours=1)
    row = desk.practice.add_appointment(start, status="CHECKED_IN")
    path = f"/appointments/{row.appointment_id}/complete"
    first, again = (desk.client.post("drjay", path, {}, headers=KEY) for _ in range(2))

    assert first.status == 200, first.text
    assert told(again) == told(first)


@pytest.mark.parametrize("key", POSTS)
def test_a_key_changes_no_byte_of_the_answer(requests: Posts, desk: Desk, key: str) -> None:
    body = requests.body(key)
    with_key = requests.send(key, body, headers=KEY)
    (row,) = kept(desk)

    assert row.body == with_key.text
    assert with_key.text == with_key.text.strip()
    on_every_answer = desk.client.get(None, "/health").headers.keys() - {"Content-Type"}
    assert set(row.headers) == with_key.headers.keys() - on_every_answer


@pytest.mark.parametrize("key", POSTS)
def test_a_body_that_differs_in_one_byte_is_422_and_changes_nothing(
    requests: Posts, fingerprint: Fingerprint, key: str
) -> None:
    body = requests.body(key)
    assert requests.send(key, body, headers=KEY).status in {200, 201, 202}
    after = fingerprint()

    spaced = " " + json.dumps(body)
    expect_problem(requests.send(key, spaced, headers=KEY), 422, "idempotency_mismatch", "Idempotency-Key")
    assert fingerprint() == after


def test_another_time_under_the_same_key_is_422(desk: Desk) -> None:
    assert book(desk, "15:00").status == 201

    expect_problem(book(desk, "16:00"), 422, "idempotency_mismatch", "Idempotency-Key")
    assert len(desk.practice.rows(Appointment)) == 1


def test_another_path_under_the_same_key_is_422(desk: Desk) -> None:
    assert book(desk).status == 201
    other = desk.booked("rita", at("17:00"))["appointment_id"]

    answer = desk.client.post("rita", f"/appointments/{other}/confirm", {}, headers=KEY)
    expect_problem(answer, 422, "idempotency_mismatch", "Idempotency-Key")


def test_the_body_counts_as_it_was_sent_and_not_how_it_travelled(desk: Desk) -> None:
    text_body = '{"user_name": "new", "full_name": "New"}'
    first = desk.client.post("rita", "/users", text_body, headers=KEY)
    again = desk.client.post("rita", "/users", text_body.encode(), headers=KEY)

    assert first.status == 201
    assert told(again) == told(first)


def test_the_same_key_of_another_user_is_another_key(desk: Desk) -> None:
    first = book(desk, user_name="rita")
    other = book(desk, "16:00", user_name="pat")

    assert (first.status, other.status) == (201, 201)
    assert first.json["appointment_id"] != other.json["appointment_id"]
    assert told(book(desk, user_name="rita")) == told(first)
    assert told(book(desk, "16:00", user_name="pat")) == told(other)


def test_what_was_refused_leaves_the_key_free_for_a_better_body(desk: Desk, fingerprint: Fingerprint) -> None:
    desk.booked("rita", at("15:00"))
    before = fingerprint()
    expect_problem(book(desk, "15:00"), 409, "doctor_busy")
    expect_problem(book(desk, "15:02"), 422, "off_grid", "starts_at")
    assert fingerprint() == before

    assert book(desk, "16:00").status == 201


def test_the_kept_answer_stays_what_it_was_when_the_appointment_changes(desk: Desk) -> None:
    first = book(desk)
    path = f"/appointments/{first.json['appointment_id']}"
    moved = desk.client.call("rita", "PATCH", path, {"starts_at": at("17:00"), "patient_note": "ñandú ☂"})
    assert moved.status == 200
    desk.cancelled("rita", first.json["appointment_id"])

    assert told(book(desk)) == told(first)


def test_letters_of_every_sort_come_back_as_they_were(desk: Desk) -> None:
    body = desk.visit(at("15:00"), patient_note='Ñandú "☂" 🦷 \\ O\'Higgins\n')
    first, again = (desk.client.post("rita", "/appointments", body, headers=KEY) for _ in range(2))

    assert first.json["patient_note"].strip() == body["patient_note"].strip()
    assert told(again) == told(first)


def test_a_key_is_kept_for_a_day_and_then_taken_over(desk: Desk, clock: Clock) -> None:
    first = book(desk)
    clock.advance(hours=23, minutes=59, seconds=59)
    assert told(book(desk)) == told(first)
    clock.advance(seconds=1)

    second = desk.client.post("rita", "/users", {"user_name": "new", "full_name": "New"}, headers=KEY)
    assert second.status == 201
    assert not replayed(second)
    (row,) = kept(desk)
    assert (row.status, row.created_at) == (201, clock.now)
    expect_problem(book(desk), 422, "idempotency_mismatch", "Idempotency-Key")


def test_an_expired_key_whose_request_is_refused_is_still_free_afterwards(desk: Desk, clock: Clock) -> None:
    assert book(desk).status == 201
    clock.advance(days=1)
    expect_problem(book(desk), 409, "doctor_busy")

    assert desk.client.post("rita", "/users", {"user_name": "new", "full_name": "New"}, headers=KEY).status == 201


def test_a_stale_if_match_does_not_hide_the_kept_answer(desk: Desk) -> None:
    booked = desk.booked("rita", at("15:00"))["appointment_id"]
    headers = {**KEY, "If-Match": '"1"'}
    path, body = f"/appointments/{booked}/cancel", {"reason": "Flu"}
    first = desk.client.post("rita", path, body, headers=headers)

    assert first.status == 200
    assert told(desk.client.post("rita", path, body, headers=headers)) == told(first)
    assert told(desk.client.post("rita", path, body, headers={**KEY, "If-Match": '"7"'})) == told(first)
    expect_problem(desk.client.post("rita", path, body, headers={"If-Match": '"1"'}), 412, "stale_version")


def test_a_stale_if_match_leaves_the_key_free(desk: Desk) -> None:
    booked = desk.booked("rita", at("15:00"))["appointment_id"]
    path, body = f"/appointments/{booked}/cancel", {"reason": "Flu"}
    expect_problem(desk.client.post("rita", path, body, headers={**KEY, "If-Match": '"2"'}), 412, "stale_version")

    assert desk.client.post("rita", path, body, headers={**KEY, "If-Match": '"1"'}).status == 200


def _change_user(desk: Desk, user_name: str, **columns: Any) -> None:
    desk.practice.session.execute(update(User).where(User.user_name == user_name).values(**columns))
    desk.practice.session.commit()


def test_who_was_deactivated_gets_403_and_no_kept_answer(desk: Desk) -> None:
    assert book(desk).status == 201
    _change_user(desk, "rita", active=False)

    expect_problem(book(desk), 403, "forbidden")


def test_who_has_another_role_by_now_gets_403_and_no_kept_answer(desk: Desk) -> None:
    assert book(desk).status == 201
    _change_user(desk, "rita", user_type=Role.PATIENT)

    expect_problem(book(desk), 403, "forbidden")


def test_who_works_elsewhere_by_now_gets_403_and_nothing_is_done(desk: Desk, fingerprint: Fingerprint) -> None:
    assert book(desk).status == 201
    session = desk.practice.session
    session.execute(
        update(ReceptionistClinic).where(ReceptionistClinic.receptionist_id == desk.id_of("rita")).values(clinic_id=2)
    )
    session.commit()
    before = fingerprint()

    expect_problem(book(desk), 403, "forbidden")
    assert fingerprint() == before


@pytest.mark.parametrize("value", ["", " ", "a b", "a\tb", "ñ", "\x7f", "a" * 256, "one, two"])
def test_a_key_that_is_none_is_422_and_nothing_is_done(desk: Desk, fingerprint: Fingerprint, value: str) -> None:
    body = desk.visit(at("15:00"))
    before = fingerprint()
    for path, content in (("/appointments", body), ("/me/calendar-token", {})):
        answer = desk.client.post("rita", path, content, headers={"Idempotency-Key": value})
        expect_problem(answer, 422, "validation_error", "Idempotency-Key")
    assert fingerprint() == before


@pytest.mark.parametrize("value", ["!", "~" * 255, '"8e03978e"', "one,two"])
def test_every_visible_character_may_be_in_a_key(desk: Desk, value: str) -> None:
    first, again = (book(desk, **{"Idempotency-Key": value}) for _ in range(2))

    assert first.status == 201
    assert told(again) == told(first)


def test_keys_that_differ_in_case_are_two(desk: Desk) -> None:
    assert book(desk, **{"Idempotency-Key": "abc"}).status == 201
    assert book(desk, "16:00", **{"Idempotency-Key": "ABC"}).status == 201


@pytest.mark.parametrize("value", ["one", ""])
def test_other_methods_ignore_the_header(desk: Desk, value: str) -> None:
    headers = {"Idempotency-Key": value}
    doctor = desk.id_of("drjay")
    for method, path, body in (
        ("GET", "/me", None),
        ("PATCH", "/me", {"phone": "5551234"}),
        ("PUT", f"/doctors/{doctor}/exceptions/2031-06-03", {"hours": []}),
        ("DELETE", f"/doctors/{doctor}/exceptions/2031-06-03", None),
    ):
        answer = desk.client.call("rita", method, path, body, headers=headers)
        assert answer.status == 200, answer.text
    assert kept(desk) == []


def test_a_calendar_token_is_stored_nowhere_and_a_repeat_makes_a_new_one(desk: Desk) -> None:
    first, again = (desk.client.post("pat", "/me/calendar-token", {}, headers=KEY) for _ in range(2))

    assert (first.status, again.status) == (201, 201)
    tokens = first.json["token"], again.json["token"]
    assert tokens[0] != tokens[1]
    feeds = [desk.client.get(None, "/calendar.ics", token=token).status for token in tokens]
    assert feeds == [404, 200]
    for table in Base.metadata.sorted_tables:
        for row in desk.practice.session.execute(table.select()):
            assert not [token for token in tokens if token in str(row)], table.name
    assert kept(desk) == []


def test_neither_key_nor_body_is_stored_as_the_client_sent_it(desk: Desk) -> None:
    assert book(desk, **{"Idempotency-Key": "pat@example.org"}).status == 201
    (row,) = kept(desk)

    assert "pat@example.org" not in str([row.key_hash, row.request_hash, row.rights_hash, row.headers, row.body])
    assert row.user_id == desk.id_of("rita")


def test_a_key_costs_three_statements_and_a_replay_four_in_all(desk: Desk, statements: Statements) -> None:
    def sent(time: str, **headers: str) -> int:
        body = desk.visit(at(time))
        statements.clear()
        assert desk.client.post("rita", "/appointments", body, headers=headers).status == 201
        assert statements.sent.count("COMMIT") == 1
        return len(statements)

    without = sent("15:00")
    assert sent("16:00", **KEY) == without + 3
    assert sent("16:00", **KEY) <= 4


def test_the_first_booking_in_a_clinic_with_a_key_stays_within_eighteen(desk: Desk, statements: Statements) -> None:
    desk.practice.add_patient("newcomer")
    body = desk.visit(at("15:00"), patient="newcomer", treatment=2, patient_note="Hello")
    statements.clear()

    assert desk.client.post("rita", "/appointments", body, headers=KEY).status == 201
    assert len(statements) <= 18, statements.sent


def test_every_lock_has_its_row(desk: Desk) -> None:
    assert sorted(row.stripe for row in desk.practice.rows(IdempotencyLock)) == list(range(STRIPES))


def test_purging_removes_expired_keys_only_and_so_many_at_a_time(desk: Desk, database: Database, clock: Clock) -> None:
    for number in range(5):
        assert book(desk, f"{14 + number}:00", **{"Idempotency-Key": f"old-{number}"}).status == 201
    clock.advance(hours=1)
    assert book(desk, "20:00", **{"Idempotency-Key": "young"}).status == 201

    def purge() -> int:
        return database.transact(lambda work: purge_expired(work.session, NOW + timedelta(minutes=1), 3))

    assert [purge(), purge(), purge()] == [3, 2, 0]
    (row,) = kept(desk)
    assert row.created_at == clock.now
    assert len(desk.practice.rows(Appointment)) == 6


def test_what_was_answered_to_a_person_and_about_it_can_be_removed(desk: Desk, database: Database) -> None:
    pat = desk.id_of("pat")
    wish = {"treatment_id": 1, "clinic_id": 1, "from": at("13:00"), "to": at("23:00")}
    about_pat = [
        desk.client.post("rita", "/appointments", desk.visit(at("15:00")), headers={"Idempotency-Key": "visit"}),
        desk.client.post("rita", "/waitlist", {**wish, "patient_id": pat}, headers={"Idempotency-Key": "wish"}),
        desk.client.post("pat", "/waitlist", {**wish, "treatment_id": 2}, headers=KEY),
    ]
    about_kim = desk.client.post(
        "rita", "/appointments", desk.visit(at("16:00"), patient="kim"), headers={"Idempotency-Key": "other"}
    )
    assert [answer.status for answer in (*about_pat, about_kim)] == [201] * 4

    assert database.transact(lambda work: remove_answers_of(work.session, pat, 100)) == 1
    assert database.transact(lambda work: remove_answers_about(work.session, pat, 1)) == 1
    assert database.transact(lambda work: remove_answers_about(work.session, pat, 100)) == 1
    assert [row.body for row in kept(desk)] == [about_kim.text]
