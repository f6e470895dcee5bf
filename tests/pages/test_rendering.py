"""The pages in HTML, in every state and both languages."""

import html
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import pytest

from lambda_function.domain import errors
from lambda_function.domain.appointment import EventAction, Status
from lambda_function.domain.people import Language
from lambda_function.pages.rendering import HEADERS, error_page, visit_page
from lambda_function.pages.words import WORDS
from lambda_function.services.links.acting import LinkAction
from lambda_function.services.links.opening import Ended, LinkEndedError
from lambda_function.web.codes import PROBLEM_CODES
from lambda_function.web.errors import EdgeError
from tests.pages.states import CLINIC, pages, shown, times

# A page is loaded over a slow connection, and by people who pay for what they load.
MAX_BYTES = 30_000


@pytest.fixture(scope="module")
def every_page() -> Mapping[str, str]:
    return pages()


def test_the_policy_allows_the_style_of_each_page_and_nothing_else(every_page: Mapping[str, str]) -> None:
    policy = HEADERS["Content-Security-Policy"]

    for page in every_page.values():
        [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
        assert f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in policy
        assert not re.search(r"<script|<img|<link|<iframe|src=|url\(|\bstyle=|\bon\w+=", page)


def test_the_heaviest_page_is_light(every_page: Mapping[str, str]) -> None:
    many = [visit_page(shown(Language.ES, times=times(doctors=60)))]
    many.append(visit_page(shown(Language.ES, searched=True, times=times(60, 1, 96, more=False))))

    assert max(len(page.encode()) for page in [*many, *every_page.values()]) < MAX_BYTES


def test_a_page_has_one_heading_and_its_title_begins_with_it(every_page: Mapping[str, str]) -> None:
    for name, page in every_page.items():
        [heading] = re.findall(r"<h1>(.*?)</h1>", page)
        title = re.sub("[\u2068\u2069]", "", text_of(page, "title"))
        assert title.startswith(re.sub(r"<.*?>", "", heading)) or name.startswith("refused")
        assert f'<html lang="{name[-2:]}">' in page


@pytest.mark.parametrize(
    ("done", "status", "heading"),
    [
        (EventAction.MOVE, Status.BOOKED, "Your appointment has been changed"),
        (EventAction.MOVE, Status.REQUESTED, "Your appointment has been changed"),
        (EventAction.CANCEL, Status.CANCELLED, "Your appointment is cancelled"),
        (EventAction.BOOK, Status.BOOKED, "Your appointment is booked"),
        (EventAction.BOOK, Status.REQUESTED, "Your appointment is waiting for our confirmation"),
        # The clinic cancelled what a person had just moved.
        (EventAction.MOVE, Status.CANCELLED, "Your appointment is cancelled"),
    ],
)
def test_what_has_just_been_done_is_said_first(done: EventAction, status: Status, heading: str) -> None:
    page = visit_page(shown(visit={"status": status}, done=done))

    assert re.search(rf'role="status">\s*<h1>{heading}</h1>', page)
    assert text_of(page, "title") == f"{heading} | Lima Dental"


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", [*PROBLEM_CODES, "unheard_of"])
def test_every_refusal_says_why_and_that_nothing_was_changed(language: Language, code: str) -> None:
    page = visit_page(shown(language), EdgeError(code, "In English, for programs."))

    said = text_of(page, 'div class="notice" role="alert"', "div")
    nothing_done = WORDS[language]["nothing_done"]
    assert said.startswith(nothing_done)
    assert len(said) > len(nothing_done) + 20
    assert "for programs" not in page
    assert text_of(page, "title").startswith(nothing_done)


def test_a_refusal_that_nobody_foresaw_says_whom_to_call() -> None:
    page = visit_page(shown(), EdgeError("unheard_of", ""))

    assert "This could not be done online. Please call us on" in text_of(page, 'div class="notice" role="alert"', "div")


@pytest.mark.parametrize(
    ("refusal", "opened"),
    [
        (errors.DoctorBusyError(""), "Change the time or doctor"),
        (errors.InvalidInputError("", field="starts_at"), "Change the time or doctor"),
        (errors.InvalidInputError("", field="reason"), "Cancel the appointment"),
        (errors.StaleVersionError(""), None),
    ],
)
def test_after_a_refusal_the_part_that_it_is_about_is_open(refusal: errors.DomainError, opened: str | None) -> None:
    page = visit_page(shown(), refusal)

    assert re.findall(r"<details open>\s*<summary>(.*?)</summary>", page) == ([opened] if opened else [])


def test_every_form_leads_to_where_its_outcome_is(every_page: Mapping[str, str]) -> None:
    found = {
        form for page in every_page.values() for form in re.findall(r'<form method="post"[^>]*action="([^"]*)"', page)
    }

    assert found == {"#top", "#recalls"}
    assert not [name for name, page in every_page.items() if page.count("<form") != page.count(' action="#')]


def test_it_takes_two_steps_to_cancel() -> None:
    page = visit_page(shown())

    [closed] = [part for part in re.findall(r"<details>.*?</details>", page, re.DOTALL) if 'value="cancel"' in part]
    assert "Yes, cancel the appointment" in closed
    assert page.count('value="cancel"') == 1


def test_times_are_offered_by_day_with_links_to_others() -> None:
    page = visit_page(shown(times=times(days=2, starts=3)))

    assert re.findall(r"<legend>(.*?)</legend>", page) == ["Wednesday, 9 January 2030", "Thursday, 10 January 2030"]
    assert page.count('name="starts_at"') == 6
    assert 'value="2030-01-09T13:05:00Z" required>08:05</label>' in page
    assert 'href="?day=2030-01-09&amp;doctor_id=3#times"' in page
    assert 'href="?from=2030-01-11&amp;doctor_id=3#times"' in page


@pytest.mark.parametrize(("days", "asked"), [(1, True), (0, False)])
def test_nobody_is_asked_to_choose_where_there_is_nothing_to_choose(*, days: int, asked: bool) -> None:
    page = visit_page(shown(visit={"status": Status.CANCELLED}, times=times(days=days)))

    assert ("Choose a time below" in page) == asked


@pytest.mark.parametrize(("visit", "number"), [({}, 1), ({"doctor_id": 12}, 2), ({"status": Status.CANCELLED}, 2)])
def test_the_time_that_a_visit_has_is_not_offered(visit: Mapping[str, Any], number: int) -> None:
    offered = times(days=1, starts=2)
    present = offered.days[0].starts[0]

    page = visit_page(shown(visit={"starts_at": present, **visit}, times=offered))

    assert page.count('name="starts_at"') == number


def test_an_hour_that_clocks_show_twice_has_the_name_of_their_setting() -> None:
    twice = datetime(2030, 11, 3, 5, 30, tzinfo=UTC)
    page = visit_page(shown(visit={"starts_at": twice}, clinic={"time_zone": "America/New_York"}))

    assert "at 01:30 (EDT)" in page


def test_a_guardian_reads_whose_visit_it_is() -> None:
    page = visit_page(shown(person={"user_id": 12}))

    assert "<h1>The appointment of <bdi>Ana Torres</bdi> is booked</h1>" in page
    assert "<dt>For</dt><dd><bdi>Ana Torres</bdi></dd>" in page


def test_names_are_text_whatever_they_hold() -> None:
    evil = "<script>alert(1)</script> & \u202eevil\u0000"
    page = visit_page(shown(visit={"doctor_name": evil}, clinic={"name": evil, "email": "a&b?cc=c@d.example"}))

    assert "<script" not in page
    assert "\u202e" not in page
    assert "<bdi>&lt;script&gt;alert(1)&lt;/script&gt; &amp; evil</bdi>" in page
    assert 'href="mailto:a%26b%3Fcc%3Dc%40d.example"' in page


def test_a_number_is_dialled_without_the_signs_between_its_digits() -> None:
    assert 'href="tel:+5112345678"' in visit_page(shown(clinic={"phone": "+51 (1) 234-5678"}))


@pytest.mark.parametrize(("recalls", "stopped"), [(None, False), (True, False), (False, True)])
def test_reminders_of_check_ups_can_be_stopped_once(*, recalls: bool | None, stopped: bool) -> None:
    page = visit_page(shown(person={"recalls": recalls}))

    assert ('value="unsubscribe"' not in page) == stopped
    assert ("You will no longer get check-up reminders" in page) == stopped


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("es-PE,es;q=0.9,en;q=0.8", "es"), ("en,es", "en"), ("est", "en"), ("", "en"), ("qu", "en")],
)
def test_somebody_unknown_reads_the_first_language_of_the_browser(accepted: str, language: str) -> None:
    event: Any = {"headers": {"accept-language": accepted}}

    assert f'<html lang="{language}">' in error_page(errors.NotFoundError(""), event)


def test_whoever_knew_the_link_reads_whom_to_call_after_its_end() -> None:
    event: Any = {"headers": {"accept-language": "en"}}
    page = error_page(LinkEndedError(Language.ES, CLINIC, Ended.VISIT, recalls_stopped=False), event)

    assert '<html lang="es">' in page
    assert 'href="tel:+5112345678"' in page


def test_after_a_refusal_nobody_is_thanked_for_something_earlier() -> None:
    page = visit_page(shown(done=EventAction.MOVE), errors.StaleVersionError(""))

    assert "<h1>Your appointment is booked</h1>" in page
    assert 'class="done"' not in page
    assert "This is the new time." not in page


def test_the_cut_off_is_told_once() -> None:
    closed: Mapping[str, Any] = {
        "actions": frozenset({LinkAction.CONFIRM}),
        "unchangeable": errors.PastCutoffError(""),
        "times": None,
    }
    too_late = "It is too late to change or cancel the appointment online. If you cannot come, please call us on"

    for page in (visit_page(shown(**closed)), visit_page(shown(**closed), errors.PastCutoffError(""))):
        assert page.count(too_late) == 1


@pytest.mark.parametrize(
    ("looked_at", "said"),
    [
        ({}, "Luz Quispe has no free times before Monday, 14 January 2030."),
        ({"earlier": True}, "Luz Quispe has no more free times before Monday, 14 January 2030."),
        ({"earlier": True, "later": None}, "There are no more free times with Luz Quispe."),
        ({"later": None}, "Luz Quispe has no free times at present. Choose another doctor, or call us on"),
        ({"later": None, "doctors": {3: "Luz Quispe"}}, "There are no free times at present. Please call us on"),
        ({"earlier": True, "only": date(2030, 1, 9)}, "Luz Quispe has no free times on Wednesday, 9 January 2030."),
    ],
)
def test_no_more_is_said_about_free_times_than_was_looked_at(looked_at: Mapping[str, Any], said: str) -> None:
    page = visit_page(shown(times=replace(times(), days=[], **looked_at)))

    assert said in text_of(page, 'div id="times"', "details")


def test_a_day_that_is_shown_alone_does_not_lead_to_itself() -> None:
    page = visit_page(shown(searched=True, times=replace(times(days=1), only=date(2030, 1, 9))))

    assert "?day=" not in page


@pytest.mark.parametrize(("error", "leads"), [(errors.DoctorBusyError(""), True), (errors.ForbiddenError(""), False)])
def test_a_refusal_leads_to_the_times_if_another_is_to_be_chosen(error: errors.DomainError, *, leads: bool) -> None:
    page = visit_page(shown(), error)

    assert ('<a href="#times">Choose a time</a>' in page) == leads


def test_whoever_comes_too_late_for_an_offer_is_asked_to_choose_nothing() -> None:
    offer = shown(offer={}, actions=frozenset({LinkAction.ACCEPT}), times=None)
    page = visit_page(offer, errors.DoctorBusyError(""))

    assert "That time is not available." in page
    assert "#times" not in page


@pytest.mark.parametrize(("refusal", "quiet"), [(None, False), (errors.DoctorBusyError(""), True)])
def test_after_a_refusal_confirming_is_not_what_is_asked_for(
    refusal: errors.DomainError | None, *, quiet: bool
) -> None:
    page = visit_page(shown(), refusal)

    assert ('<button class="quiet">Confirm that you are coming</button>' in page) == quiet


def test_a_reason_that_is_refused_stays_in_its_field() -> None:
    page = visit_page(shown(), errors.InvalidInputError("", field="reason"), "</textarea> I am ill.")

    assert ">\n&lt;/textarea&gt; I am ill.</textarea>" in page


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (Ended.VISIT, "The time of this appointment has passed."),
        (Ended.OFFER, "This offer is no longer available."),
        (Ended.RECALL, "This reminder is out of date."),
    ],
)
def test_whoever_comes_after_the_end_reads_what_has_ended(ended: Ended, said: str) -> None:
    event: Any = {"headers": {}}
    page = error_page(LinkEndedError(Language.EN, CLINIC, ended, recalls_stopped=False), event)

    assert said in page
    assert "If you would like an appointment, please call us on" in page


@pytest.mark.parametrize(
    ("language", "own", "of_guardian"),
    [
        (Language.EN, "Please confirm that you are coming.", "Please confirm that Ana Torres is coming."),
        (Language.EN, "Confirm that you are coming", "Confirm that Ana Torres is coming"),
        (Language.ES, "Por favor, confirme su asistencia.", "Por favor, confirme la asistencia de Ana Torres."),
        (Language.ES, "Confirmar asistencia", "Confirmar la asistencia de Ana Torres"),
    ],
)
def test_a_guardian_is_asked_whether_the_patient_comes(language: Language, own: str, of_guardian: str) -> None:
    patients, guardians = (
        text_of(visit_page(shown(language, person=person)), "main") for person in ({}, {"user_id": 12})
    )

    assert (own in patients, of_guardian in patients) == (True, False)
    assert (own in guardians, of_guardian in guardians) == (False, True)


def text_of(page: str, start: str, end: str | None = None) -> str:
    """Returns the text of an element, given by its tag."""
    found = re.search(rf"<{start}>(.*?)</{end or start}>", page, re.DOTALL)
    assert found, start
    return " ".join(html.unescape(re.sub(r"<.*?>", "", found[1])).split())
