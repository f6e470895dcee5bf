"""The chain of messages while its programs are killed at every step and AWS fails: everybody hears what still holds,
nobody hears anything about another, and second copies are no more than the outcomes that nobody could know.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import URL

from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.models import Appointment, AppointmentEvent, Notification, OutboxMessage
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.appointment import Status
from lambda_function.domain.notifications import NotificationKind, NotificationStatus, Reason
from tests.chain.changing import REASON, TREATMENT, Changer
from tests.chain.fire import MESSAGES, Chain, chain, until
from tests.factories import Practice
from tests.profiles import examples

THREADS, PATIENTS = 4, 6
CHANGES, ROUND = examples(80, 2000), 40
DEATHS_OF_EACH = examples(4, 100)
# A mail or an SMS that hangs costs the seconds after which the client gives up.
HANGING = 0.01 if CHANGES > 100 else 0.0
# There are few requests to the bus, since each holds many events. One to the queue that hangs would hold up all others.
TROUBLES = {
    "bus": {"refused": 0.6, "lost": 0.1},
    "queue": {"refused": 0.1, "lost": 0.05},
    "mail": {"refused": 0.2, "lost": 0.1, "hanging": HANGING},
    "sms": {"refused": 0.2, "lost": 0.1, "hanging": HANGING},
}
# The longest life of a process, in steps: statements, commits, and calls to AWS.
LONGEST_LIFE = 60
REMINDER_HOURS = 720
# How far the clock is moved, so that the reminders of all visits are due and no visit has begun.
UNTIL_REMINDED = timedelta(days=24)
_PATIENCE = 3600
_numbers = count(1)
KINDS = {
    "appointment.requested": "REQUESTED",
    "appointment.booked": "BOOKED",
    "appointment.confirmed": "CONFIRMED",
    "appointment.moved": "MOVED",
    "appointment.cancelled": "CANCELLED",
}


class Person(NamedTuple):
    """A patient, and the addresses to which their messages go: their own, or those of their guardians."""

    user_id: int
    name: str
    addresses: tuple[str, ...]


def _people(practice: Practice, clinic: int, number: int) -> list[Person]:
    """Adds patients of every sort: with an e-mail address, with a telephone, and children of two guardians."""
    found = []
    for each in range(number):
        key = next(_numbers)
        name, mail, phone = f"Zqvor{key} Zqnach", f"zqmail{key}@post.example", f"+3460000{key:04}"
        match each % 3:
            case 0:
                user = practice.add_patient(clinics=(clinic,), full_name=name, email=mail)
                found.append(Person(user.user_id, name, (mail,)))
            case 1:
                user = practice.add_patient(clinics=(clinic,), full_name=name, phone=phone)
                found.append(Person(user.user_id, name, (phone,)))
            case _:
                user = practice.add_patient(clinics=(clinic,), full_name=name)
                parents = [f"zqparent{key}.{side}@post.example" for side in "ab"]
                for parent in parents:
                    guardian = practice.add_patient(clinics=(clinic,), full_name="Zqparent", email=parent)
                    practice.add_guardian(guardian.user_name, user.user_name)
                found.append(Person(user.user_id, name, tuple(parents)))
    return found


class World(NamedTuple):
    people: dict[int, Person]
    changers: list[Changer]


@pytest.fixture
def world(practice: Practice, app_url: URL) -> Iterator[World]:
    clinic = practice.add_clinic(
        "Zqklinik",
        "UTC",
        lead_minutes=0,
        quiet_from_minute=None,
        quiet_to_minute=None,
        reminder_hours=(REMINDER_HOURS,),
    )
    practice.add_receptionist("zqrita", clinics=(clinic.clinic_id,))
    actor = practice.actor("zqrita")
    first = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=31)
    people: dict[int, Person] = {}
    changers, engines = [], []
    for _ in range(THREADS):
        doctor = practice.add_doctor(clinic=clinic.clinic_id, treatments=(TREATMENT,))
        own = _people(practice, clinic.clinic_id, PATIENTS)
        people |= {person.user_id: person for person in own}
        engines.append(build_engine(UrlCredentials(app_url), tls=None))
        database = Database(engines[-1], lambda: datetime.now(UTC))
        changers.append(Changer(database, actor, doctor.user_id, [person.user_id for person in own], first))
    yield World(people, changers)
    for engine in engines:
        engine.dispose()


class Outcome:
    """The rows and the deliveries after the fire, put together."""

    def __init__(self, practice: Practice, world: World, deliveries: list[dict[str, Any]]) -> None:
        self.world = world
        self.deliveries = deliveries
        self.rows = {row.notification_id: row for row in practice.rows(Notification)}
        self.visits = {row.appointment_id: row for row in practice.rows(Appointment)}
        self.copies = Counter(int(each["notification_id"]) for each in deliveries)
        self.events: dict[int, list[AppointmentEvent]] = defaultdict(list)
        for event in practice.rows(AppointmentEvent):
            self.events[event.appointment_id].append(event)
        self.messages = [row for row in practice.rows(OutboxMessage) if row.kind in KINDS]

    def stored(self) -> str:
        """Returns everything that the outbox and the messages hold."""
        rows = [*self.messages, *self.rows.values()]
        return "\n".join(
            str({column.name: getattr(row, column.name) for column in row.__table__.columns}) for row in rows
        )

    def missing(self) -> list[tuple[int, str]]:
        """Returns the changes that have no row for somebody who should be told of them."""
        there = Counter(row.subject for row in self.rows.values())
        found = []
        for message in self.messages:
            subject = f"change:{message.outbox_id}:{KINDS[message.kind]}"
            person = self.world.people[self.visits[message.detail["appointment_id"]].patient_id]
            if there[subject] != len(person.addresses):
                found.append((message.outbox_id, subject))
        return found

    def missing_reminders(self) -> list[int]:
        """Returns the visits of which not everybody has been reminded exactly once, as far as the service knows."""
        reminded = Counter(
            row.appointment_id
            for row in self.rows.values()
            if row.kind is NotificationKind.REMINDER and row.status is NotificationStatus.SENT
        )
        booked = (visit for visit in self.visits.values() if visit.status is Status.BOOKED)
        return [
            visit.appointment_id
            for visit in booked
            if reminded[visit.appointment_id] != len(self.world.people[visit.patient_id].addresses)
        ]

    def unfinished(self) -> list[int]:
        return [each for each, row in self.rows.items() if row.next_at is not None]

    def unsent(self) -> list[int]:
        """Returns the rows that say SENT and were not delivered."""
        return [
            each for each, row in self.rows.items() if row.status is NotificationStatus.SENT and not self.copies[each]
        ]

    def wrongly_suppressed(self) -> list[tuple[int, str | None]]:
        """Returns the rows that are neither sent nor made untrue by what came after them."""
        found = []
        for number, row in self.rows.items():
            if row.status is NotificationStatus.SENT:
                continue
            later = [event for event in self.events[row.appointment_id or 0] if event.at > row.basis_at]
            moved = any(event.action == "MOVE" for event in later)
            cancelled = any(event.action == "CANCEL" for event in later)
            allowed = {Reason.SUPERSEDED: moved, Reason.CANCELLED: cancelled}
            if not allowed.get(row.reason, False):
                found.append((number, row.reason))
        return found

    def second_copies(self) -> int:
        """Counts the copies beyond the first of what was sent, and all copies of what was suppressed in the end."""
        return sum(
            copies - (self.rows[number].status is NotificationStatus.SENT) for number, copies in self.copies.items()
        )

    def doubtful_attempts(self) -> int:
        """Counts the attempts beyond the first of each message: only a message whose outcome is unknown, or that was
        certainly not sent, is claimed again.
        """
        return sum(max(0, row.attempts - 1) for row in self.rows.values())

    def copied_too_often(self) -> list[int]:
        """Returns the messages that were sent more often than they were claimed."""
        return [number for number, copies in self.copies.items() if copies > self.rows[number].attempts]

    def sent_to_others(self) -> list[dict[str, Any]]:
        """Returns what went to an address that is not one of the patient's, or that names another patient."""
        found = []
        for each in self.deliveries:
            row = self.rows[int(each["notification_id"])]
            person = self.world.people[self.visits[row.appointment_id or 0].patient_id]
            others = [other.name for other in self.world.people.values() if other is not person]
            files = [file["text"] for file in each["attachments"]]
            parts = [each["headers"], each["subject"] or "", each["text"], each["html"] or "", *files]
            text = " ".join(" ".join(parts).split())
            named = any(name in text for name in others)
            if each["to"] not in person.addresses or named:
                found.append(each)
        return found


def _handed_over(fire: Chain, practice: Practice) -> bool:
    return all(row.published_at for row in practice.rows(OutboxMessage)) and fire.queued(MESSAGES) == 0


def _burn(fire: Chain, world: World) -> int:
    """Makes the changes in rounds, and lets time pass, so that leases and pauses end, until every program has died
    often enough. Returns how many changes were accepted.
    """
    made, rounds = 0, CHANGES // ROUND
    with ThreadPoolExecutor(THREADS) as pool:
        for second in range(_PATIENCE):
            # The emulated queue becomes slow when it is long.
            if rounds and fire.queued(MESSAGES) < 2 * ROUND:
                made += sum(pool.map(lambda each: each.change(ROUND // THREADS), world.changers))
                rounds -= 1
            elif not rounds and min(fire.deaths_by_role().values()) >= DEATHS_OF_EACH:
                return made
            fire.ahead(30 * second)
            fire.burn(0.2)
    raise AssertionError(f"not often enough: {fire.deaths_by_role()}")


def _finish(fire: Chain, practice: Practice) -> None:
    """Lets the programs live, and moves the clock on until no lease and no pause is left."""
    fire.mortal(0)
    fire.troubled({})
    until(lambda: _handed_over(fire, practice), "every event has been consumed")
    fire.ahead(int(UNTIL_REMINDED.total_seconds()))
    _idle(fire)
    while waiting := [row.next_at for row in practice.rows(Notification) if row.next_at is not None]:
        ahead = max(UNTIL_REMINDED, max(waiting) - datetime.now(UTC) + timedelta(seconds=1))
        fire.ahead(int(ahead.total_seconds()))
        _idle(fire)


def _idle(fire: Chain) -> None:
    """Returns when the consumer and then the messenger have worked through what there was."""
    for role in ("consumer", "messenger"):
        _turn_twice(fire, role)


def _turn_twice(fire: Chain, role: str) -> None:
    """Waits for a second turn: the first may have begun before there was anything to do."""
    turns = fire.turns(role) + 2
    until(lambda: fire.turns(role) >= turns, f"the {role} has turned twice")


def test_everybody_hears_what_holds_whatever_dies_and_whatever_fails(
    practice: Practice, world: World, app_url: URL, tmp_path: Path
) -> None:
    with chain(tmp_path, app_url, longest_life=LONGEST_LIFE) as fire:
        fire.troubled(TROUBLES)
        made = _burn(fire, world)
        _finish(fire, practice)

        outcome = Outcome(practice, world, fire.deliveries)
        written = fire.written() + outcome.stored()
    assert made > CHANGES / 2
    assert outcome.missing() == []
    assert outcome.missing_reminders() == []
    assert outcome.unfinished() == []
    assert outcome.unsent() == []
    assert outcome.wrongly_suppressed() == []
    assert outcome.sent_to_others() == []
    assert outcome.copied_too_often() == []
    assert outcome.second_copies() <= outcome.doubtful_attempts()
    for secret in ("Zqvor", "Zqnach", "zqmail", "Zqparent", "zqparent", "+34600", REASON, "Zqklinik"):
        assert secret not in written
