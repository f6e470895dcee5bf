"""What is wrong with a value of a practice file, in the words of the file. Whatever the validating library says stays
here.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from lambda_function.domain.appointment import MAX_HORIZON, MAX_OPEN_VISITS
from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.people import Channel, Language
from lambda_function.domain.recalls import MAX_NOTICE_DAYS, MAX_NOTICES, MAX_RECALL_MONTHS
from lambda_function.domain.working_hours import DAY_MINUTES
from lambda_function.services.notifications.own_words import MAX_SUBJECT, MAX_TEXT
from lambda_function.services.practice.declaration import (
    MAX_ENTRIES,
    MAX_HOURS,
    MAX_REMINDER_HOURS,
    MAX_REMINDERS,
    YEAR_MINUTES,
    Declaration,
    DeclaredClinic,
    DeclaredClosure,
    DeclaredDoctor,
    DeclaredHours,
    DeclaredMessage,
    DeclaredQuietHours,
    DeclaredReceptionist,
    DeclaredTreatment,
)
from lambda_function.services.practice.suggestions import did_you_mean

_SECTIONS: Mapping[str, type[BaseModel]] = MappingProxyType(
    {
        "treatments": DeclaredTreatment,
        "clinics": DeclaredClinic,
        "doctors": DeclaredDoctor,
        "receptionists": DeclaredReceptionist,
    }
)
_LISTS: Mapping[str, type[BaseModel]] = MappingProxyType(
    {"closures": DeclaredClosure, "hours": DeclaredHours, "messages": DeclaredMessage}
)
_PARTS: Mapping[str, type[BaseModel]] = MappingProxyType({"quiet_hours": DeclaredQuietHours})
_NAME = "a name of 1 to 200 characters, without control characters and line breaks"
_CODE = "a code of 1 to 64 letters without accents, digits, dots, hyphens and underscores, a letter or digit first"
_USER_NAME = (
    "a user name of 1 to 64 letters without accents, digits and . _ @ + - with a letter or a digit first, such as drluz"
)
_FILE = "one or more of the sections countries, treatments, clinics, doctors and receptionists"
_BY = {"treatments": "code", "clinics": "name", "doctors": "user name", "receptionists": "user name"}
_KEYS = {"treatments": _CODE, "clinics": _NAME, "doctors": _USER_NAME, "receptionists": _USER_NAME}
_COUNTRY = "a country as two capital letters (ISO 3166), such as PE for Peru"
_DATE = "a date of the years 1000 to 2999, such as 2030-01-31"
_TIME = "a time from 00:00 to 24:00 on a whole five minutes, such as 08:30"
_BUFFER = f"a number of minutes from 0 to {DAY_MINUTES} in steps of 5, such as 10"
# A description of the values of each key. `[]` stands for an entry of the list.
VALUES: Mapping[str, str] = MappingProxyType(
    {
        "name": _NAME,
        "duration_minutes": f"a number of minutes from 5 to {DAY_MINUTES} in steps of 5, such as 30",
        "buffer_before_minutes": _BUFFER,
        "buffer_after_minutes": _BUFFER,
        "needs_approval": "true or false",
        "recall_months": f"a number of months from 1 to {MAX_RECALL_MONTHS}, such as 6, or null for no recalls",
        "price": "an amount such as 40 or 40.50, or null",
        "active": "true or false",
        "countries": "a list of countries, such as [CL, PE], or [] for none",
        "countries[]": _COUNTRY,
        "country": _COUNTRY,
        "time_zone": "a time zone such as America/Lima",
        "language": f"one of the languages {' and '.join(Language)}",
        "lead_minutes": f"a number of minutes from 0 to {YEAR_MINUTES}, such as 60",
        "horizon_days": f"a number of days from 1 to {MAX_HORIZON.days}, such as 400",
        "cutoff_minutes": f"a number of minutes from 0 to {YEAR_MINUTES}, such as 1440 for a day",
        "slot_step_minutes": f"a number of minutes from 5 to {DAY_MINUTES} in steps of 5, such as 15",
        "offer_minutes": f"a number of minutes from 1 to {YEAR_MINUTES}, such as 120",
        "max_open_visits": f"a number of visits from 1 to {MAX_OPEN_VISITS}, such as 20, or null for no limit",
        "address": "an address of 1 to 500 characters on one line, without control characters, or null",
        "reminder_hours": f"a list of at most {MAX_REMINDERS} numbers of hours, such as [48, 2], or [] for none",
        "reminder_hours[]": f"a whole number of hours from 1 to {MAX_REMINDER_HOURS}, such as 48",
        "recall_notice_days": f"a list of at most {MAX_NOTICES} numbers of days, such as [-14, 14], or [] for none",
        "recall_notice_days[]": f"a whole number of days from -{MAX_NOTICE_DAYS} to {MAX_NOTICE_DAYS}, such as -14",
        "quiet_hours": "from and to, such as {from: 21:00, to: 08:00}, or null for none",
        "from": _TIME,
        "to": _TIME,
        "messages": f"a list of at most {MAX_ENTRIES} entries with kind, channel, language and text",
        "messages[]": "an entry with kind, channel, language and text, and with subject for an e-mail",
        "kind": f"one of the kinds {', '.join(NotificationKind)}",
        "channel": f"one of the channels {Channel.EMAIL} and {Channel.SMS}",
        "subject": f"a subject of 1 to {MAX_SUBJECT} characters on one line, without control characters",
        "text": f"a text of 1 to {MAX_TEXT} characters, without control characters",
        "chairs": f"a list of at most {MAX_ENTRIES} names, such as [Window, Door]",
        "chairs[]": _NAME,
        "closures": f"a list of at most {MAX_ENTRIES} entries with first_day and last_day",
        "closures[]": "an entry with first_day and last_day",
        "first_day": _DATE,
        "last_day": _DATE,
        "reason": "a reason of 1 to 500 characters, without control characters, or null",
        "full_name": "a person's name of 1 to 200 characters with a letter, without control characters and line breaks",
        "email": "an e-mail address such as luz@example.org, or null",
        "phone": "a phone number such as +51 84 000 000 or 084 000 000 ext. 12, or null",
        "clinic": "the name of a clinic",
        "clinics": f"a list of at most {MAX_ENTRIES} names of clinics, such as [Cusco]",
        "clinics[]": "the name of a clinic",
        "treatments": f"a list of at most {MAX_ENTRIES} codes of treatments, such as [checkup]",
        "treatments[]": "the code of a treatment, such as checkup",
        "default_treatment": "the code of one of the doctor's treatments, or null",
        "hours": f"a list of at most {MAX_HOURS} entries with weekdays, start and end",
        "hours[]": "an entry with weekdays, start and end",
        "weekdays": "a list of weekdays from 1 for Monday to 7 for Sunday, such as [1, 2, 3]",
        "weekdays[]": "a weekday from 1 for Monday to 7 for Sunday",
        "start": _TIME,
        "end": _TIME,
        "valid_from": f"{_DATE}, or null",
        "valid_to": f"{_DATE}, or null",
    }
)
_UNKNOWN_KEY = frozenset({"extra_forbidden", "invalid_key"})
_KEY = "[key]"


def place_and_message(error: Mapping[str, Any]) -> tuple[tuple[str | int, ...], str]:
    """Returns where one of the library's errors is in the file, and what to do about it."""
    place: tuple[str | int, ...] = error["loc"]
    if place and place[-1] == _KEY:
        return place[:-1], f"cannot be a key here; use {_KEYS[str(place[0])]}"
    return place, _message(place, error)


def _message(place: tuple[str | int, ...], error: Mapping[str, Any]) -> str:
    kind = error["type"]
    if kind in _UNKNOWN_KEY:
        keys = _keys_at(place[:-1])
        hint = did_you_mean(str(place[-1]), keys) or "the keys here are " + ", ".join(keys)
        return f"is not known here; {hint}"
    if kind == "too_long" and len(place) == 1:
        return f"has too many entries; write at most {error['ctx']['max_length']} into one file"
    if kind == "missing":
        return f"is missing; add {_expected(place)}"
    if error["input"] is None:
        return f"is empty; give {_expected(place)}"
    if kind == "value_error" and (text := str(error["ctx"]["error"])):
        return text
    return f"must be {_expected(place)}"


def _keys_at(place: tuple[str | int, ...]) -> list[str]:
    match place:
        case ():
            return list(Declaration.model_fields)
        case (section, _):
            return keys_of(_SECTIONS[str(section)])
        case (*_, key) if key in _PARTS:
            return keys_of(_PARTS[str(key)])
        case (*_, key, _):
            return keys_of(_LISTS[str(key)])
        case _:
            return []


def keys_of(thing: type[BaseModel]) -> list[str]:
    """Returns the keys of an entry, as the file writes them."""
    return [field.alias or name for name, field in thing.model_fields.items()]


def _expected(place: tuple[str | int, ...]) -> str:
    match place:
        case ():
            return _FILE
        case (section,) if section in _SECTIONS:
            return f"{section}, each below its {_BY[str(section)]}"
        case (section, _) if section in _SECTIONS:
            required = [name for name, field in _SECTIONS[str(section)].model_fields.items() if field.is_required()]
            return f"an entry with {' and '.join(required)}"
        case (*_, key, int()):
            return VALUES[f"{key}[]"]
        case _:
            return VALUES[str(place[-1])]
