"""A clinic's own words: what they may say, and what is refused, on trial and when a message is written."""

import re
from typing import Any

import pytest

from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.people import Channel, Language
from lambda_function.services.notifications.own_words import names_for
from lambda_function.services.notifications.trial import try_subject, try_text
from lambda_function.services.notifications.wording import BrokenWordsError, OwnWords, compose
from tests.architecture.source import ROOT
from tests.unit.services.notifications.facts import GUARDIAN, NO_CONTACT, facts

HOW = "Write names as {{ clinic }} and conditions as {% if phone %} … {% endif %}"
LONG = dict.fromkeys(("addressee_name", "patient_name", "clinic_name", "doctor_name"), "x" * 200)
KINDS = {kind.value: kind for kind in NotificationKind}


def problem(text: str, kind: str = "BOOKED", channel: Channel = Channel.SMS) -> str:
    """Returns why the text is refused, both on trial and when a message is written."""
    with pytest.raises(BrokenWordsError) as tried:
        try_text(text, KINDS[kind], channel, Language.EN)
    people: list[dict[str, Any]] = [{}, GUARDIAN, NO_CONTACT, LONG, {"changeable": False}, {"attending": True}]
    found = []
    for person in people:
        try:
            compose(facts(KINDS[kind], channel, **person), OwnWords("Subject", text))
        except BrokenWordsError as error:
            found.append(str(error))
    assert str(tried.value) in found
    return str(tried.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ clinc }}", "has an unknown name in line 1; did you mean clinic?"),
        ("A\n{{ xyzzy }}", "has an unknown name in line 2; the names are address, "),
        ("{% if clinc %}A{% endif %}", "has an unknown name in line 1; did you mean clinic?"),
        ("{{ treatment }}", "names the treatment in line 1, which others may see"),
        ("{% if not treatment %}A{% endif %}", "names the treatment in line 1, which others may see"),
        ("{{ until }}", "has an unknown name in line 1; "),
        ("{{ clinic.__class__ }}", "cannot be used because of line 1: names have no attributes. "),
        ("{{ clinic['x'] }}", "cannot be used because of line 1: names have no parts. "),
        ("{{ clinic() }}", "cannot be used because of line 1: nothing can be called. "),
        ("{{ clinic | upper }}", "cannot be used because of line 1: there are no filters. "),
        ("A\n{% for x in clinic %}{{ x }}{% endfor %}", "cannot be used because of line 2: there are no loops. "),
        ("{{ 'a' * 10**9 }}", "cannot be used because of line 1: this is not possible here. "),
        ("{{ 9**9**9 }}", "cannot be used because of line 1: "),
        ("{{ 'a' }}", "cannot be used because of line 1: "),
        ("{{ [clinic] }}", "cannot be used because of line 1: "),
        ("{{ clinic if phone else name }}", "cannot be used because of line 1: "),
        ("{% if clinic == name %}A{% endif %}", "cannot be used because of line 1: "),
        ("{% if clinic is defined %}A{% endif %}", "cannot be used because of line 1: "),
        ("{% if clinic.x %}A{% endif %}", "cannot be used because of line 1: names have no attributes. "),
        ("{% if phone %}A{% elif clinic() %}B{% endif %}", "cannot be used because of line 1: nothing can be called. "),
        ("{% set x = clinic %}A", "cannot be used because of line 1: "),
        ("{% macro x() %}A{% endmacro %}A", "cannot be used because of line 1: "),
        ("{% include 'en/booked.sms.jinja' %}", "cannot be used because of line 1: "),
        ("{% import 'en/phrases.jinja' as x %}", "cannot be used because of line 1: "),
        ("{% extends 'layout.html.jinja' %}", "cannot be used because of line 1: "),
        ("{% block x %}A{% endblock %}", "cannot be used because of line 1: "),
        ("{% with x = clinic %}A{% endwith %}", "cannot be used because of line 1: "),
        ("{% autoescape false %}A{% endautoescape %}", "cannot be used because of line 1: "),
        ("A\n{% raw %}{{ treatment }}{% endraw %}", "cannot be used because of line 2: this is not possible here. "),
        ("{%- raw -%}A{% endraw %}", "cannot be used because of line 1: "),
        ("A\n{% print name %}", "cannot be used because of line 2: this is not possible here. "),
        ("{%-print(name)%}", "cannot be used because of line 1: "),
        ("{% if phone %}{% print phone %}{% endif %}A", "cannot be used because of line 1: "),
        ("{{ print }}", "has an unknown name in line 1; "),
        ("A {{ clinic", f"cannot be read in line 1. {HOW}"),
        ("A\n{% if clinic %}", f"cannot be read in line 2. {HOW}"),
        ("{% nothing %}", f"cannot be read in line 1. {HOW}"),
        ("{{ " + "(" * 3000, f"is nested too deeply. {HOW}"),
        ("{% if a %}" * 390, f"is nested too deeply. {HOW}"),
        ("{% if phone %}" * 12 + "A" + "{% endif %}" * 12, "is nested too deeply in line 1. "),
        ("{% if " + "phone and " * 300 + "phone %}A{% endif %}", "cannot be used because of line 1: "),
        ("{{ phone }}", "prints a name that may be missing; write it as in {% if phone %} "),
        ("{{ name }} {{ link }}", "prints a name that may be missing; "),
        (
            "A\n{{ name }} {{ for_guardian }}",
            "prints a condition in line 2; write it as in {% if for_guardian %} … {% endif %}",
        ),
        ("{{ changeable }}", "prints a condition in line 1; write it as in {% if changeable %} … {% endif %}"),
        ("{% if changeable %}A{% endif %}", "may say nothing at all; "),
        ("{% if not attending %}A{% endif %}", "may say nothing at all; "),
        ("{% if phone %}A{% endif %}", "may say nothing at all; add words outside of its conditions"),
        (" \n{# nothing #}", "may say nothing at all; "),
        ("x" * 4001, "is too long; write at most 4000 characters"),
        ("x" * 1_000_000, "is too long; write at most 4000 characters"),
        ("x" * 1601, "can become longer than the 1600 characters of an SMS; write less"),
        (
            "{{ name }} {{ clinic }} {{ doctor }}" * 4,
            "can become longer than the 1600 characters of an SMS; write less",
        ),
    ],
    ids=lambda value: value[:40],
)
def test_what_cannot_be_used_is_refused_and_says_what_to_change(text: str, message: str) -> None:
    assert problem(text).startswith(message)


@pytest.mark.parametrize("name", ["doctor", "time", "when", "until", "treatment", "attending"])
def test_a_recall_is_about_no_visit(name: str) -> None:
    assert problem(f"{{{{ {name} }}}}", "RECALL")


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS])
@pytest.mark.parametrize("kind", NotificationKind)
def test_names_and_conditions_can_be_used(kind: NotificationKind, channel: Channel) -> None:
    text = (
        "{{ clinic }}: {% if for_guardian %}{{ patient }}{% else %}{{ name }}{% endif %}\n"
        "{% if phone and not email %}{{ phone }}{% elif email or address %}"
        "{% if email %}{{ email }}{% endif %}{% endif %}"
        "{% if link %}{{ link }}{% endif %} {{ day }}"
    )
    if kind is not NotificationKind.RECALL:
        text += "{{ doctor }} {{ time }} {{ when }}"
    if kind is NotificationKind.OFFER:
        text += "{{ until }}"
    elif kind is not NotificationKind.RECALL:
        text += "{% if changeable and not attending %}A{% endif %}"
    if channel is Channel.EMAIL and kind is not NotificationKind.RECALL:
        text += "{{ treatment }}"
    try_text(text, kind, channel, Language.ES)
    assert compose(facts(kind, channel), OwnWords("Hi", text)).text


def test_the_documentation_lists_every_name() -> None:
    page = (ROOT / "docs/practice.md").read_text().partition("| name | stands for |")[2].partition("\n\n")[0]
    listed = {name for row in page.splitlines() for name in re.findall(r"`(\w+)`", row.partition(" | ")[0])}
    known = (names_for(kind, channel, in_subject=False) for kind in NotificationKind for channel in Channel)
    assert listed == frozenset().union(*known)


def test_a_subject_may_not_name_the_treatment_and_is_short() -> None:
    for subject, message in (
        ("{{ treatment }}", "names the treatment in line 1, "),
        ("x" * 201, "is too long; write at most 200 characters"),
        ("{{ phone }}", "prints a name that may be missing; "),
    ):
        with pytest.raises(BrokenWordsError, match=message):
            try_subject(subject, NotificationKind.BOOKED, Channel.EMAIL, Language.EN)
        with pytest.raises(BrokenWordsError, match=message):
            compose(facts(**NO_CONTACT), OwnWords(subject, "Text"))


def test_an_email_without_a_subject_cannot_be_written() -> None:
    with pytest.raises(BrokenWordsError, match="has no subject"):
        compose(facts(), OwnWords(None, "Text"))


def test_a_subject_that_an_earlier_release_took_on_two_lines_is_written_on_one() -> None:
    assert compose(facts(), OwnWords("One\nBcc: {{ name }}\r\nThree", "Text")).subject == "One Bcc: Ana Torres Three"


def test_the_markup_of_own_words_is_shown_and_not_obeyed() -> None:
    words = compose(facts(), OwnWords("<i>Hi</i>", "<script>alert(1)</script>"))

    assert "<script>alert(1)</script>" in words.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in str(words.html)
    assert "<title>&lt;i&gt;Hi&lt;/i&gt;</title>" in str(words.html)


def test_a_refusal_says_nothing_of_what_the_message_would_say() -> None:
    with pytest.raises(BrokenWordsError) as refusal:
        compose(facts(addressee_name="Zoe Secret", **NO_CONTACT), OwnWords("Hi", "{{ name }} {{ phone }}"))

    assert "Zoe" not in str(refusal.value)
    assert refusal.value.__suppress_context__


@pytest.mark.parametrize("seen", ["{{ name }}\r\n\r\n{{ clinic }}", "{{ name }}\n \n\n{{ clinic }}"])
def test_an_empty_line_begins_a_paragraph(seen: str) -> None:
    assert compose(facts(), OwnWords("Hi", seen)).text.startswith("Ana Torres\n\nLima Dental\n\nWhen: ")
