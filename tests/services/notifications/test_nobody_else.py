"""Whatever guardians, merges and deactivations there are: nobody is told about anybody for whom they do not act."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, delete

from lambda_function.db.models import Guardian
from lambda_function.db.unit_of_work import Database
from tests import profiles
from tests.api.desk import instant
from tests.clock import NOW, Clock
from tests.factories import Practice
from tests.servers import empty_tables
from tests.services.notifications.messages import Messages

PEOPLE = [f"person{number}q" for number in range(6)]
START = instant("15:00")
_PERSON = st.integers(0, len(PEOPLE) - 1)


@dataclass
class World:
    """Who acts for whom, who was merged into whom, who is inactive and who has no address, by number."""

    guardians: set[tuple[int, int]] = field(default_factory=set)
    merges: dict[int, int] = field(default_factory=dict)
    inactive: set[int] = field(default_factory=set)
    silent: set[int] = field(default_factory=set)

    def remains(self, person: int) -> int | None:
        """Returns who is left of a person after all merges."""
        seen = set()
        while person in self.merges:
            if person in seen:
                return None
            seen.add(person)
            person = self.merges[person]
        return person


_WORLDS = st.builds(
    World,
    guardians=st.sets(st.tuples(_PERSON, _PERSON).filter(lambda tie: tie[0] != tie[1]), max_size=8),
    merges=st.dictionaries(_PERSON, _PERSON, max_size=2),
    inactive=st.sets(_PERSON, max_size=2),
    silent=st.sets(_PERSON, max_size=4),
)


def _shape(messages: Messages, world: World, ids: Mapping[str, int]) -> None:
    """Makes the database as the world is."""
    practice = messages.practice
    practice.session.rollback()
    practice.session.execute(delete(Guardian))
    practice.session.commit()
    for guardian, patient in sorted(world.guardians):
        practice.add_guardian(PEOPLE[guardian], PEOPLE[patient])
    for number, name in enumerate(PEOPLE):
        into = world.merges.get(number)
        messages.change_user(
            name,
            active=number not in world.inactive and into is None,
            merged_into=None if into is None else ids[PEOPLE[into]],
            email=None if number in world.silent else f"{name}@example.org",
        )


@contextmanager
def _messages(url: URL, database: Database) -> Iterator[Messages]:
    clock = Clock(NOW)
    try:
        with Practice.open(url) as practice:
            for name in PEOPLE:
                practice.add_patient(name)
            yield Messages(database, practice, clock)
    finally:
        empty_tables(url)


@settings(
    max_examples=profiles.examples(25, 400),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(before=_WORLDS, after=_WORLDS)
def test_nobody_gets_anything_about_somebody_for_whom_they_do_not_act(
    database: Database, database_url: URL, before: World, after: World
) -> None:
    """Messages are planned in one world and claimed in the other."""
    with _messages(database_url, database) as messages:
        ids = messages.practice.ids
        _shape(messages, before, ids)
        patient_of = {}
        for number, name in enumerate(PEOPLE):
            visit = messages.told(START + timedelta(hours=number), patient_id=ids[name])
            patient_of[visit.appointment_id] = number
        _shape(messages, after, ids)

        claimed = messages.claim(100)

        about = {row.notification_id: patient_of[row.appointment_id or 0] for row in messages.rows()}
        for message in claimed:
            patient = after.remains(about[message.notification_id])
            to = PEOPLE.index(message.to.removesuffix("@example.org"))
            assert patient is not None
            assert patient not in after.inactive
            assert to not in after.inactive | after.silent
            assert to not in after.merges
            assert to == patient or (to, patient) in after.guardians
            others = {name.title() for number, name in enumerate(PEOPLE) if number not in {to, patient}}
            assert not any(name in message.text for name in others)
        assert len({(message.to, about[message.notification_id]) for message in claimed}) == len(claimed)
