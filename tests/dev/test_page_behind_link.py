"""What patients do in a real browser on the page behind the link of a message, on the running local stack."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest

from tests.dev.browser import browser
from tests.dev.chromium import Chromium, chromium
from tests.dev.reception import Reception, soon
from tests.dev.running_stack import RunningStack
from tests.dev.visitor import Visitor, choose_last_time, shown_start

pytestmark = pytest.mark.skipif(browser() is None, reason="a page needs a browser: apt-get install chromium")

# As a page shows it: on one line.
PHONE = "+51 1 555 0142".replace(" ", "\u00a0")
TOO_LATE = f"It is too late to change or cancel the appointment online. If you cannot come, please call us on {PHONE}."
BOOKED = ("BOOK", None)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with chromium(tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture(scope="module")
def visitor(stack: RunningStack, running: Chromium) -> Visitor:
    return Visitor(Reception(stack), running)


def test_a_visit_is_confirmed(visitor: Visitor, reception: Reception, ana: Any, visit: Any) -> None:
    page = visitor.open(ana, "BOOKED")
    assert (page.heading, shown_start(page)) == ("Your appointment is booked", visit["starts_at"])

    page.submit("Confirm that you are coming")

    assert page.heading == "Your attendance is confirmed"
    assert reception.history(visit) == [BOOKED, ("CONFIRM_ATTENDANCE", "LINK")]


def test_a_visit_is_moved_to_another_doctor_and_the_message_about_it_leads_to_the_new_time(
    visitor: Visitor, reception: Reception, ana: Any, visit: Any
) -> None:
    page = visitor.open(ana, "BOOKED")
    page.click("Change the time or doctor")
    other = next(name for name in ("Jay Quispe", "Wu Mei") if name != visit["doctor"]["full_name"])
    page.choose("#doctor", other)
    page.submit("Show this doctor's times")
    start = choose_last_time(page)

    page.submit("Change the appointment")

    assert (page.heading, shown_start(page)) == ("Your appointment has been changed", start)
    assert reception.history(visit) == [BOOKED, ("MOVE", "LINK")]
    moved = reception.visit(visit)
    assert (moved["starts_at"], moved["doctor"]["full_name"]) == (start, other)
    assert shown_start(visitor.open(ana, "MOVED")) == start


def test_a_visit_is_cancelled_with_a_reason_and_booked_again(
    visitor: Visitor, reception: Reception, ana: Any, visit: Any
) -> None:
    page = visitor.open(ana, "BOOKED")
    page.click("Cancel the appointment")
    page.click("Reason")
    page.write("I am ill.")
    page.submit("Yes, cancel the appointment")
    assert page.heading == "Your appointment is cancelled"
    assert reception.history(visit) == [BOOKED, ("CANCEL", "LINK")]
    assert reception.visit(visit)["cancel_reason"] == "I am ill."

    page = visitor.open(ana, "CANCELLED")
    start = choose_last_time(page)
    page.submit("Book the appointment")

    assert (page.heading, shown_start(page)) == ("Your appointment is booked", start)
    again = reception.visits(ana)[-1]
    assert (again["starts_at"], reception.history(again)) == (start, [("BOOK", "LINK")])
    assert shown_start(visitor.open(ana, "BOOKED", 2)) == start


def test_an_offer_is_accepted_once_however_often_it_is_sent(visitor: Visitor, reception: Reception, ana: Any) -> None:
    reception.offer(ana)
    page, other = (visitor.open(ana, "OFFER") for _ in range(2))
    assert page.heading == "An appointment has become available for you"

    page.submit("Accept the appointment", clicks=2)
    other.submit("Accept the appointment")

    [visit] = reception.visits(ana)
    for each in (page, other, visitor.open(ana, "BOOKED")):
        assert (each.heading, shown_start(each)) == ("Your appointment is booked", visit["starts_at"])
    assert reception.history(visit) == [("BOOK", "LINK")]


def test_reminders_of_check_ups_are_stopped(visitor: Visitor, reception: Reception, ana: Any, visit: Any) -> None:
    page = visitor.open(ana, "BOOKED")

    page.submit("Stop these reminders", clicks=2)

    assert "You will no longer get check-up reminders." in page.text
    assert (reception.me(ana)["recalls"], reception.visit(visit)["version"]) == (False, 1)


def test_what_is_sent_twice_is_done_once(visitor: Visitor, reception: Reception, ana: Any, visit: Any) -> None:
    """By two quick clicks, and by the same form in another tab."""
    page, other = both = [visitor.open(ana, "BOOKED") for _ in range(2)]

    def send(button: str, heading: str) -> None:
        page.submit(button, clicks=2)
        other.submit(button)
        page.reload()
        assert [each.heading for each in both] == [heading] * 2
        other.reload()

    send("Confirm that you are coming", "Your attendance is confirmed")
    for each in both:
        each.click("Change the time or doctor")
        choose_last_time(each)
    send("Change the appointment", "Your appointment has been changed")
    for each in both:
        each.click("Cancel the appointment")
    send("Yes, cancel the appointment", "Your appointment is cancelled")
    for each in both:
        choose_last_time(each)
    send("Book the appointment", "Your appointment is booked")

    actions = ("CONFIRM_ATTENDANCE", "MOVE", "CANCEL")
    assert reception.history(visit) == [BOOKED, *((action, "LINK") for action in actions)]
    [_, again] = reception.visits(ana)
    assert reception.history(again) == [("BOOK", "LINK")]
    reception.mail(ana, "BOOKED", 2)
    kinds = [each["kind"] for each in reception.notifications(ana)]
    assert sorted(kinds) == ["BOOKED", "BOOKED", "CANCELLED", "MOVED"]


def test_who_goes_back_sees_what_is_true_and_an_old_form_does_nothing(
    visitor: Visitor, reception: Reception, ana: Any, visit: Any
) -> None:
    page, old = (visitor.open(ana, "BOOKED") for _ in range(2))
    page.click("Cancel the appointment")
    page.submit("Yes, cancel the appointment")

    page.back()
    assert page.heading == "Your appointment is cancelled"

    old.submit("Confirm that you are coming")
    assert (old.status, old.heading) == (HTTPStatus.CONFLICT, "Your appointment is cancelled")
    assert "That is no longer possible." in old.text
    assert reception.history(visit) == [BOOKED, ("CANCEL", "LINK")]


def test_nobody_confirms_a_time_of_the_reception_unseen(
    visitor: Visitor, reception: Reception, ana: Any, visit: Any
) -> None:
    page, old = (visitor.open(ana, "BOOKED") for _ in range(2))
    slot = reception.free()[-1]
    assert reception.move(visit, slot).status == HTTPStatus.OK
    page.reload()
    assert (page.heading, shown_start(page)) == ("Your appointment is booked", slot["starts_at"])

    old.submit("Confirm that you are coming")
    for _ in range(2):
        assert (old.status, shown_start(old)) == (HTTPStatus.CONFLICT, slot["starts_at"])
        assert "Something has changed since you opened this page." in old.text
        old.reload()
    assert reception.history(visit) == [BOOKED, ("MOVE", None)]

    old.submit("Confirm that you are coming")
    assert old.heading == "Your attendance is confirmed"
    assert reception.history(visit)[-1] == ("CONFIRM_ATTENDANCE", "LINK")


def test_past_the_cut_off_a_visit_is_only_confirmed_and_then_its_link_ends(
    visitor: Visitor, reception: Reception, ana: Any, visit: Any
) -> None:
    eva = reception.patient("Eva Paz")
    reception.offer(eva)
    page, old, offer = visitor.open(ana, "BOOKED"), visitor.open(ana, "BOOKED"), visitor.open(eva, "OFFER")
    old.click("Cancel the appointment")
    start = datetime.fromisoformat(visit["starts_at"])

    reception.set_clock(start - timedelta(hours=2))
    page.reload()
    assert TOO_LATE in page.text
    assert not any(words in page.text for words in ("Change the time or doctor", "Cancel the appointment"))
    old.submit("Yes, cancel the appointment")
    assert old.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert TOO_LATE in old.text
    page.submit("Confirm that you are coming")
    assert page.heading == "Your attendance is confirmed"

    reception.set_clock(start)
    page.reload()
    old.submit("Stop these reminders")
    offer.submit("Accept the appointment")
    for ended in (page, old, offer):
        assert (ended.status, ended.heading) == (HTTPStatus.NOT_FOUND, "This link has expired")
        assert f"If you would like an appointment, please call us on {PHONE}." in ended.text

    assert reception.history(visit) == [BOOKED, ("CONFIRM_ATTENDANCE", "LINK")]
    # Whoever wants no reminders can say so for as long as there is the link.
    assert (reception.me(ana)["recalls"], reception.visits(eva)) == (False, [])
    page.reload()
    assert "You will no longer get check-up reminders." in page.text


def test_what_a_scanner_of_mails_fetches_changes_nothing(
    visitor: Visitor, reception: Reception, ana: Any, visit: Any
) -> None:
    [link] = reception.mail(ana, "BOOKED")["links"]
    path = link.removeprefix(f"http://127.0.0.1:{reception.client.port}")
    # By then, nothing changes by itself any more.
    soon(lambda: reception.visit(visit)["registration"]["status"] == "DONE")
    before = reception.visit(visit), reception.history(visit), reception.notifications(ana)

    for number in range(20):
        headers = [("X-Forwarded-For", f"203.0.113.{number}"), ("User-Agent", f"Scanner/{number}")]
        for method in ("GET", "HEAD"):
            assert reception.client.send(method, path, headers).status == HTTPStatus.OK

    assert (reception.visit(visit), reception.history(visit), reception.notifications(ana)) == before
    page = visitor.open(ana, "BOOKED")
    page.submit("Confirm that you are coming")
    assert page.heading == "Your attendance is confirmed"


def test_a_guardian_acts_for_a_child_and_reads_spanish(visitor: Visitor, reception: Reception) -> None:
    luz = reception.patient("Luz Vega", language="es")
    leo = reception.patient("Leo Vega", email=None, birth_date=f"{datetime.now(UTC).year - 5}-01-01")
    assert (
        reception.send("PUT", f"/users/{leo['user_id']}/guardians/{luz['user_id']}", {}).status < HTTPStatus.BAD_REQUEST
    )
    visit = reception.book(leo)
    page = visitor.open(luz, "BOOKED")
    assert (page.value("document.documentElement.lang"), page.heading) == ("es", "La cita de Leo Vega está reservada")

    page.submit("Confirmar la asistencia de Leo Vega")

    assert page.heading == "Asistencia de Leo Vega confirmada"
    assert reception.history(visit)[-1] == ("CONFIRM_ATTENDANCE", "LINK")


def test_the_keyboard_is_enough_to_confirm_and_to_move(
    visitor: Visitor, reception: Reception, ana: Any, visit: Any
) -> None:
    page = visitor.open(ana, "BOOKED")
    page.press_tab_until("Confirm that you are coming")
    page.press_enter()
    assert page.heading == "Your attendance is confirmed"

    page.press_tab_until("Change the time or doctor")
    page.press("Enter")
    page.press_tab_until("starts_at")
    page.press(" ")
    page.press("ArrowUp")
    start = page.value("document.querySelector('[name=starts_at]:checked').value")
    page.press_tab_until("Change the appointment")
    page.press_enter()

    assert (page.heading, shown_start(page)) == ("Your appointment has been changed", start)
    assert reception.history(visit) == [BOOKED, ("CONFIRM_ATTENDANCE", "LINK"), ("MOVE", "LINK")]
