"""Writes a message from a template of words/, one for each kind, channel and language, or from a clinic's own words.

A template of an e-mail is a subject, an empty line, and paragraphs. A layout makes a text and an HTML document of them,
and adds the facts of the visit. So words are plain text, and only the layout escapes.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.people import Channel, Language
from lambda_function.services.notifications.environment import ENVIRONMENT
from lambda_function.services.notifications.message_names import names_of
from lambda_function.services.notifications.messages import MessageFacts, Words
from lambda_function.services.notifications.own_words import BrokenWordsError, OwnWords, rendered
from lambda_function.services.notifications.sms_segments import segments
from lambda_function.services.readable import FACT_LABELS, alone, one_line, unbroken

__all__ = ["BrokenWordsError", "OwnWords", "compose", "segments"]

# The most that a provider takes as one SMS.
MAX_SMS = 1600
_ASKS_TO_CONFIRM = frozenset({NotificationKind.BOOKED, NotificationKind.REMINDER})
_DATES = frozenset({"when", "until", "due"})
# The facts of the visit come after the greeting and what the message is about.
_BEFORE_FACTS = 2
_EMPTY_LINES = re.compile(r"\n\s*\n")
_LABELS: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {
        Language.EN: {
            **FACT_LABELS[Language.EN],
            "when": "When",
            "link": "See the appointment",
            "link_all": "Confirm, change or cancel",
            "link_confirm": "Confirm",
            "link_change": "Change or cancel",
            "link_cancelled": "Book a new appointment",
            "link_offer": "See the available appointment",
            "link_recall": "Make an appointment",
        },
        Language.ES: {
            **FACT_LABELS[Language.ES],
            "when": "Fecha y hora",
            "link": "Ver la cita",
            "link_all": "Confirmar, cambiar o cancelar",
            "link_confirm": "Confirmar asistencia",
            "link_change": "Cambiar o cancelar",
            "link_cancelled": "Pedir otra cita",
            "link_offer": "Ver la cita disponible",
            "link_recall": "Pedir cita",
        },
    }
)


def compose(facts: MessageFacts, own: OwnWords | None) -> Words:
    """Returns the message in words, the clinic's own if there are any. Raises BrokenWordsError if these cannot be
    used: `plan` refuses such words, but an earlier release may have taken them.
    """
    names = names_of(facts)
    subject, text = _ours(facts, names) if own is None else _own(facts, names, own)
    if facts.channel is Channel.SMS:
        return Words(None, sms_text(text), None)
    return _email(facts, names, one_line(subject), text)


def _ours(facts: MessageFacts, names: Mapping[str, object]) -> tuple[str, str]:
    path = f"{facts.language}/{facts.kind.lower()}.{facts.channel.lower()}.jinja"
    written = ENVIRONMENT.get_template(path).render(names)
    if facts.channel is Channel.SMS:
        return "", written
    subject, _, text = written.strip().partition("\n")
    return subject, text


def _own(facts: MessageFacts, names: Mapping[str, object], own: OwnWords) -> tuple[str, str]:
    subject = ""
    if facts.channel is Channel.EMAIL:
        if not own.subject:
            raise BrokenWordsError("has no subject; an e-mail needs one")
        subject = rendered(own.subject, names, facts.kind, facts.channel, in_subject=True)
    return subject, rendered(own.text, names, facts.kind, facts.channel)


def sms_text(text: str) -> str:
    """Returns the text on one line. Raises BrokenWordsError if no provider takes so long an SMS."""
    line = " ".join(text.split())
    if len(line) > MAX_SMS:
        raise BrokenWordsError(f"can become longer than the {MAX_SMS} characters of an SMS; write less")
    return line


def _email(facts: MessageFacts, names: Mapping[str, object], subject: str, text: str) -> Words:
    paragraphs = [block.strip() for block in _EMPTY_LINES.split(text) if block.strip()]
    before, after = paragraphs[:_BEFORE_FACTS], paragraphs[_BEFORE_FACTS:]
    shown = _facts(facts, names)
    labels = _LABELS[facts.language]
    link_label = labels.get(f"link_{facts.kind.lower()}") or labels[_link_label(facts)]
    links = [f"{link_label}:\n{facts.link}"] if facts.link else []
    plain = [*before, "\n".join(f"{label}: {value}" for label, value in shown), *after, *links, names["clinic"]]
    html = ENVIRONMENT.get_template("layout.html.jinja").render(
        language=facts.language.value,
        subject=subject,
        clinic=names["clinic"],
        before=_lines(before, facts.clinic_phone),
        facts=shown,
        gone=labels["when"] if facts.kind is NotificationKind.CANCELLED else None,
        after=_lines(after, facts.clinic_phone),
        link=facts.link,
        link_label=link_label,
    )
    return Words(subject, "\n\n".join(map(str, plain)) + "\n", html)


def _link_label(facts: MessageFacts) -> str:
    """Returns the name of what the link to a visit says can be done there."""
    if facts.kind not in _ASKS_TO_CONFIRM:
        return "link"
    if facts.attending:
        return "link_change" if facts.changeable else "link"
    return "link_all" if facts.changeable else "link_confirm"


def _lines(paragraphs: Sequence[str], phone: str | None) -> Sequence[Sequence[str]]:
    """The lines of each paragraph, with the number unbroken."""
    whole = phone or ""
    return [each.replace(whole, unbroken(whole)).splitlines() for each in paragraphs]


def _facts(facts: MessageFacts, names: Mapping[str, object]) -> Sequence[tuple[str, str]]:
    """The facts of the visit or the recall, each with its label, in the order in which they are shown."""
    of_recall = facts.kind is NotificationKind.RECALL
    shown = ["due", "treatment"] if of_recall else ["when", "until", "doctor", "treatment"]
    if facts.for_guardian:
        shown.insert(0, "patient")
    shown += ["clinic", "address", "phone", "email"]
    if facts.kind is NotificationKind.CANCELLED:
        shown.remove("address")
    labels = _LABELS[facts.language]
    values = ((name, names["day" if name == "due" else name]) for name in shown)
    return [
        (labels[name], alone(str(value)) if name in _DATES else str(value))
        for name, value in values
        if value is not None
    ]
