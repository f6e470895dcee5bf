"""Hypothesis strategies for practice files, with names that a reader of YAML could take for something else."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from lambda_function.domain.errors import InvalidInputError
from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.user_names import folded
from lambda_function.domain.working_hours import WeeklyHours, check_week, clock
from lambda_function.services.practice.declaration import DeclaredHours
from lambda_function.services.text_rules import Name, PersonName, Reason

MISREAD_CODES = ("NO", "on", "y", "true", "null", "0", "007", "0x1F", "0o17", "1_000", "1e3", "1.5", "2031-01-31")
MISREAD = (
    *MISREAD_CODES,
    *("~", "-", "- x", "-5", "+5", "10:30", "12:00", "=", "<<", "? x", "x: y", "x #y", "# x", "*x", "&x", "!x", "%x"),
    *("@x", "`x", "[x]", "{x}", "x, y", '"x"', "'x'", "'", '"', ".inf", ".NaN", "---", "...", "No: 5, «Süd»"),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LONG_TEXTS = st.lists(TEXTS, max_size=30).map(" ".join)


def accepted(kind: Any, texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Returns those of the texts that a file may hold as this kind, as they are stored."""
    adapter = TypeAdapter(kind)

    def is_accepted(text: str) -> bool:
        try:
            adapter.validate_python(text)
        except ValidationError:
            return False
        return True

    return texts.filter(is_accepted).map(adapter.validate_python)


NAMES = st.sampled_from([*MISREAD, "a\\nb"]) | accepted(Name, TEXTS | LONG_TEXTS)
PERSON_NAMES = st.sampled_from(["NO", "on", "Null", "Ñandú", "李明", "עדי", "O'Brien", "'x'"]) | accepted(
    PersonName, TEXTS
)
REASONS = st.sampled_from([*MISREAD, "a\nb", "a\r\nb", "a\tb", "a\u2028b"]) | accepted(Reason, TEXTS | LONG_TEXTS)
CODES = st.sampled_from(MISREAD_CODES) | st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
USER_NAMES = st.sampled_from(MISREAD_CODES) | st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}", fullmatch=True)
EMAILS = st.none() | st.sampled_from(["ana@example.org", "#a@example.org", "ñ&*@example.org", "'%@example.org"])
PHONES = st.none() | st.sampled_from(["0511", "+51 84 000 000", "1234", "(01) 234-5678 ext. 12", "5551234#12", "1.000"])
PRICES = (
    st.none()
    | st.integers(0, 10**10 - 1)
    | st.integers(0, 10**12 - 1).map(lambda cents: f"{cents // 100}.{cents % 100:02d}")
)
COUNTRIES = st.lists(st.sampled_from(["PE", "NO", "ON", "CL"]), unique=True)
DAYS = st.dates().filter(lambda day: 1000 <= day.year < 3000).map(str)
CLOCKS = st.integers(0, 288).map(lambda number: clock(5 * number))
STEPS = st.integers(1, 288).map(lambda number: 5 * number)
YEAR_MINUTES = 366 * 24 * 60

TREATMENTS = st.fixed_dictionaries(
    {"name": NAMES, "duration_minutes": STEPS},
    optional={
        "buffer_before_minutes": STEPS,
        "buffer_after_minutes": STEPS,
        "needs_approval": st.booleans(),
        "recall_months": st.none() | st.integers(1, 120),
        "price": PRICES,
        "active": st.booleans(),
    },
)


def _in_order(entry: dict[str, Any], first: str, last: str) -> dict[str, Any]:
    if entry.get(first) and entry.get(last):
        entry[first], entry[last] = sorted((entry[first], entry[last]))
    return entry


CLOSURES = st.lists(
    st.fixed_dictionaries({"first_day": DAYS, "last_day": DAYS}, optional={"reason": st.none() | REASONS}).map(
        lambda entry: _in_order(entry, "first_day", "last_day")
    ),
    max_size=3,
    unique_by=lambda entry: (entry["first_day"], entry["last_day"]),
)
OWN_TEXTS = st.sampled_from(["NO", "10:30", "{{ clinic }}: # 'x'\n\n- y", "{% if phone %}{{ phone }}{% endif %}?"])
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"kind": st.sampled_from(NotificationKind), "language": st.sampled_from(["en", "es"])}
    ).flatmap(
        lambda entry: st.one_of(
            st.fixed_dictionaries(
                {"channel": st.just("EMAIL"), "subject": st.sampled_from(["NO", "{{ clinic }}"]), "text": OWN_TEXTS}
            ),
            st.fixed_dictionaries({"channel": st.just("SMS"), "text": OWN_TEXTS}),
        ).map(lambda words: {**entry, **words, "kind": entry["kind"].value})
    ),
    max_size=3,
    unique_by=lambda entry: (entry["kind"], entry["channel"], entry["language"]),
)
QUIET_HOURS = st.none() | st.sampled_from(
    [{"from": "21:00", "to": "08:00"}, {"from": "00:00", "to": "06:05"}, {"from": "22:00", "to": "24:00"}]
)
CLINICS = st.fixed_dictionaries(
    {
        "country": st.sampled_from(["PE", "NO", "ON", "CL"]),
        "time_zone": st.sampled_from(["America/Lima", "Europe/Oslo", "Etc/GMT+5"]),
    },
    optional={
        "language": st.sampled_from(["en", "es"]),
        "lead_minutes": st.integers(0, YEAR_MINUTES),
        "horizon_days": st.integers(1, 1000),
        "cutoff_minutes": st.integers(0, YEAR_MINUTES),
        "slot_step_minutes": STEPS,
        "offer_minutes": st.integers(1, YEAR_MINUTES),
        "max_open_visits": st.none() | st.integers(1, 100),
        "address": st.none() | NAMES,
        "phone": PHONES,
        "email": EMAILS,
        "reminder_hours": st.lists(st.integers(1, 720), max_size=5, unique=True),
        "recall_notice_days": st.lists(st.integers(-366, 366), max_size=10, unique=True),
        "quiet_hours": QUIET_HOURS,
        "messages": MESSAGES,
        "active": st.booleans(),
        "chairs": st.lists(NAMES, max_size=4, unique=True),
        "closures": CLOSURES,
    },
)
HOURS = st.lists(
    st.fixed_dictionaries(
        {
            "weekdays": st.lists(st.integers(1, 7), min_size=1, max_size=7, unique=True),
            "start": CLOCKS,
            "end": CLOCKS,
        },
        optional={"valid_from": st.none() | DAYS, "valid_to": st.none() | DAYS},
    ).map(lambda entry: _in_order(entry, "valid_from", "valid_to")),
    max_size=5,
)


def _without_overlaps(hours: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    week: list[WeeklyHours] = []
    for entry in hours:
        try:
            longer = [*week, *DeclaredHours(**entry).weekly()]
            check_week(longer, "hours")
        except (InvalidInputError, ValidationError):
            continue
        kept, week = [*kept, entry], longer
    return kept


PERSON = {"full_name": PERSON_NAMES}
PERSON_OPTIONS = {"email": EMAILS, "phone": PHONES, "active": st.booleans()}


@st.composite
def doctors(draw: st.DrawFn, clinics: list[str], treatments: list[str]) -> dict[str, Any]:
    doctor: dict[str, Any] = draw(st.fixed_dictionaries(PERSON, optional=PERSON_OPTIONS))
    doctor["clinic"] = draw(st.sampled_from(clinics))
    if draw(st.booleans()):
        doctor["treatments"] = draw(st.lists(st.sampled_from(treatments), unique=True)) if treatments else []
        doctor["default_treatment"] = draw(st.sampled_from([None, *doctor["treatments"]]))
    if draw(st.booleans()):
        doctor["hours"] = draw(HOURS.map(_without_overlaps))
    return doctor


@st.composite
def practice_files(draw: st.DrawFn) -> Mapping[str, Any]:
    """Draws the content of a file for an empty practice. The database may find two of its names the same."""
    treatments = draw(st.dictionaries(CODES, TREATMENTS, max_size=4))
    clinics = draw(st.dictionaries(NAMES, CLINICS, max_size=3))
    countries = draw(st.fixed_dictionaries({}, optional={"countries": COUNTRIES}))
    if not clinics:
        return {"treatments": treatments, **countries}
    people = draw(st.lists(USER_NAMES, max_size=5, unique_by=folded))
    number = draw(st.integers(0, len(people)))
    places = st.lists(st.sampled_from(list(clinics)), min_size=1, unique=True)
    receptionists = st.fixed_dictionaries({**PERSON, "clinics": places}, optional=PERSON_OPTIONS)
    return {
        **countries,
        "treatments": treatments,
        "clinics": clinics,
        "doctors": {name: draw(doctors(list(clinics), list(treatments))) for name in people[:number]},
        "receptionists": {name: draw(receptionists) for name in people[number:]},
    }
