"""What a message can say, by the names that templates and clinics' own words use."""

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from babel.dates import format_datetime

from lambda_function.domain.people import Channel, Language
from lambda_function.domain.time_zones import time_zone
from lambda_function.domain.written_text import BREAKING, TURNING
from lambda_function.services.notifications.messages import MessageFacts

_RIGHT_TO_LEFT = frozenset({"R", "AL"})
# First Strong Isolate and Pop Directional Isolate: what stands between them turns nothing that stands around them.
_ISOLATED = "\u2068{}\u2069"
# Patterns of Unicode's CLDR: a day and a day with its time, in full and for an SMS.
_DAY: Mapping[tuple[Language, bool], str] = MappingProxyType(
    {
        (Language.EN, False): "EEEE, d MMMM y",
        (Language.EN, True): "EEE d MMM",
        (Language.ES, False): "EEEE d 'de' MMMM 'de' y",
        (Language.ES, True): "EEE d MMM",
    }
)
_AT: Mapping[Language, str] = MappingProxyType({Language.EN: "{} at {}", Language.ES: "{} a las {}"})
# One `á` would make an SMS more than twice as long (see sms_segments), and `sab` is what people write in one.
_SHORTER = str.maketrans("á", "a")


def names_of(facts: MessageFacts) -> dict[str, object]:
    """Returns the values by name. What is missing is None."""
    in_sms = facts.channel is Channel.SMS
    local = _local(facts.starts_at, facts)
    until = facts.offer_expires_at
    return {
        "name": _name(facts.addressee_name),
        "patient": _name(facts.patient_name),
        "for_guardian": facts.for_guardian,
        "clinic": _name(facts.clinic_name),
        "address": _given(facts.clinic_address),
        "phone": _given(facts.clinic_phone),
        "email": _given(facts.clinic_email),
        "doctor": _name(facts.doctor_name),
        "treatment": _name(facts.treatment_name),
        "day": _day(local, facts.language, in_sms=in_sms),
        "time": _time(local),
        "when": _when(local, facts.language, in_sms=in_sms),
        "until": until and _when(_local(until, facts), facts.language, in_sms=in_sms),
        "link": facts.link,
        "unconfirmed": facts.unconfirmed,
    }


def one_line(text: str) -> str:
    """The text on one line, without control characters."""
    return " ".join(BREAKING.sub(" ", text).split())


def _name(text: str) -> str:
    """A name that leaves the direction of its neighbours alone. Earlier releases stored names as they were typed."""
    line = one_line(TURNING.sub("", text.encode(errors="ignore").decode()))
    turns = any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in line)
    return _ISOLATED.format(line) if turns else line


def _given(text: str | None) -> str | None:
    return _name(text) if text else None


def _local(instant: datetime, facts: MessageFacts) -> datetime:
    """The time on the clinic's clocks, and in UTC where nobody knows these."""
    return instant.astimezone(time_zone(facts.time_zone) or UTC)


def _day(local: datetime, language: Language, *, in_sms: bool) -> str:
    day = format_datetime(local, _DAY[language, in_sms], locale=language)
    return day.translate(_SHORTER) if in_sms else day


def _time(local: datetime) -> str:
    """The time, with the name of the clock's setting where clocks show that time twice."""
    time = f"{local:%H:%M}"
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{time} ({_setting(local)})" if twice or local.tzinfo is UTC else time


def _setting(local: datetime) -> str:
    name = local.tzname() or ""
    return name if name.isalpha() else f"UTC{name}"


def _when(local: datetime, language: Language, *, in_sms: bool) -> str:
    return _AT[language].format(_day(local, language, in_sms=in_sms), _time(local))
