"""Messages in words: every kind, channel and language, with names of every sort."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.people import Channel, Language
from lambda_function.domain.secret_tokens import new_token
from lambda_function.services.links.addresses import address_of
from lambda_function.services.notifications.wording import OwnWords, compose, segments
from tests.unit.services.notifications.facts import GUARDIAN, NO_CONTACT, STARTS_AT, facts

WORDS = (Channel.EMAIL, Channel.SMS)
LINK = "https://visits.example/visit/x"
TOO_LATE = {"link": LINK, "changeable": False}
PEOPLE: list[dict[str, Any]] = [
    *({}, GUARDIAN, NO_CONTACT, {"link": LINK}, {"link": LINK, "attending": True}),
    *(TOO_LATE, {**TOO_LATE, **GUARDIAN}, {**TOO_LATE, **NO_CONTACT}, {**TOO_LATE, "attending": True}),
]
EVERYTHING = list(product(NotificationKind, Language, PEOPLE))
VISITS = sorted(set(NotificationKind) - {NotificationKind.RECALL})


class Document(HTMLParser):
    """What a browser shows of a page, and whether each element of it is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.shown: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.shown.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.shown).split())


@pytest.mark.parametrize(("kind", "language", "person"), EVERYTHING)
def test_every_email_has_a_subject_a_text_and_a_document(
    kind: NotificationKind, language: Language, person: dict[str, Any]
) -> None:
    words = compose(facts(kind, Channel.EMAIL, language, **person), None)

    assert words.subject
    assert words.html is not None
    document = Document(words.html)
    assert document.open == []
    assert not {"script", "img", "link", "iframe"} & set(document.tags)
    for text in (words.text, document.text):
        assert facts(**person).addressee_name in text
        assert "Lima Dental" in text
        assert "None" not in text
        assert "{" not in text
    assert not re.search(r"\n{3}|[ \t]\n| {2}", words.text)


@pytest.mark.parametrize(("kind", "language", "person"), EVERYTHING)
def test_every_sms_begins_with_the_clinic_and_has_neither_subject_nor_document(
    kind: NotificationKind, language: Language, person: dict[str, Any]
) -> None:
    words = compose(facts(kind, Channel.SMS, language, **person), None)

    assert words.text.startswith("Lima Dental: ")
    assert (words.subject, words.html) == (None, None)
    assert not re.search(r"\s{2}|None|\{", words.text)


@pytest.mark.parametrize("attending", [False, True])
@pytest.mark.parametrize("changeable", [False, True])
@pytest.mark.parametrize("person", [{}, GUARDIAN, NO_CONTACT, {**GUARDIAN, "unconfirmed": True}])
@pytest.mark.parametrize(("kind", "language"), list(product(NotificationKind, Language)))
def test_an_sms_with_ordinary_names_has_one_part_and_with_a_link_at_most_two(
    kind: NotificationKind, language: Language, person: dict[str, Any], *, changeable: bool, attending: bool
) -> None:
    truth = {"changeable": changeable, "attending": attending}
    link = address_of("https://citas.example", new_token())
    for month, day in product(range(1, 13), range(8, 15)):
        told = facts(kind, Channel.SMS, language, starts_at=STARTS_AT.replace(month=month, day=day), **person, **truth)
        assert segments(compose(told, None).text) == 1
        assert segments(compose(replace(told, link=link), None).text) <= 2


@pytest.mark.parametrize(("kind", "language", "person"), EVERYTHING)
def test_no_subject_and_no_sms_names_the_treatment(
    kind: NotificationKind, language: Language, person: dict[str, Any]
) -> None:
    subject = compose(facts(kind, Channel.EMAIL, language, **person), None).subject
    sms = compose(facts(kind, Channel.SMS, language, **person), None).text

    assert "Root canal" not in f"{subject} {sms}"


@pytest.mark.parametrize(("kind", "channel", "language"), list(product(VISITS, WORDS, Language)))
def test_a_guardian_is_told_whose_visit_it_is(kind: NotificationKind, channel: Channel, language: Language) -> None:
    words = compose(facts(kind, channel, language, **GUARDIAN), None)

    assert "Ana Torres" in words.text
    assert channel is Channel.SMS or "Ana Torres" in str(words.subject)


def test_the_facts_for_a_guardian_begin_with_the_patient() -> None:
    assert "\n\nFor: Ana Torres\nWhen: " in compose(facts(**GUARDIAN), None).text
    assert "For: " not in compose(facts(), None).text


@pytest.mark.parametrize(
    ("kind", "language", "subject"),
    [
        ("BOOKED", "en", "Your appointment is booked: Tuesday, 8 January 2030 at 10:00"),
        ("REMINDER", "es", "Recordatorio: su cita del martes 8 de enero de 2030 a las 10:00"),
        ("CANCELLED", "en", "Your appointment on Tuesday, 8 January 2030 at 10:00 has been cancelled"),
    ],
)
def test_a_subject_says_when_in_the_clinics_zone_and_the_persons_language(
    kind: str, language: str, subject: str
) -> None:
    assert compose(facts(NotificationKind(kind), Channel.EMAIL, Language(language)), None).subject == subject


def test_an_email_tells_the_facts_of_the_visit() -> None:
    words = compose(facts(NotificationKind.MOVED), None)

    for fact in (
        "When: Tuesday, 8 January 2030 at 10:00",
        "With: Luz Quispe",
        "Treatment: Root canal",
        "Where: Lima Dental",
        "Address: Av. Larco 345, Lima",
        "Phone: +51 1 234 5678",
        "E-mail: hola@lima.example",
    ):
        assert f"\n{fact}\n" in words.text
        assert fact.replace(": ", " ", 1).split(" ", 1)[1] in Document(str(words.html)).text


@pytest.mark.parametrize(
    ("channel", "language", "words"),
    [
        (Channel.EMAIL, Language.EN, "not confirmed yet"),
        (Channel.SMS, Language.EN, "when the new time is confirmed"),
        (Channel.EMAIL, Language.ES, "no está confirmada"),
        (Channel.SMS, Language.ES, "cuando se confirme"),
    ],
)
def test_a_moved_visit_that_needs_approval_is_not_told_as_agreed(
    channel: Channel, language: Language, words: str
) -> None:
    moved = NotificationKind.MOVED

    assert words in compose(facts(moved, channel, language, unconfirmed=True), None).text
    assert words not in compose(facts(moved, channel, language), None).text


CHANGE = re.compile(
    r"chang(e|ing) or cancel|cambi\w+ o cancel|another time online|otro horario en línea", re.IGNORECASE
)
CONFIRM = re.compile(r"\bconfirm(e|ar|)\b", re.IGNORECASE)
AHEAD = ("BOOKED", "REQUESTED", "CONFIRMED", "MOVED", "REMINDER")


@pytest.mark.parametrize(("kind", "channel", "language"), list(product(AHEAD, WORDS, Language)))
def test_no_message_promises_a_change_that_the_page_would_refuse(
    kind: str, channel: Channel, language: Language
) -> None:
    for more in ({}, GUARDIAN, {"attending": True}):
        told = facts(NotificationKind(kind), channel, language, link=LINK, unconfirmed=kind == "REQUESTED", **more)
        assert CHANGE.search(compose(told, None).text)
        late = compose(replace(told, changeable=False), None)
        assert not CHANGE.search(late.text + str(late.html))
        assert "+51 1 234 5678" in late.text
        assert LINK in late.text


@pytest.mark.parametrize(("channel", "language", "changeable"), list(product(WORDS, Language, [True, False])))
def test_nobody_who_has_confirmed_is_asked_to_confirm(
    channel: Channel, language: Language, *, changeable: bool
) -> None:
    for kind in (NotificationKind.BOOKED, NotificationKind.REMINDER):
        told = facts(kind, channel, language, link=LINK, changeable=changeable)
        assert CONFIRM.search(compose(told, None).text)
        attending = compose(replace(told, attending=True), None)
        assert not CONFIRM.search(attending.text + str(attending.html))


@pytest.mark.parametrize(("channel", "language", "changeable"), list(product(WORDS, Language, [True, False])))
def test_a_message_that_the_clinic_has_confirmed_a_visit_asks_for_no_other_confirmation(
    channel: Channel, language: Language, *, changeable: bool
) -> None:
    told = facts(NotificationKind.CONFIRMED, channel, language, link=LINK, changeable=changeable)

    assert not CONFIRM.search(compose(told, None).text)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (Language.EN, f"Please confirm: {LINK} If you cannot come, call +51 1 234 5678."),
        (Language.ES, f"Confirme su asistencia: {LINK} Si no puede venir, llame al +51 1 234 5678."),
    ],
)
def test_an_sms_after_the_cut_off_says_whom_to_call(language: Language, words: str) -> None:
    text = compose(facts(NotificationKind.REMINDER, Channel.SMS, language, **TOO_LATE), None).text

    assert text.endswith(words)


@pytest.mark.parametrize(
    ("kind", "more", "label"),
    [
        ("BOOKED", {}, "Confirm, change or cancel"),
        ("REMINDER", {"changeable": False}, "Confirm"),
        ("REMINDER", {"attending": True}, "Change or cancel"),
        ("REMINDER", {"attending": True, "changeable": False}, "See the appointment"),
        ("MOVED", {}, "See the appointment"),
        ("CANCELLED", {}, "Book a new appointment"),
        ("OFFER", {}, "See the available appointment"),
    ],
)
def test_the_link_says_what_can_be_done_there(kind: str, more: dict[str, Any], label: str) -> None:
    words = compose(facts(NotificationKind(kind), link=LINK, **more), None)

    assert f"\n\n{label}:\n{LINK}\n" in words.text
    assert f">{label}</a>" in str(words.html)


def test_a_document_does_not_break_a_number_between_lines() -> None:
    html = str(compose(facts(), None).html)

    assert "please call us on +51\N{NO-BREAK SPACE}1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}5678." in html


def test_the_document_strikes_out_when_a_cancelled_visit_was_to_be() -> None:
    struck = '<td class="gone">Tuesday, 8 January 2030 at 10:00</td>'

    assert struck in str(compose(facts(NotificationKind.CANCELLED), None).html)
    assert 'class="gone"' not in str(compose(facts(), None).html)


def test_an_offer_says_until_when_it_can_be_taken() -> None:
    mail = compose(facts(NotificationKind.OFFER), None)
    sms = compose(facts(NotificationKind.OFFER, Channel.SMS, Language.ES), None)

    assert "Answer by: Monday, 7 January 2030 at 12:00\n" in mail.text
    assert "antes del lun 7 ene a las 12:00." in sms.text


@pytest.mark.parametrize(
    ("channel", "language", "words"),
    [
        (Channel.EMAIL, Language.EN, "unless somebody else books it first"),
        (Channel.SMS, Language.EN, "First come, first served"),
        (Channel.EMAIL, Language.ES, "salvo que alguien la reserve antes"),
        (Channel.SMS, Language.ES, ", para quien "),
    ],
)
@pytest.mark.parametrize("person", PEOPLE)
def test_an_offer_does_not_promise_what_another_may_take(
    channel: Channel, language: Language, words: str, person: dict[str, Any]
) -> None:
    text = compose(facts(NotificationKind.OFFER, channel, language, **person), None).text

    assert words in text
    assert not re.search("hold|held|guardamos|reservada", text, re.IGNORECASE)


def test_a_link_is_shown_if_there_is_one() -> None:
    link = "https://visits.example/visit/a?b&c"
    for kind, language in product(NotificationKind, Language):
        mail = compose(facts(kind, Channel.EMAIL, language, link=link), None)

        assert f"\n{link}\n" in mail.text
        assert 'href="https://visits.example/visit/a?b&amp;c"' in str(mail.html)
        assert compose(facts(kind, Channel.SMS, language, link=link), None).text.endswith(f" {link}")


@pytest.mark.parametrize(
    ("zone", "hour", "time"),
    [
        ("America/New_York", 5, "01:30 (EDT)"),
        ("America/New_York", 6, "01:30 (EST)"),
        ("America/New_York", 7, "02:30"),
        ("Nowhere/Known", 7, "07:30 (UTC)"),
    ],
)
def test_a_time_that_clocks_show_twice_names_their_setting(zone: str, hour: int, time: str) -> None:
    at = STARTS_AT.replace(month=11, day=3, hour=hour, minute=30)
    subject = compose(facts(time_zone=zone, starts_at=at), None).subject

    assert str(subject).endswith(f"3 November 2030 at {time}")


def test_names_are_escaped_in_the_document_and_nowhere_else() -> None:
    name = "<b>O'Neill & Søn</b>"
    words = compose(facts(addressee_name=name, doctor_name=name, clinic_name=name), None)

    assert name in words.text
    assert "<b>" not in str(words.html)
    assert f"Hello {name}," in Document(str(words.html)).text


def test_a_name_from_right_to_left_is_isolated() -> None:
    words = compose(facts(NotificationKind.CANCELLED, patient_name="\u05d0\u05d1 (\u05d2)", **GUARDIAN), None)

    assert "The appointment for \u2068\u05d0\u05d1 (\u05d2)\u2069 on Tuesday" in str(words.subject)


def test_nothing_in_a_name_turns_the_words_beside_it() -> None:
    words = compose(facts(addressee_name="Ana\u202e Torres\u2066", clinic_name="\u202bLima"), None)

    assert words.text.startswith("Hello Ana Torres,\n")
    assert words.text.endswith("\n\nLima\n")


names = st.text(st.characters(), min_size=1, max_size=200)


@given(name=names, clinic=names, kind=st.sampled_from(NotificationKind), language=st.sampled_from(Language))
@example(
    name="A\r\nBcc: b@example.org", clinic="\u2028\u202e</title>", kind=NotificationKind.BOOKED, language=Language.EN
)
@example(name="\ud800", clinic="\x00", kind=NotificationKind.OFFER, language=Language.ES)
@settings(deadline=None)
def test_any_name_can_be_written(name: str, clinic: str, kind: NotificationKind, language: Language) -> None:
    given_names = {"addressee_name": name, "patient_name": name, "clinic_name": clinic, "doctor_name": name}
    mail = compose(facts(kind, Channel.EMAIL, language, for_guardian=True, **given_names), None)
    sms = compose(facts(kind, Channel.SMS, language, for_guardian=True, **given_names), None)

    assert len(str(mail.subject).splitlines()) == 1
    assert len(sms.text.splitlines()) == 1
    assert Document(str(mail.html)).open == []
    (mail.text + str(mail.html) + sms.text).encode()


def test_own_words_take_the_place_of_ours() -> None:
    own = OwnWords("See you on {{ day }}", "Dear {{ name }},\n\nBring your card.\n\nBye")
    words = compose(facts(), own)

    assert words.subject == "See you on Tuesday, 8 January 2030"
    assert words.text.startswith("Dear Ana Torres,\n\nBring your card.\n\nWhen: Tuesday")
    assert words.text.endswith("\n\nBye\n\nLima Dental\n")
    assert "Bring your card." in str(words.html)
