"""Seven libraries, on which calendar programs are built, read the feed and find the same in it."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import icalendar
import ics
import pytest
import vobject
from ical.calendar_stream import IcsCalendarStream

from dev.npm import installed
from lambda_function.api.calendar_feed import calendar
from lambda_function.api.calendar_zone import zone_lines
from lambda_function.db.repositories.calendar_feed import FeedEntry
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.appointment import Status

PROGRAMS = Path(__file__).parent / "calendar_programs"
INSTALLATION = "0123456789abcdef0123456789abcdef"
SEEN = {
    Status.REQUESTED: "TENTATIVE",
    Status.BOOKED: "CONFIRMED",
    Status.CHECKED_IN: "CONFIRMED",
    Status.COMPLETED: "CONFIRMED",
    Status.CANCELLED: "CANCELLED",
    Status.NO_SHOW: "CANCELLED",
}
# The treatments of visits. None has a backslash before an n: ical, ics and node-ical take it for a line break, although
# it is escaped. The long ones are folded at each of their letters, blanks too.
TREATMENTS = (
    "Check-up",
    'Crown, "gold"; 2\\3 of it: new',
    "Hygiène dentaire, 歯科検診 \U0001f9b7",
    "Zero\u200bwidth and \u200fright-to-left: בן־גוריון",
    *("x" * number + " long names of treatments" * 6 for number in range(27)),
    *("x" * number + "歯\U0001f9b7ü" * 30 for number in range(9)),
)
ADDRESSES = ("Jirón de la Unión 421; piso 3\\4, Lima", None)


class Event(NamedTuple):
    """An event as a library reads it."""

    uid: str
    summary: str
    starts_at: datetime
    ends_at: datetime
    status: str
    location: str


def _entry(number: int, treatment: str, status: Status = Status.BOOKED) -> FeedEntry:
    """Returns a visit on the night on which the clocks of New York are set back, or in the days after it."""
    starts_at = datetime(2030, 11, 3 + number % 20, 5, 30, tzinfo=UTC)
    made = datetime(2030, 1, 7, 14, tzinfo=UTC)
    ends_at = starts_at.replace(hour=6)
    names = ("Lima, Centro; 2", ADDRESSES[number % 2], treatment, "Jay Quispe", "D'Arcy, Jr.")
    return FeedEntry(number, status, starts_at, ends_at, 1, made, made, *names, 6)


ENTRIES = [_entry(number, name) for number, name in enumerate(TREATMENTS, start=1)] + [
    _entry(2**63 - number, "Check-up", status) for number, status in enumerate(Status, start=1)
]
DOCTOR = Actor(1, Role.DOCTOR)
FEED = calendar(ENTRIES, DOCTOR, INSTALLATION, ())
EMPTY = calendar([], DOCTOR, INSTALLATION, zone_lines("America/New_York", 2030))
EXPECTED = {
    Event(
        f"appointment-{entry.appointment_id}@{INSTALLATION}",
        f"{entry.treatment_name}: {entry.patient_name}",
        entry.starts_at,
        entry.ends_at,
        SEEN[entry.status],
        ", ".join(filter(None, [entry.clinic_name, entry.clinic_address])),
    )
    for entry in ENTRIES
}


def read_by_icalendar(text: str) -> list[Event]:
    found: Any = icalendar.Calendar.from_ical(text).walk("VEVENT")
    return [
        Event(str(e["UID"]), str(e["SUMMARY"]), e["DTSTART"].dt, e["DTEND"].dt, str(e["STATUS"]), str(e["LOCATION"]))
        for e in found
    ]


def read_by_vobject(text: str) -> list[Event]:
    found: Any = vobject.readOne(text, validate=True)
    return [
        Event(e.uid.value, e.summary.value, e.dtstart.value, e.dtend.value, e.status.value, e.location.value)
        for e in found.contents.get("vevent", [])
    ]


def read_by_ical(text: str) -> list[Event]:
    found: Any = IcsCalendarStream.calendar_from_ics(text).events
    return [Event(e.uid, e.summary, e.dtstart, e.dtend, e.status.value, e.location) for e in found]


def read_by_ics(text: str) -> list[Event]:
    found: Any = ics.Calendar(text).events
    return [Event(e.uid, e.name, e.begin.datetime, e.end.datetime, e.status, e.location) for e in found]


PYTHON: Mapping[str, Callable[[str], list[Event]]] = {
    "icalendar": read_by_icalendar,
    "vobject": read_by_vobject,
    "ical": read_by_ical,
    "ics": read_by_ics,
}


@pytest.fixture(scope="module")
def read_by_node(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[Event]]]:
    """Returns what the libraries from npm read in both feeds. One process runs all of them."""
    node = shutil.which("node")
    if node is None or not shutil.which("npm"):
        pytest.skip("these libraries need Node.js, which is not on this machine")
    folder = tmp_path_factory.mktemp("calendar_programs")
    (folder / "node_modules").symlink_to(installed(PROGRAMS) / "node_modules")
    shutil.copy(PROGRAMS / "read.mjs", folder)
    calendars = json.dumps([FEED, EMPTY])
    ran = subprocess.run([node, "read.mjs"], cwd=folder, input=calendars, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return {name: [[_event(each) for each in read] for read in both] for name, both in json.loads(ran.stdout).items()}


def _event(found: dict[str, Any]) -> Event:
    times = {name: datetime.fromisoformat(found[name]) for name in ("starts_at", "ends_at")}
    return Event(**{**found, **times})


def check(feed: list[Event], empty: list[Event]) -> None:
    """Checks what a library has read in both feeds."""
    assert len(feed) == len(ENTRIES)
    assert set(feed) == EXPECTED
    assert empty == []


@pytest.mark.parametrize("name", PYTHON)
def test_a_library_of_python_reads_the_feed(name: str) -> None:
    check(PYTHON[name](FEED), PYTHON[name](EMPTY))


@pytest.mark.parametrize("name", ["ical.js", "node-ical", "ts-ics"])
def test_a_library_of_npm_reads_the_feed(read_by_node: dict[str, list[list[Event]]], name: str) -> None:
    check(*read_by_node[name])
