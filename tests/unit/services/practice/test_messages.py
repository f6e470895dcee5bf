"""Messages about a practice file use the words of the file, and say what to do next."""

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_function.services.practice import declaration_messages
from lambda_function.services.practice.declaration import (
    DeclaredClinic,
    DeclaredClosure,
    DeclaredDoctor,
    DeclaredHours,
    DeclaredMessage,
    DeclaredQuietHours,
    DeclaredReceptionist,
    DeclaredTreatment,
)
from lambda_function.services.practice.read_declaration import DeclarationError, read_declaration
from lambda_function.services.practice.suggestions import closest_time_zone, listed

VALID: dict[str, Any] = {
    "countries": ["CL", "PE"],
    "treatments": {
        "checkup": {
            "name": "Check-up",
            "duration_minutes": 30,
            "buffer_before_minutes": 0,
            "buffer_after_minutes": 10,
            "needs_approval": False,
            "recall_months": 6,
            "price": "40.50",
            "active": True,
        }
    },
    "clinics": {
        "Cusco": {
            "country": "PE",
            "time_zone": "America/Lima",
            "language": "es",
            "lead_minutes": 60,
            "horizon_days": 400,
            "cutoff_minutes": 1440,
            "slot_step_minutes": 15,
            "offer_minutes": 120,
            "max_open_visits": 20,
            "address": "Calle Plateros 316, Cusco",
            "phone": "+51 84 000 000",
            "email": "cusco@example.org",
            "reminder_hours": [48, 2],
            "recall_notice_days": [-14, 14, 60],
            "quiet_hours": {"from": "21:00", "to": "08:00"},
            "messages": [
                {"kind": "BOOKED", "channel": "EMAIL", "language": "en", "subject": "{{ day }}", "text": "Welcome"},
                {"kind": "REMINDER", "channel": "SMS", "language": "es", "text": "{{ clinic }}: {{ when }}"},
            ],
            "active": True,
            "chairs": ["Window", "Door"],
            "closures": [{"first_day": "2031-07-28", "last_day": "2031-07-29", "reason": "Holiday"}],
        }
    },
    "doctors": {
        "drluz": {
            "full_name": "Luz Mamani",
            "email": "luz@example.org",
            "phone": "+51 84 000 000",
            "active": True,
            "clinic": "Cusco",
            "treatments": ["checkup"],
            "default_treatment": "checkup",
            "hours": [
                {"weekdays": [1, 2], "start": "08:00", "end": "12:00"},
                {
                    "weekdays": [3],
                    "start": "14:00",
                    "end": "18:00",
                    "valid_from": "2031-01-01",
                    "valid_to": "2031-03-31",
                },
            ],
        }
    },
    "receptionists": {
        "rosario": {"full_name": "Rosario Quispe", "email": None, "phone": None, "active": True, "clinics": ["Cusco"]}
    },
}
Place = tuple[str | int, ...]


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*at, key))


def holder(document: Any, place: Place) -> Any:
    """Returns the object or list that holds the last step of the place."""
    for step in place[:-1]:
        document = document[step]
    return document


def with_value(place: Place, value: Any) -> Any:
    document = {"file": copy.deepcopy(VALID)}
    holder(document, ("file", *place))[("file", *place)[-1]] = value
    return document["file"]


def problems(document: Any) -> dict[str, str]:
    with pytest.raises(DeclarationError) as refusal:
        read_declaration(document)
    return {".".join(map(str, path)): message for path, message in refusal.value.problems}


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (
            (),
            None,
            "is empty; give one or more of the sections countries, treatments, clinics, doctors and receptionists",
        ),
        ((), [], "must be one or more of the sections countries, treatments, clinics, doctors and receptionists"),
        (("clinics",), None, "is empty; give clinics, each below its name"),
        (("clinics", "Cusco"), 5, "must be an entry with country and time_zone"),
        (("clinics", "Cusco", "contry"), "PE", "is not known here; did you mean country?"),
        (
            ("rooms",),
            {},
            "is not known here; the keys here are countries, treatments, clinics, doctors, receptionists",
        ),
        (("countrys",), ["PE"], "is not known here; did you mean countries?"),
        (("countries",), None, "is empty; give a list of countries, such as [CL, PE], or [] for none"),
        (("countries", 0), "Chile", "must be a country as two capital letters (ISO 3166), such as PE for Peru"),
        (("countries",), ["CL", "CL"], "names CL twice; remove one of them"),
        (
            ("clinics", "Cusco", "country"),
            "Peru",
            "must be a country as two capital letters (ISO 3166), such as PE for Peru",
        ),
        (("clinics", "Cusco", "time_zone"), "Lima", "is not a known time zone; did you mean America/Lima?"),
        (("clinics", "Cusco", "time_zone"), "America/Lma", "is not a known time zone; did you mean America/Lima?"),
        (
            ("clinics", "Cusco", "time_zone"),
            "0000",
            "is not a known time zone; give one such as America/Lima or Europe/Madrid",
        ),
        (("clinics", "Cusco", "language"), "fr", "must be one of the languages en and es"),
        (("clinics", "Cusco", "language"), None, "is empty; give one of the languages en and es"),
        (("clinics", "Cusco", "lead_minutes"), "60", "must be a number of minutes from 0 to 527040, such as 60"),
        (("clinics", "Cusco", "lead_minutes"), None, "is empty; give a number of minutes from 0 to 527040, such as 60"),
        (("clinics", "Cusco", "reminder_hours"), [48, 48], "names 48 twice; remove one of them"),
        (("clinics", "Cusco", "reminder_hours", 0), 0, "must be a whole number of hours from 1 to 720, such as 48"),
        (
            ("clinics", "Cusco", "recall_notice_days", 0),
            1.5,
            "must be a whole number of days from -366 to 366, such as -14",
        ),
        (
            ("clinics", "Cusco", "quiet_hours"),
            "21:00",
            "must be from and to, such as {from: 21:00, to: 08:00}, or null for none",
        ),
        (("clinics", "Cusco", "quiet_hours", "until"), "08:00", "is not known here; the keys here are from, to"),
        (
            ("clinics", "Cusco", "quiet_hours"),
            {"from": "21:00", "to": "21:00"},
            "have no length: from and to must differ; for no quiet hours at all, write null",
        ),
        (
            ("clinics", "Cusco", "messages", 0, "kind"),
            "BOOK",
            "must be one of the kinds BOOKED, REQUESTED, CONFIRMED, MOVED, CANCELLED, REMINDER, OFFER, RECALL",
        ),
        (("clinics", "Cusco", "messages", 0, "channel"), "NONE", "must be one of the channels EMAIL and SMS"),
        (("clinics", "Cusco", "messages", 0, "txt"), "Hi", "is not known here; did you mean text?"),
        (("clinics", "Cusco", "chairs"), ["Door", "Door"], "names Door twice; remove one of them"),
        (
            ("treatments", "checkup", "duration_minutes"),
            31,
            "must be a number of minutes from 5 to 1440 in steps of 5, such as 30",
        ),
        (
            ("treatments", "checkup", "recall_months"),
            0,
            "must be a number of months from 1 to 120, such as 6, or null for no recalls",
        ),
        (("treatments", "checkup", "price"), "dear", "must be an amount such as 40 or 40.50, or null"),
        (
            ("doctors", "drluz", "hours", 0, "start"),
            "8:00",
            "must be a time from 00:00 to 24:00 on a whole five minutes, such as 08:30",
        ),
        (("doctors", "drluz", "email"), "luz", "must be an e-mail address such as luz@example.org, or null"),
        (("receptionists", "rosario", "active"), "yes", "must be true or false"),
    ],
)
def test_a_message_says_what_to_write(place: Place, value: Any, message: str) -> None:
    assert problems(with_value(place, value)) == {".".join(map(str, place)): message}


def test_what_is_missing_is_described() -> None:
    document = copy.deepcopy(VALID)
    del document["clinics"]["Cusco"]["time_zone"]
    assert problems(document) == {"clinics.Cusco.time_zone": "is missing; add a time zone such as America/Lima"}


def test_a_key_that_cannot_be_one_is_told_at_the_key() -> None:
    document = copy.deepcopy(VALID)
    document["doctors"]["Dr Jay"] = document["doctors"]["drluz"]
    assert problems(document)["doctors.Dr Jay"].startswith("cannot be a key here; use a user name of 1 to 64 letters")


def test_both_hours_that_overlap_are_named_as_the_file_writes_them() -> None:
    night = {"weekdays": [7], "start": "22:00", "end": "09:00", "valid_from": "2031-01-01"}
    document = with_value(("doctors", "drluz", "hours", 1), night)
    assert problems(document) == {
        "doctors.drluz.hours.1": (
            "Sun 22:00-09:00 from 2031-01-01 (hours.1) overlaps Mon 08:00-12:00 (hours.0); change one of the two"
        )
    }


def test_a_section_that_is_too_long_says_how_many_fit() -> None:
    treatment = VALID["treatments"]["checkup"]
    document = {"treatments": {f"t{number}": treatment for number in range(1001)}}
    assert problems(document) == {"treatments": "has too many entries; write at most 1000 into one file"}


def test_every_key_of_a_file_has_a_description() -> None:
    things = (
        DeclaredTreatment,
        DeclaredClinic,
        DeclaredClosure,
        DeclaredQuietHours,
        DeclaredMessage,
        DeclaredDoctor,
        DeclaredHours,
        DeclaredReceptionist,
    )
    keys = {"countries", *(key for thing in things for key in declaration_messages.keys_of(thing))}
    described = {key.removesuffix("[]") for key in declaration_messages.VALUES}
    assert described == keys


# Words of Python, pydantic and JSON.
FORBIDDEN = re.compile(
    r"regex|pattern|\^|Input should|pydantic|ValidationError|Extra inputs|not permitted|Value error|"
    r"\b(dict|dictionary|NoneType|None|str|string|int|integer|bool|boolean|float|decimal|Decimal|model|instance|object|valid)\b"
)
GARBAGE: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False)
    | st.sampled_from(["", " ", "x", "Peru", "08:30", "2031-02-30", "a@b", "\x00", "\ud800", "Ñ" * 600, "America"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "start", "x", ""]), inner),
    max_leaves=4,
)


def messages(document: Any) -> list[str]:
    try:
        read_declaration(document)
    except DeclarationError as error:
        return [message for _, message in error.problems]
    return []


@given(place=st.sampled_from(list(places(VALID))), value=GARBAGE)
def test_whatever_value_is_in_a_file_no_message_holds_a_word_of_a_library(place: Place, value: Any) -> None:
    assert not list(filter(FORBIDDEN.search, messages(with_value(place, value))))


@given(
    place=st.sampled_from([place for place in places(VALID) if place and isinstance(place[-1], str)]),
    key=st.sampled_from(["nam", "x y", "", "\ud800", 7, True, None]),
    value=GARBAGE,
)
def test_whatever_key_is_in_a_file_no_message_holds_a_word_of_a_library(place: Place, key: Any, value: Any) -> None:
    assert not list(filter(FORBIDDEN.search, messages(with_value((*place[:-1], key), value))))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("madrid", "Europe/Madrid"),  # without its continent
        ("america/lima", "America/Lima"),
        ("AMERICA/LIMA", "America/Lima"),
        ("America/Lima ", "America/Lima"),
        ("right/America/New_York", "America/New_York"),
        ("posix/America/Lima", "America/Lima"),
        ("utc", "UTC"),
    ],
)
def test_a_name_that_is_no_zone_suggests_the_one_that_is_meant(name: str, meant: str) -> None:
    assert closest_time_zone(name) == meant
    message = messages(with_value(("clinics", "Cusco", "time_zone"), name))
    assert message == [f"is not a known time zone; did you mean {meant}?"]


@pytest.mark.parametrize("name", ["localtime", "posixrules", "America", "zone.tab", "../UTC", "/etc/localtime", ""])
def test_files_and_folders_of_a_zone_database_are_no_zones(name: str) -> None:
    [message] = messages(with_value(("clinics", "Cusco", "time_zone"), name))
    assert message.startswith("is not a known time zone; ")


def test_long_lists_are_cut_short() -> None:
    assert listed(f"t{number:02}" for number in range(12)).endswith("t08, t09 and 2 more")
