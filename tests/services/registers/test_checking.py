"""A register is compared with the main database, and repaired from it."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event

from lambda_function.db.models import Appointment, AppointmentRegistration
from lambda_function.db.repositories import register
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.errors import UnavailableError
from lambda_function.domain.registration import ON_ITS_WAY, DifferenceKind
from lambda_function.domain.registration import Outcome as Status
from lambda_function.services.bus import Message
from lambda_function.services.registers import checking
from lambda_function.services.registers.checking import Comparison, check
from lambda_function.services.registers.outcomes import keep_outcomes
from tests.api.desk import instant
from tests.clock import NOW
from tests.registers import Outcome, PeruvianRegister

START = instant("15:00")
OLD = NOW - ON_ITS_WAY


def look(peru: PeruvianRegister, after: int = 0, *, repair: bool = False, bus: Any = None) -> Comparison:
    bus = bus or peru.delivery.bus
    return check(peru.processor.country, bus, after, lambda: 60, repair=repair)


def added(peru: PeruvianRegister, number: int = 1, **columns: Any) -> list[Appointment]:
    """Adds visits that changed so long ago that no message can be on its way."""
    starts = [START + timedelta(hours=n) for n in range(number)]
    return [peru.practice.add_appointment(**{"starts_at": start, "updated_at": OLD, **columns}) for start in starts]


def registered(peru: PeruvianRegister, number: int = 1, **columns: Any) -> list[Appointment]:
    """Adds visits that are in the register, as the main database knows."""
    visits = added(peru, number, **columns)
    assert peru.deliver(*map(peru.change, visits)) == []
    told(peru, visits)
    peru.delivery.received()
    return visits


def told(peru: PeruvianRegister, visits: Iterable[Appointment], status: Status = Status.DONE) -> None:
    peru.practice.add(
        *(
            AppointmentRegistration(
                appointment_id=visit.appointment_id,
                version=visit.version,
                status=status,
                error=None if status is Status.DONE else "refused",
                at=NOW,
            )
            for visit in visits
        )
    )


def raise_version(peru: PeruvianRegister, visit: Appointment, version: int, **columns: Any) -> None:
    peru.alter(visit, **{"version": version, "updated_at": OLD, **columns})


def same(peru: PeruvianRegister) -> bool:
    """Returns whether the check finds nothing at all."""
    found = look(peru)
    return not (found.differences or found.on_their_way or found.untold or found.days)


def test_a_register_that_is_right_differs_in_nothing(peru: PeruvianRegister) -> None:
    visits = registered(peru, 3)
    added(peru, 1, clinic_id=2)

    found = look(peru)

    assert found == Comparison(after=None, last_id=visits[-1].appointment_id + 1, visits=3, registered=3)


def test_each_kind_of_difference_is_found(peru: PeruvianRegister) -> None:
    behind, ahead, different, orphan, abroad, right = registered(peru, 6)
    raise_version(peru, behind, 2)
    peru.execute(f"UPDATE visit SET version = 9 WHERE appointment_id = {ahead.appointment_id}")
    peru.practice.add_identifier(different.patient_id, "insurance", "PE", "R1")
    peru.execute(
        f"UPDATE visit SET appointment_id = 9999 WHERE appointment_id = {orphan.appointment_id}",
        f"UPDATE visit SET insurance = 'R1' WHERE appointment_id = {right.appointment_id}",
    )
    raise_version(peru, abroad, 1, clinic_id=2)

    assert look(peru).differences == {
        behind.appointment_id: DifferenceKind.BEHIND,
        ahead.appointment_id: DifferenceKind.AHEAD,
        different.appointment_id: DifferenceKind.DIFFERENT,
        orphan.appointment_id: DifferenceKind.MISSING,
        abroad.appointment_id: DifferenceKind.ORPHAN,
        9999: DifferenceKind.ORPHAN,
    }


def test_a_repair_makes_the_register_say_what_the_main_database_says(peru: PeruvianRegister) -> None:
    behind, ahead, different, orphan = registered(peru, 4)
    raise_version(peru, behind, 2)
    peru.execute(
        f"UPDATE visit SET version = 9 WHERE appointment_id = {ahead.appointment_id}",
        f"UPDATE visit SET status = 'NO_SHOW' WHERE appointment_id = {different.appointment_id}",
        f"UPDATE visit SET appointment_id = 9999 WHERE appointment_id = {orphan.appointment_id}",
    )

    found = look(peru, repair=True)

    assert (len(found.differences), found.repaired) == (5, 5)
    assert sorted(peru.told()) == [
        Outcome(behind.appointment_id, 2, None),
        *(Outcome(visit.appointment_id, 1, None) for visit in (ahead, different, orphan)),
    ]
    told_to_main(peru)
    assert same(peru)


def told_to_main(peru: PeruvianRegister) -> None:
    """Lets the main database know of everything that the register has."""
    for visit in peru.practice.rows(Appointment):
        peru.practice.session.merge(
            AppointmentRegistration(
                appointment_id=visit.appointment_id, version=visit.version, status=Status.DONE, error=None, at=NOW
            )
        )
    peru.practice.session.commit()


def test_a_check_without_repair_changes_and_tells_nothing(peru: PeruvianRegister) -> None:
    [visit] = registered(peru)
    raise_version(peru, visit, 2)
    added(peru)
    before = peru.rows()

    assert len(look(peru).differences) == 2
    assert (peru.rows(), peru.told()) == (before, [])


def test_what_a_message_is_on_its_way_about_is_no_difference(peru: PeruvianRegister) -> None:
    [moved] = registered(peru)
    raise_version(peru, moved, 2, starts_at=START + timedelta(days=1), ends_at=START + timedelta(days=2))
    raise_version(peru, moved, 2, updated_at=OLD + timedelta(seconds=1))
    [booked] = added(peru, updated_at=NOW)

    found = look(peru)

    assert (found.differences, found.days, found.repaired) == ({}, {}, 0)
    assert found.on_their_way == [moved.appointment_id, booked.appointment_id]
    assert peru.versions() == {moved.appointment_id: 1}


def test_a_repair_brings_in_what_is_on_its_way_as_well(peru: PeruvianRegister) -> None:
    moved, told_soon = registered(peru, 2)
    raise_version(peru, moved, 2, updated_at=NOW)
    peru.practice.session.delete(peru.practice.session.get_one(AppointmentRegistration, told_soon.appointment_id))
    peru.practice.session.commit()
    raise_version(peru, told_soon, 1, updated_at=NOW)
    [booked] = added(peru, updated_at=NOW)

    found = look(peru, repair=True)

    assert (found.differences, found.untold, found.repaired) == ({}, [], 0)
    assert found.on_their_way == [moved.appointment_id, booked.appointment_id]
    versions = {moved.appointment_id: 2, told_soon.appointment_id: 1, booked.appointment_id: 1}
    assert peru.versions() == versions
    assert sorted(peru.told()) == [Outcome(number, version, None) for number, version in versions.items()]


def test_an_outcome_of_a_version_that_the_visit_does_not_have_is_untold_and_a_repair_ends_that(
    peru: PeruvianRegister, database: Database
) -> None:
    """A former release has believed it."""
    [visit] = registered(peru)
    [row] = peru.practice.rows(AppointmentRegistration)
    row.version = 2**31 - 1
    peru.practice.session.commit()

    assert look(peru).untold == [visit.appointment_id]
    look(peru, repair=True)
    keep_outcomes(database, peru.outcome_records(), lambda: 60)

    assert same(peru)
    peru.practice.session.expire_all()
    assert [row.version for row in peru.practice.rows(AppointmentRegistration)] == [1]


def test_what_has_just_left_the_country_is_on_its_way_whatever_the_other_country_has_told(
    peru: PeruvianRegister,
) -> None:
    just_now, long_ago = registered(peru, 2)
    for visit, updated_at in ((just_now, NOW), (long_ago, OLD)):
        raise_version(peru, visit, 2, clinic_id=2, updated_at=updated_at)
    told_to_main(peru)

    found = look(peru, repair=True)

    assert (found.on_their_way, found.differences) == (
        [just_now.appointment_id],
        {long_ago.appointment_id: DifferenceKind.ORPHAN},
    )
    assert peru.versions() == {}


def test_what_has_an_outcome_is_on_its_way_no_more(peru: PeruvianRegister) -> None:
    [visit] = added(peru, updated_at=NOW)
    told(peru, [visit], Status.FAILED)

    assert look(peru).differences == {visit.appointment_id: DifferenceKind.MISSING}


def test_days_are_those_of_the_clinic(peru: PeruvianRegister) -> None:
    """22:00 in Lima is the next day in UTC."""
    night = instant("03:00", "2030-01-08")
    registered(peru, starts_at=night, ends_at=night + timedelta(minutes=30))
    added(peru, 2, starts_at=night, ends_at=night + timedelta(minutes=30))

    assert look(peru).days == {date(2030, 1, 7): (3, 1)}


def test_what_the_main_database_was_not_told_of_is_told_again(peru: PeruvianRegister) -> None:
    unheard, failed, _, young = registered(peru, 4)
    for visit in (unheard, failed, young):
        peru.practice.session.delete(peru.practice.session.get_one(AppointmentRegistration, visit.appointment_id))
        peru.practice.session.commit()
    told(peru, [failed], Status.FAILED)
    raise_version(peru, young, 1, updated_at=NOW)

    assert look(peru).untold == [unheard.appointment_id, failed.appointment_id]
    assert look(peru, repair=True).repaired == 2
    assert peru.told() == [Outcome(visit.appointment_id, 1, None) for visit in (unheard, failed, young)]


def test_parts_go_on_to_the_end_of_both(peru: PeruvianRegister, monkeypatch: pytest.MonkeyPatch) -> None:
    visits = registered(peru, 3)
    added(peru, 2, clinic_id=2)
    [missing] = added(peru)
    peru.execute(
        *(
            f"INSERT INTO visit SELECT appointment_id + {1000 + n}, version, clinic_id, status, starts_at, ends_at,"
            f" local_starts_at, local_ends_at, treatment_code, insurance, registered_at FROM visit"
            f" WHERE appointment_id = {visits[0].appointment_id}"
            for n in range(3)
        )
    )
    monkeypatch.setattr(checking, "PART", 2)
    parts: list[Comparison] = []
    after: int | None = 0
    while after is not None:
        parts.append(look(peru, after))
        assert parts[-1].after is None or parts[-1].after > after
        after = parts[-1].after

    orphans = {visits[0].appointment_id + 1000 + n: DifferenceKind.ORPHAN for n in range(3)}
    differences: dict[int, DifferenceKind] = {}
    for part in parts:
        differences |= part.differences
    assert differences == {missing.appointment_id: DifferenceKind.MISSING, **orphans}
    assert (sum(part.visits for part in parts), sum(part.registered for part in parts)) == (4, 6)


def test_a_clinic_whose_zone_nobody_knows_stays_a_difference(peru: PeruvianRegister) -> None:
    lost = peru.practice.add_clinic("Atlantis", "America/Atlantis").clinic_id
    [there] = added(peru, clinic_id=lost)
    [here] = added(peru)

    found = look(peru, repair=True)

    assert found.differences == dict.fromkeys((there.appointment_id, here.appointment_id), DifferenceKind.MISSING)
    assert (found.repaired, sorted(peru.versions())) == (1, [here.appointment_id])


def test_a_row_that_the_register_refuses_stops_no_other_repair(peru: PeruvianRegister) -> None:
    bad, good = added(peru, 2)
    peru.execute(f"ALTER TABLE visit ADD CONSTRAINT ck_visit_test CHECK (appointment_id <> {bad.appointment_id})")
    try:
        found = look(peru, repair=True)
    finally:
        peru.execute("ALTER TABLE visit DROP CONSTRAINT ck_visit_test")

    assert found.differences == dict.fromkeys((bad.appointment_id, good.appointment_id), DifferenceKind.MISSING)
    assert (found.repaired, sorted(peru.versions())) == (1, [good.appointment_id])


class Killed(BaseException):
    """The end of a process."""


class Deaths:
    """Ends the check at the n-th point at which it has committed something or told somebody."""

    def __init__(self, peru: PeruvianRegister, at: int) -> None:
        self._bus = peru.delivery.bus
        self._left = at

    def publish(self, messages: Sequence[Message]) -> set[int]:
        self.pass_by()
        taken = self._bus.publish(messages)
        self.pass_by()
        return taken

    def pass_by(self, *_: Any) -> None:
        self._left -= 1
        if self._left == 0:
            raise Killed

    @property
    def is_over(self) -> bool:
        return self._left <= 0


@pytest.mark.parametrize("point", range(1, 6))
def test_a_repair_that_is_killed_anywhere_is_right_when_it_is_repeated(
    peru: PeruvianRegister, monkeypatch: pytest.MonkeyPatch, database: Any, point: int
) -> None:
    monkeypatch.setattr(checking, "LOCKED", 2)
    damaged = registered(peru, 3)
    for visit in damaged:
        raise_version(peru, visit, 2)
    added(peru, 2)
    deaths = Deaths(peru, point)
    engine = peru.register_engine

    def committed(connection: Connection) -> None:
        deaths.pass_by()

    event.listen(engine, "commit", committed)
    try:
        look(peru, repair=True, bus=deaths)
    except Killed:
        pass
    finally:
        event.remove(engine, "commit", committed)
    assert deaths.is_over

    look(peru, repair=True)
    keep_outcomes(database, peru.outcome_records(), lambda: 60)

    assert same(peru)
    assert {row.version for row in peru.practice.rows(AppointmentRegistration)} == {1, 2}


def test_a_repair_that_cannot_be_told_is_an_error_and_is_told_when_it_is_repeated(peru: PeruvianRegister) -> None:
    [visit] = added(peru)
    peru.delivery.close_bus()
    with pytest.raises(UnavailableError, match="Repeat"):
        look(peru, repair=True)
    assert sorted(peru.versions()) == [visit.appointment_id]

    peru.delivery.events.create_event_bus(Name="appointments")
    found = look(peru, repair=True)

    assert (found.differences, found.untold, found.repaired) == ({}, [visit.appointment_id], 1)


def test_a_visit_that_is_registered_while_it_is_compared_is_no_difference(
    peru: PeruvianRegister, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are read one after the other: a visit is booked, or moved, and registered in between."""
    [moved] = registered(peru)
    read = register.between

    def late(*arguments: Any) -> Any:
        raise_version(peru, moved, 2)
        [booked] = added(peru)
        assert peru.deliver(peru.change(moved), peru.change(booked)) == []
        return read(*arguments)

    monkeypatch.setattr(register, "between", late)

    assert look(peru).differences == {}


def test_names_and_numbers_are_in_no_answer(peru: PeruvianRegister, log_text: Callable[[], str]) -> None:
    [visit] = added(peru)
    peru.practice.add_identifier(visit.patient_id, "insurance", "PE", "R123456")

    answer = str(look(peru, repair=True).document())

    assert "R123456" not in answer + log_text()
