"""Decides what a page says: the sentences are in words/."""

from collections.abc import Mapping
from types import MappingProxyType

from markupsafe import Markup

from lambda_function.domain.appointment import EventAction, Status
from lambda_function.domain.errors import DomainError
from lambda_function.domain.people import Language
from lambda_function.pages.words import WORDS
from lambda_function.services.links.acting import LinkAction
from lambda_function.services.links.showing import Shown
from lambda_function.services.links.times import Times
from lambda_function.services.readable import name_alone

# What is said about a visit in each state, unless something has just been done.
_HEADINGS: Mapping[Status, str] = MappingProxyType(
    {
        Status.REQUESTED: "requested",
        Status.BOOKED: "booked",
        Status.CANCELLED: "cancelled",
        Status.CHECKED_IN: "checked_in",
        Status.COMPLETED: "closed",
        Status.NO_SHOW: "closed",
    }
)
# Why something was not done. Whatever is not here is merely impossible.
_REFUSALS: Mapping[str, str] = MappingProxyType(
    {
        "doctor_busy": "time_taken",
        "chair_busy": "time_taken",
        "off_grid": "time_taken",
        "outside_hours": "time_taken",
        # Whoever has the link need not learn of other appointments.
        "patient_busy": "time_taken",
        "too_soon": "too_soon",
        "too_late": "too_late",
        "treatment_not_offered": "treatment_not_offered",
        "past_cutoff": "past_cutoff",
        "too_many_open_visits": "too_many_visits",
        "too_many_requests_open": "too_many_requests",
        "invalid_transition": "not_possible",
        "offer_expired": "offer_over",
        "stale_version": "has_changed",
        "malformed_json": "unreadable",
        "too_large": "unreadable",
        "unsupported_media_type": "unreadable",
    }
)
_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "starts_at": "no_time_chosen",
        "doctor_id": "no_doctor_chosen",
        "reason": "reason_refused",
        "treatment_id": "treatment_gone",
        "patient_id": "impossible",
    }
)
# After these a person looks for another time.
_ABOUT_TIMES = frozenset(
    {
        "time_taken",
        "too_soon",
        "too_late",
        "treatment_not_offered",
        "no_time_chosen",
        "no_doctor_chosen",
    }
)


class Say:
    """Says something by its name in words/, in one language. `ward` is the patient for whom a guardian reads it, and
    None for a patient.
    """

    def __init__(self, language: Language, ward: str | None = None) -> None:
        self._words = WORDS[language]
        self._ward = ward

    def __call__(self, name: str, **parts: object) -> Markup:
        """Returns the words, those for guardians where a guardian reads them and there are any. Each part is escaped,
        unless it is HTML already.
        """
        text = self._words[name]
        if self._ward is not None:
            text = self._words.get(f"{name}_guardian", text)
            parts["patient"] = bdi(self._ward)
        return Markup(text).format(**parts)  # noqa: S704 - our own words


def bdi(name: str) -> Markup:
    """Returns a name that leaves the direction of its neighbours alone."""
    return Markup("<bdi>{}</bdi>").format(name_alone(name))


def heading_of(page: Shown, say: Say) -> Markup:
    """Returns what is true now."""
    visit = page.opened.visit
    if visit is None:
        if page.opened.recall is None:
            return say("offered")
        if page.done is not None:
            return _with_capital(say("cancelled", visit=say("visit")))
        return say("due_later") if page.due_later else say("due_again")
    name = _heading(page, visit.status, confirmed=visit.attendance_confirmed_at is not None)
    return _with_capital(say(name, visit=say("visit")))


def _heading(page: Shown, status: Status, *, confirmed: bool) -> str:
    if page.done is EventAction.MOVE and status in {Status.REQUESTED, Status.BOOKED}:
        return "moved"
    if status is Status.BOOKED and confirmed:
        return "attending"
    return _HEADINGS[status]


def _with_capital(text: Markup) -> Markup:
    return text[:1].upper() + text[1:]


def lead_of(page: Shown) -> str | None:
    """Returns the name of what follows the heading, if anything does."""
    visit = page.opened.visit
    if visit is None:
        if page.opened.recall is not None:
            return _lead_of_recall(page)
        return "is_free" if LinkAction.ACCEPT in page.actions else None
    if visit.status is Status.CANCELLED:
        return _lead_of_cancelled(page)
    if visit.status is Status.REQUESTED:
        return "moved_to_request" if page.done is EventAction.MOVE else "will_tell"
    if visit.status is not Status.BOOKED:
        return None
    return _lead_of_booked(page)


def _lead_of_recall(page: Shown) -> str | None:
    if page.times is None or not page.times.days:
        return None if page.done is None else "done_cancelling"
    # What has just been cancelled is due all the same.
    return "choose_below" if page.done is None else "come_again"


def _lead_of_cancelled(page: Shown) -> str | None:
    if page.done is EventAction.CANCEL:
        return "done_cancelling"
    return "come_again" if page.times is not None and page.times.days else None


def _lead_of_booked(page: Shown) -> str:
    match page.done:
        case EventAction.MOVE:
            return "moved_to"
        case EventAction.CONFIRM_ATTENDANCE:
            return "thank_you"
        case EventAction.BOOK:
            return "expecting"
        case _:
            return "please_confirm" if LinkAction.CONFIRM in page.actions else "expecting"


def refused_by(refusal: DomainError) -> str:
    """Returns the name of the words that say why something was not done."""
    if refusal.code == "validation_error":
        return _FIELDS.get(refusal.field or "", "unreadable")
    return _REFUSALS.get(refusal.code, "impossible")


def asks_for_time(refused: str | None) -> bool:
    return refused in _ABOUT_TIMES


def why_no_times(times: Times) -> str:
    """Returns the name of the words for where no free time is shown, which say no more than what was looked at."""
    if times.only is not None:
        return "none_that_day"
    if times.later is not None:
        return "no_more_before" if times.earlier else "none_before"
    if times.earlier:
        return "no_more"
    return "none_with" if len(times.doctors) > 1 else "none_free"
