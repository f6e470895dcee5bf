"""Puts pages into HTML."""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from lambda_function.domain.appointment import Status
from lambda_function.domain.errors import DomainError, PastCutoffError
from lambda_function.domain.messages import rfc3339
from lambda_function.domain.people import Language
from lambda_function.domain.time_zones import time_zone
from lambda_function.pages.telling import Say, asks_for_time, bdi, heading_of, lead_of, refused_by, why_no_times
from lambda_function.services.links.opening import Ended, LinkEndedError
from lambda_function.services.links.showing import Shown
from lambda_function.services.links.times import Day, Times
from lambda_function.services.readable import alone, day_and_time, day_of, local_time, name_in_text, time_of, unbroken
from lambda_function.web.events import Event

_TEMPLATES = Path(__file__).with_name("templates")
_STYLE = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
# A page runs no script and loads nothing. Its forms go back to where it came from.
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'",
        "X-Robots-Tag": "noindex, nofollow",
    }
)
_SPANISH_FIRST = re.compile(r"\s*es\b", re.IGNORECASE)
# For each code: the heading, and what to do. Whatever is not here was a request that cannot be read.
_ERRORS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "not_found": ("wrong_link", ("wrong_link_means", "wrong_link_copied")),
        "throttled": ("too_many_tries", ("too_many_tries_means",)),
        "contention": ("busy", ("our_error_means",)),
        "unavailable": ("our_error", ("our_error_means",)),
        "internal_error": ("our_error", ("our_error_means",)),
    }
)
_ENDED: Mapping[Ended, str] = MappingProxyType(
    {Ended.VISIT: "ended_visit", Ended.OFFER: "ended_offer", Ended.RECALL: "ended_recall"}
)
_BAD_REQUEST = ("bad_request", ("bad_request_means",))


def _dialled(phone: str) -> str:
    """Returns a number as a telephone dials it."""
    return re.sub(r"[^0-9+]", "", phone)


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    undefined=StrictUndefined,
    autoescape=True,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters.update(bdi=bdi, dialled=_dialled, unbroken=unbroken)


def visit_page(page: Shown, refusal: DomainError | None = None, reason: str = "") -> str:
    """Returns the page of a visit, an offer or a recall. `refusal` is why what was asked for was not done, and `reason`
    is what the person gave as the reason to cancel.
    """
    if refusal is not None:
        # Nobody is thanked for something earlier.
        page = replace(page, done=None)
    opened = page.opened
    visit, language, zone = opened.visit, opened.language, opened.clinic.time_zone
    for_guardian = opened.patient_id != opened.person.user_id
    say = Say(language, page.patient_name if for_guardian else None)
    heading = heading_of(page, say)
    refused = None if refusal is None else refused_by(refusal)
    return _written(
        "visit.html.jinja",
        language,
        say("nothing_done") if refused else heading,
        say=say,
        clinic=opened.clinic,
        page=page,
        heading=heading,
        lead=lead_of(page),
        refused=refused,
        reason=reason,
        for_guardian=for_guardian,
        in_utc=time_zone(zone) is None,
        gone=visit is not None and visit.status is Status.CANCELLED,
        too_late=isinstance(page.unchangeable, PastCutoffError) and refused != "past_cutoff",
        choosing=page.searched or asks_for_time(refused),
        to_choose=asks_for_time(refused) and page.times is not None,
        reasoning=refused == "reason_refused",
        times=None if page.times is None else _times(page.times, page, zone, language),
        **_visit_facts(page, zone, language),
    )


def error_page(refusal: DomainError, event: Event) -> str:
    """Returns the page for somebody who cannot be shown what the link leads to."""
    language = _language(refusal, event)
    heading, sentences = _ERRORS.get(refusal.code, _BAD_REQUEST)
    if isinstance(refusal, LinkEndedError):
        heading, sentences = "ended", (_ENDED[refusal.ended],)
    say = Say(language)
    return _written(
        "error.html.jinja",
        language,
        say(heading),
        say=say,
        clinic=refusal.clinic if isinstance(refusal, LinkEndedError) else None,
        heading=say(heading),
        recalls_stopped=isinstance(refusal, LinkEndedError) and refusal.recalls_stopped,
        # The notice has promised that its page has the way to stop them.
        recalls_stoppable=isinstance(refusal, LinkEndedError)
        and refusal.ended is Ended.RECALL
        and not refusal.recalls_stopped,
        sentences=[say(sentence) for sentence in sentences],
        again=heading in {"busy", "our_error"},
    )


def _written(template: str, language: Language, title: Markup, **names: Any) -> str:
    clinic = names["clinic"]
    # A title cannot hold HTML. It begins with what has become of a request, because that is read out first.
    text = title.replace("<bdi>", "\u2068").replace("</bdi>", "\u2069").unescape()
    ending = f" | {name_in_text(clinic.name)}" if clinic else ""
    return _ENVIRONMENT.get_template(template).render(
        language=language.value,
        title=text + ending,
        style=Markup(_STYLE),  # noqa: S704 - our own file
        **names,
    )


def _visit_facts(page: Shown, zone: str, language: Language) -> dict[str, object]:
    """Returns who does what when, until when an offer can be accepted, and from when on something is due."""
    visit, offer, recall = page.opened.visit, page.opened.offer, page.opened.recall
    if visit is None and recall is not None:
        due = alone(day_of(recall.due_on, language))
        nothing = dict.fromkeys(("instant", "day", "time", "doctor", "until"))
        return {**nothing, "treatment": recall.treatment_name, "due": due}
    if visit is not None:
        starts_at, doctor, treatment, until = visit.starts_at, visit.doctor_name, visit.treatment_name, None
    elif offer is not None and offer.offer_starts_at is not None and offer.doctor_name is not None:
        starts_at, doctor, treatment = offer.offer_starts_at, offer.doctor_name, offer.treatment_name
        until = offer.offer_expires_at
    else:
        raise AssertionError("unreachable: a link leads to a visit, a recall, or an offer that stands")
    local = local_time(starts_at, zone)
    return {
        "instant": rfc3339(starts_at),
        "day": alone(day_of(local, language)),
        "time": Say(language)("at", time=time_of(local)),
        "doctor": doctor,
        "treatment": treatment,
        "until": until and alone(day_and_time(local_time(until, zone), language)),
        "due": None,
    }


def _times(times: Times, page: Shown, zone: str, language: Language) -> dict[str, object]:
    days = [_day(day, times, page, zone, language) for day in times.days]
    named = times.only or times.later
    return {
        "doctor_id": times.doctor_id,
        "doctor": times.doctors[times.doctor_id],
        "doctors": [(number, name_in_text(name)) for number, name in times.doctors.items()],
        "days": [day for day in days if day["starts"]],
        "later": times.later,
        "only": times.only,
        "why_none": why_no_times(times),
        # In the middle of a sentence.
        "named_day": named and day_of(named, language),
    }


def _day(day: Day, times: Times, page: Shown, zone: str, language: Language) -> dict[str, object]:
    """Returns a day with its starts, without the one that the visit has already."""
    visit = page.opened.visit
    present = None
    if visit is not None and visit.status is not Status.CANCELLED and visit.doctor_id == times.doctor_id:
        present = visit.starts_at
    starts = [each for each in day.starts if each != present]
    return {
        "day": day.day,
        "label": alone(day_of(day.day, language)),
        "starts": [(rfc3339(each), time_of(local_time(each, zone))) for each in starts],
        "more": day.more,
    }


def _language(refusal: DomainError, event: Event) -> Language:
    """The person's language, or, as long as nobody knows who it is, the browser's first choice."""
    if isinstance(refusal, LinkEndedError):
        return refusal.language
    accepted = event.get("headers", {}).get("accept-language", "")
    return Language.ES if _SPANISH_FIRST.match(accepted) else Language.EN
