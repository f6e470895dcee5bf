"""Tries a clinic's own words before anybody gets them, with facts of every sort."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.people import Channel, Language
from lambda_function.services.notifications.message_names import names_of
from lambda_function.services.notifications.messages import MessageFacts
from lambda_function.services.notifications.own_words import rendered
from lambda_function.services.notifications.wording import sms_text

_STARTS_AT = datetime(2030, 9, 25, 15, tzinfo=UTC)
_LONG = "Maximiliana " * 16
_ORDINARY: Mapping[str, Any] = {
    "addressee_name": "Ana Torres",
    "patient_name": "Ana Torres",
    "for_guardian": False,
    "clinic_name": "Lima Dental",
    "clinic_address": "Av. Larco 345, Lima",
    "clinic_phone": "+51 1 234 5678",
    "clinic_email": "lima@example.org",
    "time_zone": "America/Lima",
    "doctor_name": "Luz Quispe",
    "treatment_name": "Check-up",
    "starts_at": _STARTS_AT,
    "ends_at": _STARTS_AT + timedelta(minutes=30),
    "offer_expires_at": _STARTS_AT - timedelta(days=1),
    "link": "https://visits.example.org/visit/0123456789abcdef0123456789abcdef",
}
# A recall has a day in place of a time.
_RECALL: Mapping[str, Any] = {"doctor_name": "", "starts_at": None, "ends_at": None, "due_on": date(2030, 9, 25)}
_SORTS: tuple[Mapping[str, Any], ...] = (
    {},
    {"addressee_name": "Rosa Torres", "for_guardian": True},
    {"attending": True},
    {"changeable": False},
    {"attending": True, "changeable": False},
    {"clinic_address": None, "clinic_phone": None, "clinic_email": None, "link": None},
    {
        **dict.fromkeys(("addressee_name", "patient_name", "clinic_name", "doctor_name", "treatment_name"), _LONG),
        "clinic_address": _LONG * 2,
    },
)


def try_text(source: str, kind: NotificationKind, channel: Channel, language: Language) -> None:
    """Raises BrokenWordsError if the text cannot be used for such messages."""
    for names in _names(kind, channel, language):
        text = rendered(source, names, kind, channel)
        if channel is Channel.SMS:
            sms_text(text)


def try_subject(source: str, kind: NotificationKind, channel: Channel, language: Language) -> None:
    """Raises BrokenWordsError if the subject cannot be used for such messages."""
    for names in _names(kind, channel, language):
        rendered(source, names, kind, channel, in_subject=True)


@cache
def _names(kind: NotificationKind, channel: Channel, language: Language) -> tuple[Mapping[str, object], ...]:
    of_kind = _RECALL if kind is NotificationKind.RECALL else {}
    sorts = ({**_ORDINARY, **sort, **of_kind} for sort in _SORTS)
    return tuple(names_of(MessageFacts(kind=kind, channel=channel, language=language, **sort)) for sort in sorts)
