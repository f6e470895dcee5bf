"""The registers of two countries while the programs that fill them are killed at every step, AWS fails, repeats and
reorders, and one country's database is away: in the end each holds what the main database holds, and nothing is lost.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import pytest
from sqlalchemy import URL

from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.models import Appointment, AppointmentRegistration, Country, OutboxMessage
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Actor
from lambda_function.domain.appointment import UNFINISHED
from lambda_function.services.booking import BookingRequest, book
from lambda_function.services.operators.actions import OperatorContext, run
from lambda_function.services.registers.checking import Comparison
from tests.chain.changing import APPROVED_TREATMENT, EVERYTHING, REASON, TREATMENT, Changer, insurance
from tests.chain.fire import until
from tests.chain.registers import COUNTRIES, REGISTRATION, Registers, Row, burning_registers, due_rows, new_registers
from tests.factories import Practice
from tests.profiles import examples

CHANGES, ROUND = examples(200, 3000), examples(20, 40)
DEATHS_OF_EACH = examples(3, 50)
# How long Peru's database is away: for so many rounds at least, and so many seconds.
AWAY_ROUNDS, AWAY_SECONDS = examples(2, 4), examples(0, 60)
MAX_RECEIVES = examples(5, 10)
AWAY, OTHER = "PE", "CL"
CHANGERS, PATIENTS = 2, 6
A_TRANSACTION = timedelta(seconds=15)
# The longest life of a process, in steps: statements, commits, and calls to AWS.
LONGEST_LIFE = 60
TROUBLES = {
    "bus": {"refused": 0.2, "lost": 0.1, "repeated": 0.2, "late": 0.2},
    "queue": {"refused": 0.05, "lost": 0.05},
}
_numbers = count(1)


class Booking(NamedTuple):
    """Who books, with whom, and before when."""

    actor: Actor
    doctor_id: int
    first: datetime


def _book(work: UnitOfWork, actor: Actor, request: BookingRequest) -> None:
    work.act_as(actor)
    book(work, request)


class World:
    """Who changes visits, by country, and an operator."""

    def __init__(self, practice: Practice, app: URL, stack: ExitStack) -> None:
        self._app, self._stack = app, stack
        self.operator = OperatorContext(self._database())
        first = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=31)
        self.changers: dict[str, list[Changer]] = {}
        self.names: dict[int, str] = {}
        clinics = {
            country: practice.add_clinic(f"Zqklinik {country}", zone, country=country, lead_minutes=0).clinic_id
            for country, zone in COUNTRIES.items()
        }
        # Somebody who goes to the dentist in both, with an insurance in each.
        traveller = self._patient(practice, clinics)
        self.leaving: list[tuple[int, int, int]] = []
        for country, clinic in clinics.items():
            practice.session.merge(Country(code=country))
            practice.add_receptionist(f"zqrita{country}", clinics=(clinic,))
            actor = practice.actor(f"zqrita{country}")
            self.changers[country] = []
            for _ in range(CHANGERS):
                doctor = practice.add_doctor(clinic=clinic, treatments=(TREATMENT, APPROVED_TREATMENT)).user_id
                own = [self._patient(practice, {country: clinic}) for _ in range(PATIENTS)]
                changer = Changer(self._database(), actor, doctor, [*own, traveller], first, shares=EVERYTHING)
                self.changers[country].append(changer)
            self._add_leaving(practice, {country: clinic}, Booking(actor, doctor, first), own[0])

    def _add_leaving(self, practice: Practice, clinics: dict[str, int], booking: "Booking", target: int) -> None:
        """Adds somebody who is erased later, and somebody who is merged into the target. Their visits are earlier than
        all others, since two people with visits at one time are not merged.
        """
        erased, source = (self._patient(practice, clinics) for _ in range(2))
        self.leaving.append((erased, source, target))
        for number, patient in enumerate((erased, erased, source, source), 1):
            start = booking.first - timedelta(hours=number)
            request = BookingRequest(booking.doctor_id, TREATMENT, start, patient_id=patient)
            self.operator.database.transact(partial(_book, actor=booking.actor, request=request))

    def _database(self) -> Database:
        engine = build_engine(UrlCredentials(self._app), tls=None)
        self._stack.callback(engine.dispose)
        return Database(engine, lambda: datetime.now(UTC))

    def _patient(self, practice: Practice, clinics: dict[str, int]) -> int:
        name = f"zqnach{next(_numbers)}"
        user = practice.add_patient(name, clinics=tuple(clinics.values()), full_name=f"Zqvor {name}", cognito_sub=None)
        self.names[user.user_id] = name
        for country in clinics:
            practice.add_identifier(user.user_id, "insurance", country, insurance().value)
        return user.user_id

    def change(self, number: int) -> int:
        """Makes so many changes in all countries together, and returns how many were accepted."""
        everybody = [changer for changers in self.changers.values() for changer in changers]
        with ThreadPoolExecutor(len(everybody)) as pool:
            return sum(pool.map(lambda each: each.change(number // len(everybody)), everybody))

    def erase_and_merge(self) -> None:
        for erased, source, target in self.leaving:
            run(self.operator, "erase-person", {"user_name": self.names[erased], "cancel_visits": True})
            run(self.operator, "users.merge", {"source": f"id:{source}", "target": f"id:{target}"})


@pytest.fixture
def world(practice: Practice, app_url: URL) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(practice, app_url, stack)


def _settled(found: Registers, *countries: str) -> bool:
    """Returns whether everything is registered in these countries. Sends again what ended in a dead-letter queue."""
    for role in (REGISTRATION, *(found.by_country[country].role for country in countries)):
        found.redrive(role)
    return found.relayed() and not any(found.unregistered(country) for country in countries)


def _burn(found: Registers, world: World, changes: int) -> int:
    """Makes the changes in rounds, each when little of the one before is waiting, since the emulated queues become slow
    when they are long. Returns how many changes were accepted.
    """
    roles = (REGISTRATION, *(register.role for register in found.by_country.values()))
    made = 0
    for _ in range(changes // ROUND):
        made += world.change(ROUND)
        until(found.relayed, "every event is on the bus")
        until(lambda: max(map(found.fire.queued, roles)) < 2 * ROUND, "the queues are short")
    return made


def _burn_while_one_is_away(found: Registers, world: World) -> tuple[int, int]:
    """Closes the gate of one country, and makes changes in both. After each round, everything of the other country is
    registered, as soon as ever. Returns how many rounds there were, and how many changes were accepted.
    """
    away, other = found.by_country[AWAY], found.by_country[OTHER]
    away.gate.close()
    before, begun, made, waiting = away.rows(), monotonic(), 0, [0]
    while len(waiting) <= AWAY_ROUNDS or monotonic() < begun + AWAY_SECONDS:
        made += world.change(ROUND)
        until(lambda: _settled(found, OTHER), f"{OTHER} is registered while {AWAY} is away")
        until(lambda: found.fire.queued(other.role) == 0, f"the queue of {OTHER} is empty while {AWAY} is away")
        waiting.append(len(found.unregistered(AWAY)))
    assert away.rows() == before
    assert waiting == sorted(waiting)
    assert waiting[-1] > waiting[1] > 0
    away.gate.open()
    return len(waiting) - 1, made


def test_each_register_holds_what_the_main_database_holds_whatever_dies_fails_and_is_away(
    practice: Practice, world: World, database_url: URL, app_url: URL, tmp_path: Path
) -> None:
    given = {"longest_life": LONGEST_LIFE, "max_receives": MAX_RECEIVES}
    with (
        new_registers(database_url) as empty,
        burning_registers(tmp_path, database_url, app_url, empty, **given) as found,
    ):
        found.fire.troubled(TROUBLES)
        made = _burn(found, world, CHANGES // 3)
        rounds, more = _burn_while_one_is_away(found, world)
        world.erase_and_merge()
        made += more + _burn(found, world, CHANGES - CHANGES // 3 - rounds * ROUND)
        until(lambda: min(found.fire.deaths_by_role().values()) >= DEATHS_OF_EACH, "all have died often enough")
        found.fire.mortal(0)
        found.fire.troubled({})
        until(lambda: _settled(found, *COUNTRIES), "everything is registered")
        until(lambda: all(found.fire.queued(name) == 0 for name in found.fire.queues), "all queues are empty")
        for country, register in found.by_country.items():
            _mend_identifiers(found, country)
            due, rows = due_rows(database_url, country), register.rows()
            assert {number: {name: row[name] for name in due[number]} for number, row in rows.items()} == due
            assert _registered_too_early(practice, rows) == []
            assert len(due) > CHANGES / 20
            assert _differences(found.check(country)) == {}
            assert found.unregistered(country) == {}
        written = found.fire.written() + _stored(practice)

    assert made > CHANGES / 2
    for secret in ("Zqvor", "zqnach", "ZQINS", REASON, "Zqklinik"):
        assert secret not in written


def _mend_identifiers(found: Registers, country: str) -> None:
    """Repairs the rows of visits that were over when the patient's insurance changed, of which no event tells. Nothing
    else differs.
    """
    due, rows = due_rows(found.main, country), found.by_country[country].rows()
    changed = [number for number, row in due.items() if row["insurance"] != rows[number]["insurance"]]
    assert [number for number in changed if due[number]["status"] in UNFINISHED] == []
    assert _differences(found.check(country, repair=True)) == dict.fromkeys(changed, "different")


def _differences(parts: list[Comparison]) -> dict[int, str]:
    """Returns what differs, after nothing is on its way, and every outcome is known."""
    assert [(part.on_their_way, part.untold) for part in parts] == [([], [])] * len(parts)
    return {number: str(kind) for part in parts for number, kind in part.differences.items()}


def _registered_too_early(practice: Practice, rows: Mapping[int, Row]) -> list[int]:
    """Returns the visits that have changed after they were registered, by more than a transaction takes."""
    changed = {row.appointment_id: row.updated_at - A_TRANSACTION for row in practice.rows(Appointment)}
    return [number for number, row in rows.items() if row["registered_at"].replace(tzinfo=UTC) < changed[number]]


def _stored(practice: Practice) -> str:
    """Returns everything that the outbox and the outcomes hold."""
    rows = [*practice.rows(OutboxMessage), *practice.rows(AppointmentRegistration)]
    return "\n".join(str({column.name: getattr(row, column.name) for column in row.__table__.columns}) for row in rows)
