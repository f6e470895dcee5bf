"""The page behind the link of a notice: what is due with free times, and the visit once there is one."""

import re
import threading
from datetime import date, timedelta

import pytest
from sqlalchemy import update

from lambda_function.db.models import Clinic, Doctor, Recall
from lambda_function.domain.recalls import RecallStatus
from lambda_function.services.links.acting import MAX_BOOKED_AGAIN
from lambda_function.services.links.showing import JUST_NOW
from tests.api.conftest import Statements
from tests.api.desk import Desk, instant, rfc3339
from tests.clock import NOW
from tests.pages.family import Family
from tests.pages.seen import history, statuses, visits
from tests.pages.visitor import FORM, Visitor
from tests.services.notifications.planned import noticed, recalled

START = instant("15:00", "2030-01-21")
AGAIN = rfc3339(START)
LATER = rfc3339(START + timedelta(hours=1))


def notice(visitor: Visitor, **columns: object) -> tuple[str, Recall]:
    """Returns the link of a notice, and its recall."""
    recall = recalled(visitor.messages, **columns)  # type: ignore[arg-type]
    noticed(visitor.messages, recall)
    [path] = visitor.links().values()
    return path, recall


def seen_on(visitor: Visitor, path: str) -> str:
    """Returns what the forms of the page send back as what the person saw."""
    found = set(re.findall(r'name="seen" value="([^"]+)"', visitor.get(path).text))
    assert len(found) == 1
    return str(found.pop())


def test_the_page_says_what_is_due_and_offers_times_of_the_last_doctor(visitor: Visitor, desk: Desk) -> None:
    path, _ = notice(visitor, doctor_id=desk.id_of("drwu"))

    page = visitor.get(path)

    assert page.status == 200
    assert "It is time for your next visit" in page.text
    assert "Monday, 21 January 2030" in page.text
    assert "Check-up" in page.text
    assert f'name="doctor_id" value="{desk.id_of("drwu")}"' in page.text
    assert f'<option value="{desk.id_of("drjay")}">' in page.text
    assert 'value="book"' in page.text
    assert 'value="cancel"' not in page.text


def test_another_doctor_of_the_clinic_can_be_chosen(visitor: Visitor, desk: Desk) -> None:
    path, _ = notice(visitor)

    page = visitor.get(path, doctor_id=desk.id_of("drwu"))

    assert f'name="doctor_id" value="{desk.id_of("drwu")}"' in page.text


def test_a_recall_without_a_doctor_offers_times_too_and_one_has_to_be_chosen(visitor: Visitor, desk: Desk) -> None:
    path, _ = notice(visitor, doctor_id=None)

    assert 'name="starts_at"' in visitor.get(path).text
    assert visitor.post(path, "book", starts_at=AGAIN).status == 422
    assert visitor.post(path, "book", starts_at=AGAIN, doctor_id=desk.id_of("drjay")).status == 303


def test_booking_makes_it_the_page_of_the_visit(visitor: Visitor, desk: Desk) -> None:
    path, recall = notice(visitor)
    seen = seen_on(visitor, path)

    assert visitor.post(path, "book", starts_at=AGAIN, seen=seen).status == 303

    [visit] = visits(desk)
    assert (visit.patient_id, visit.treatment_id, visit.doctor_id) == (
        recall.patient_id,
        recall.treatment_id,
        recall.doctor_id,
    )
    assert history(desk, visit.appointment_id) == [("BOOK", "LINK")]
    page = visitor.get(path)
    assert "Your appointment is booked" in page.text
    for action in ("confirm", "move", "cancel"):
        assert f'value="{action}"' in page.text
    assert visitor.post(path, "confirm").status == 303
    assert visitor.post(path, "move", starts_at=LATER).status == 303
    assert visits(desk)[0].starts_at == START + timedelta(hours=1)


def test_a_booking_that_is_repeated_is_answered_like_the_first(visitor: Visitor, desk: Desk) -> None:
    path, _ = notice(visitor)
    form = {"starts_at": AGAIN, "doctor_id": desk.id_of("drjay"), "seen": seen_on(visitor, path)}

    assert [visitor.post(path, "book", **form).status for _ in range(2)] == [303, 303]
    assert statuses(desk) == ["BOOKED"]


def test_another_time_is_not_booked_beside_the_first(visitor: Visitor, desk: Desk) -> None:
    path, _ = notice(visitor)
    seen = seen_on(visitor, path)
    visitor.post(path, "book", starts_at=AGAIN)

    assert visitor.post(path, "book", starts_at=LATER, seen=seen).status == 409
    assert visitor.post(path, "book", starts_at=LATER).status == 409
    assert statuses(desk) == ["BOOKED"]


def test_after_cancelling_it_says_so_and_offers_times_again(visitor: Visitor, desk: Desk) -> None:
    path, _ = notice(visitor)
    visitor.post(path, "book", starts_at=AGAIN)
    seen = seen_on(visitor, path)

    assert [visitor.post(path, "cancel", seen=seen).status for _ in range(2)] == [303, 303]

    page = visitor.get(path).text
    assert "Your appointment is cancelled" in page
    assert "Would you like another appointment? Choose a time below." in page
    assert "You do not need to do anything else." not in page
    assert 'name="starts_at"' in page
    assert visitor.post(path, "cancel").status == 303
    visitor.messages.clock.now += JUST_NOW
    assert "It is time for your next visit" in visitor.get(path).text
    assert visitor.post(path, "book", starts_at=AGAIN).status == 303
    assert statuses(desk) == ["CANCELLED", "BOOKED"]


def test_nothing_can_be_cancelled_that_was_never_booked(visitor: Visitor) -> None:
    path, _ = notice(visitor)

    for action in ("cancel", "confirm", "move", "accept"):
        assert visitor.post(path, action, starts_at=AGAIN).status == 409


def test_a_visit_that_was_booked_otherwise_is_shown_too_also_in_another_clinic(visitor: Visitor, desk: Desk) -> None:
    path, _ = notice(visitor)
    desk.practice.add_appointment(START, clinic_id=2, doctor_id=desk.id_of("drsol"))
    desk.practice.add_appointment(START - timedelta(days=1), treatment_id=2)

    page = visitor.get(path)

    assert "Your appointment is booked" in page.text
    assert "Monday, 21 January 2030" in page.text


def test_a_visit_that_has_begun_is_shown_until_it_ends(visitor: Visitor) -> None:
    path, _ = notice(visitor)
    visitor.post(path, "book", starts_at=AGAIN)

    visitor.messages.clock.now = START
    page = visitor.get(path)
    assert (page.status, "Your appointment is booked" in page.text) == (200, True)
    assert 'value="confirm"' not in page.text
    assert 'value="cancel"' not in page.text
    visitor.messages.clock.now = START + timedelta(hours=2)
    assert "It is time for your next visit" in visitor.get(path).text


@pytest.mark.parametrize("status", [RecallStatus.DONE, RecallStatus.DISMISSED])
def test_the_link_ends_with_its_recall_and_names_the_clinic(visitor: Visitor, desk: Desk, status: RecallStatus) -> None:
    path, recall = notice(visitor)
    desk.practice.add_appointment(START)
    visitor.messages.change_recall(recall, status=status, open_key=None)

    page = visitor.get(path)

    assert page.status == 404
    assert "This reminder is out of date." in page.text
    assert desk.practice.session.get_one(Clinic, 1).name in page.text
    assert visitor.post(path, "book", starts_at=AGAIN).status == 404
    assert visitor.post(path, "unsubscribe").status == 303


def test_the_link_leads_nowhere_once_the_recall_is_erased(visitor: Visitor, desk: Desk) -> None:
    path, recall = notice(visitor)
    desk.practice.session.delete(desk.practice.session.get_one(Recall, recall.recall_id))
    desk.practice.session.commit()

    assert visitor.get(path).status == 404


def test_whoever_reads_an_old_notice_can_stop_the_reminders_too(visitor: Visitor, desk: Desk) -> None:
    path, recall = notice(visitor)
    visitor.messages.change_recall(recall, status=RecallStatus.DONE, open_key=None)
    assert 'name="action" value="unsubscribe"' in visitor.get(path).text

    assert visitor.post(path, "unsubscribe").status == 303

    page = visitor.get(path)
    assert (page.status, "You will no longer get check-up reminders." in page.text) == (404, True)
    assert 'value="unsubscribe"' not in page.text
    assert desk.client.get("pat", "/me").json["recalls"] is False


@pytest.mark.parametrize(("days", "time"), [(-30, True), (60, True), (61, False), (400, False)])
def test_whoever_is_due_much_later_is_not_told_that_it_is_time(visitor: Visitor, days: int, *, time: bool) -> None:
    path, recall = notice(visitor)
    visitor.messages.change_recall(recall, due_on=NOW.date() + timedelta(days=days))

    page = visitor.get(path).text

    assert ("<h1>It is time for your next visit</h1>" in page) == time
    assert ("<h1>Your next visit</h1>" in page) == (not time)


def test_whoever_saw_something_else_reads_words_that_hold_without_an_appointment(visitor: Visitor) -> None:
    path, _ = notice(visitor)

    refused = visitor.post(path, "book", starts_at=AGAIN, seen="something else")

    assert refused.status == 409
    assert "Something has changed since you opened this page." in refused.text


def test_the_day_is_the_present_one(visitor: Visitor) -> None:
    path, recall = notice(visitor)
    visitor.messages.change_recall(recall, due_on=date(2030, 2, 28), due_set_at=NOW)

    assert "Thursday, 28 February 2030" in visitor.get(path).text


def test_patients_rules_hold(visitor: Visitor, desk: Desk) -> None:
    path, _ = notice(visitor)

    assert visitor.post(path, "book").status == 422
    assert visitor.post(path, "book", starts_at=rfc3339(NOW)).status == 422
    assert visitor.post(path, "book", starts_at=AGAIN, doctor_id=desk.id_of("drsol")).status == 422
    assert statuses(desk) == []


@pytest.mark.parametrize("chosen", [False, True], ids=["by default", "chosen"])
def test_nothing_is_booked_in_the_clinic_to_which_its_doctor_has_moved(
    visitor: Visitor, desk: Desk, *, chosen: bool
) -> None:
    path, _ = notice(visitor)
    session = desk.practice.session
    session.execute(update(Doctor).where(Doctor.user_id == desk.id_of("drjay")).values(clinic_id=2))
    session.commit()

    refused = visitor.post(path, "book", starts_at=AGAIN, doctor_id=desk.id_of("drjay") if chosen else None)

    assert refused.status == 422
    assert "Please choose one of the doctors." in refused.text
    assert statuses(desk) == []
    assert visitor.post(path, "book", starts_at=AGAIN, doctor_id=desk.id_of("drwu")).status == 303


def test_it_is_booked_only_so_often_in_a_day(visitor: Visitor, desk: Desk) -> None:
    path, _ = notice(visitor)
    for _ in range(MAX_BOOKED_AGAIN):
        assert visitor.post(path, "book", starts_at=AGAIN).status == 303
        assert visitor.post(path, "cancel").status == 303

    assert visitor.post(path, "book", starts_at=AGAIN).status == 429

    visitor.messages.clock.now = NOW + timedelta(days=1, seconds=1)
    assert visitor.post(path, "book", starts_at=AGAIN).status == 303


def test_a_click_in_a_mail_program_stops_the_notices(visitor: Visitor, desk: Desk) -> None:
    path, _ = notice(visitor)

    assert visitor.send("POST", path, body="List-Unsubscribe=One-Click", content_type=FORM).status == 204

    assert desk.client.get("pat", "/me").json["recalls"] is False
    assert "You will no longer get check-up reminders." in visitor.get(path).text


def test_a_guardian_books_for_the_child(visitor: Visitor, desk: Desk, family: Family) -> None:
    recall = recalled(visitor.messages)
    for name in ("mother", "father"):
        noticed(visitor.messages, recall, user_id=desk.id_of(name))
    links = visitor.links()
    mother, father = links["mother@example.org"], links["father@example.org"]

    assert "It is time for the next visit of <bdi>" in visitor.get(mother).text
    assert visitor.post(mother, "book", starts_at=AGAIN).status == 303
    assert visitor.post(father, "book", starts_at=AGAIN).status == 303
    assert visits(desk)[0].patient_id == desk.id_of("pat")
    assert visitor.post(father, "unsubscribe").status == 303
    assert "You will no longer get" not in visitor.get(mother).text


def test_two_bookings_at_once_make_one_visit(visitor: Visitor, desk: Desk) -> None:
    path, _ = notice(visitor)
    start = threading.Barrier(2)
    answers: list[int] = []

    def run(starts_at: str) -> None:
        start.wait()
        answers.append(visitor.post(path, "book", starts_at=starts_at).status)

    threads = [threading.Thread(target=run, args=(starts_at,)) for starts_at in (AGAIN, LATER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [303, 409]
    assert statuses(desk) == ["BOOKED"]


def test_it_stays_within_its_budget(visitor: Visitor, statements: Statements) -> None:
    path, _ = notice(visitor)
    for most, action in ((13, None), (24, "book"), (14, None), (18, "cancel"), (9, "cancel"), (14, None)):
        statements.clear()
        answer = visitor.get(path) if action is None else visitor.post(path, action, starts_at=AGAIN)
        assert answer.status in {200, 303}
        assert len(statements) <= most, (action, len(statements), statements.sent)
