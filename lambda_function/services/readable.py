"""Dates, times and names as people read them, in messages and on pages."""

import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType

from babel.dates import format_date

from lambda_function.domain.people import Language
from lambda_function.domain.time_zones import time_zone
from lambda_function.domain.written_text import BREAKING, TURNING

_RIGHT_TO_LEFT = frozenset({"R", "AL"})
# First Strong Isolate and Pop Directional Isolate: what stands between them turns nothing that stands around them.
_ISOLATED = "\u2068{}\u2069"
# Patterns of Unicode's CLDR: a day in full and for an SMS.
_DAY: Mapping[tuple[Language, bool], str] = MappingProxyType(
    {
        (Language.EN, False): "EEEE, d MMMM y",
        (Language.EN, True): "EEE d MMM",
        (Language.ES, False): "EEEE d 'de' MMMM 'de' y",
        (Language.ES, True): "EEE d MMM",
    }
)
# What stands before each fact of a visit, in messages and on pages.
FACT_LABELS: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {
        Language.EN: {
            "patient": "For",
            "until": "Answer by",
            "due": "Due on",
            "doctor": "With",
            "treatment": "Treatment",
            "clinic": "Where",
            "address": "Address",
            "phone": "Phone",
            "email": "E-mail",
        },
        Language.ES: {
            "patient": "Paciente",
            "until": "Fecha límite",
            "due": "Fecha recomendada",
            "doctor": "Con",
            "treatment": "Tratamiento",
            "clinic": "Clínica",
            "address": "Dirección",
            "phone": "Teléfono",
            "email": "Correo",
        },
    }
)
_UNBROKEN = "\u00a0"
_AT: Mapping[Language, str] = MappingProxyType({Language.EN: "{} at {}", Language.ES: "{} a las {}"})
# One `á` would make an SMS more than twice as long (see sms_segments), and `sab` is what people write in one.
_SHORTER = str.maketrans("á", "a")


def one_line(text: str) -> str:
    """The text on one line, without control characters."""
    return " ".join(BREAKING.sub(" ", text).split())


def name_alone(text: str) -> str:
    """A name on one line that turns nothing around it on purpose. Earlier releases stored names as they were typed."""
    return one_line(TURNING.sub("", text.encode(errors="ignore").decode()))


def name_in_text(text: str) -> str:
    """A name that leaves the direction of its neighbours alone, where there is no HTML to keep them apart."""
    line = name_alone(text)
    turns = any(unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in line)
    return _ISOLATED.format(line) if turns else line


def unbroken(phone: str) -> str:
    """A telephone number that stays on one line: one that is broken is hard to read, and to call."""
    return phone.replace(" ", _UNBROKEN)


def alone(text: str) -> str:
    """A date begins with a capital where it stands alone, in Spanish too."""
    return text[:1].upper() + text[1:]


def local_time(instant: datetime, zone_name: str) -> datetime:
    """The time on the clocks of the zone, and in UTC where nobody knows these."""
    return instant.astimezone(time_zone(zone_name) or UTC)


def day_of(day: date, language: Language, *, short: bool = False) -> str:
    written = format_date(day, _DAY[language, short], locale=language)
    return written.translate(_SHORTER) if short else written


def time_of(local: datetime) -> str:
    """The time, with the name of the clock's setting where clocks show that time twice, and in UTC."""
    time = f"{local:%H:%M}"
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{time} ({_setting(local)})" if twice or local.tzinfo is UTC else time


def day_and_time(local: datetime, language: Language, *, short: bool = False) -> str:
    return _AT[language].format(day_of(local, language, short=short), time_of(local))


def _setting(local: datetime) -> str:
    name = local.tzname() or ""
    return name if name.isalpha() else f"UTC{name}"
