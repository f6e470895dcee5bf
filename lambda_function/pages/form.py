"""Reads what a page sends: the query of a GET, and the form of a POST."""

import re
from collections.abc import Mapping
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from lambda_function.domain.errors import InvalidInputError
from lambda_function.services.links.acting import LinkAction, LinkRequest
from lambda_function.services.links.times import TimesWanted
from lambda_function.services.text_rules import Reason, day_in, id_in, instant_in, without_control_characters
from lambda_function.web.errors import EdgeError
from lambda_function.web.events import Event
from lambda_function.web.raw_requests import limited_body, pairs_of

_FORM = re.compile(r"application/x-www-form-urlencoded\s*(;.*)?", re.IGNORECASE)
_PARTS = re.compile(r"multipart/form-data\s*;.*", re.IGNORECASE)
_REASON: TypeAdapter[str] = TypeAdapter(Reason)
# What is shown again of a reason that was too long.
_MOST_TYPED = 1000
_ONE_CLICK = ("List-Unsubscribe", "One-Click")
_ONE_CLICK_PART = re.compile(rb'name="?List-Unsubscribe"?\r?\n(?:[^\r\n]+\r?\n){0,5}\r?\nOne-Click\r?\n--')


def times_wanted(event: Event) -> TimesWanted:
    """Returns the times that the query asks for. What it does not say, or says wrongly, is as by default: programs that
    count clicks add to addresses what they like.
    """
    try:
        query = dict(pairs_of(event.get("rawQueryString", ""), "query"))
    except EdgeError:
        query = {}
    return TimesWanted(id_in(query.get("doctor_id")), day_in(query.get("from")), day_in(query.get("day")))


def form_of(event: Event) -> Mapping[str, str]:
    """Returns the fields of the form by name. One click in a mail program may send a form in parts, which has no other
    field that matters here.

    Raises EdgeError: unsupported_media_type, malformed_json, too_large, validation_error.
    """
    body = limited_body(event)
    media_type = next((value for name, value in event.get("headers", {}).items() if name.lower() == "content-type"), "")
    if _FORM.fullmatch(media_type):
        return dict(pairs_of(body, "body"))
    if _PARTS.fullmatch(media_type) and _ONE_CLICK_PART.search(body):
        return dict([_ONE_CLICK])
    raise EdgeError("unsupported_media_type", "Send a form.")


def is_one_click(form: Mapping[str, str]) -> bool:
    """Returns whether it is what a mail program sends by itself when somebody unsubscribes there (RFC 8058)."""
    return _ONE_CLICK in form.items()


def link_request(form: Mapping[str, str]) -> LinkRequest:
    """Returns what the form asks for. Fields that are empty count as missing, and unknown ones are left alone. Raises
    InvalidInputError on the field.
    """
    if is_one_click(form):
        return LinkRequest(action=LinkAction.UNSUBSCRIBE)
    fields = {name: value for name, value in form.items() if value.strip()}
    return LinkRequest(
        action=_action(fields),
        starts_at=_starts_at(fields),
        doctor_id=_doctor_id(fields),
        reason=_reason(fields),
        seen=fields.get("seen"),
    )


def reason_typed(form: Mapping[str, str]) -> str:
    """Returns what the form gives as the reason, so that it does not have to be typed again: its beginning, without the
    characters for which it is refused.
    """
    return without_control_characters(form.get("reason", "")[:_MOST_TYPED])


def _action(fields: Mapping[str, str]) -> LinkAction:
    try:
        return LinkAction(fields.get("action", ""))
    except ValueError:
        raise InvalidInputError("Choose what to do.", field="action") from None


def _starts_at(fields: Mapping[str, str]) -> datetime | None:
    try:
        instant = instant_in(fields.get("starts_at"))
    except OverflowError:
        instant = None
    if instant is None and "starts_at" in fields:
        raise InvalidInputError("Choose one of the times.", field="starts_at")
    return instant


def _doctor_id(fields: Mapping[str, str]) -> int | None:
    number = id_in(fields.get("doctor_id"))
    if number is None and "doctor_id" in fields:
        raise InvalidInputError("Choose one of the doctors.", field="doctor_id")
    return number


def _reason(fields: Mapping[str, str]) -> str | None:
    if "reason" not in fields:
        return None
    try:
        # Browsers count a line break as one character, and send it as two.
        return _REASON.validate_python(fields["reason"].replace("\r\n", "\n"))
    except ValidationError:
        raise InvalidInputError("Give the reason in plain text of at most 500 characters.", field="reason") from None
