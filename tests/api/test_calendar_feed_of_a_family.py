"""The calendar feed of a guardian shows the visits of dependants, and whose visit each is."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from lambda_function.db.models import ClinicPatient, Guardian
from tests.api.desk import Desk, at
from tests.api.test_calendar_feed import events
from tests.api.test_calendar_feed_changes import Reader
from tests.clock import NOW, Clock


@pytest.fixture
def family(desk: Desk) -> Desk:
    desk.practice.add_patient("mother", full_name="Marta Rojas")
    desk.practice.add_patient("ben", full_name="Ben Rojas")
    desk.practice.add_guardian("mother", "ben")
    return desk


def test_it_says_whose_visit_it_is_when_it_is_not_the_owners(family: Desk) -> None:
    family.booked("mother", at("15:00"), patient="mother")
    family.booked("mother", at("16:00"), patient="ben")
    family.booked("pat", at("17:00"))

    assert [each.summary.value for each in events(family, "mother")] == [
        "Check-up with Jay Quispe",
        "Check-up: Ben Rojas with Jay Quispe",
    ]
    assert [each.summary.value for each in events(family, "ben")] == ["Check-up with Jay Quispe"]


def test_a_guardian_who_is_added_and_removed_gets_another_feed(family: Desk) -> None:
    family.booked("pat", at("15:00"))
    reader = Reader(family, "mother")
    path = f"/users/{family.id_of('pat')}/guardians/{family.id_of('mother')}"
    assert not reader.has_news()

    family.practice.add(ClinicPatient(clinic_id=1, patient_id=family.id_of("mother"), created_at=NOW))
    assert family.client.call("rita", "PUT", path, {"reason": "Decision of a court"}).status == 204
    assert reader.has_news()
    assert "Pat Rojas" in reader.get().text
    assert family.client.call("rita", "DELETE", path).status == 204
    assert reader.has_news()
    assert "Pat Rojas" not in reader.get().text


def test_a_feed_changes_on_the_day_on_which_a_dependant_comes_of_age(family: Desk, clock: Clock) -> None:
    family.booked("mother", at("15:00", "2030-01-21"), patient="ben")
    family.practice.session.execute(update(Guardian).values(ends_on=NOW.date() + timedelta(days=1)))
    family.practice.session.commit()
    reader = Reader(family, "mother")

    clock.now = NOW.replace(hour=23, minute=59)
    assert not reader.has_news()
    clock.advance(minutes=1)
    assert reader.has_news()
    assert "BEGIN:VEVENT" not in reader.get().text


def test_a_change_of_a_dependants_visit_changes_the_tag(family: Desk) -> None:
    reader = Reader(family, "mother")
    visit = family.booked("ben", at("15:00", "2030-01-21"), patient="ben")["appointment_id"]
    assert reader.has_news()
    family.cancelled("rita", visit)
    assert reader.has_news()
    assert not reader.has_news()


def test_the_name_of_a_dependant_changes_the_tag(family: Desk) -> None:
    family.booked("mother", at("15:00"), patient="ben")
    reader = Reader(family, "mother")
    family.practice.user("ben").full_name = "Benjamin Rojas"
    family.practice.session.commit()

    assert reader.has_news()


def test_an_empty_feed_has_the_time_zone_of_the_dependants_clinic(family: Desk) -> None:
    assert "TZID:UTC" in Reader(family, "mother").get().text
    family.practice.add(ClinicPatient(clinic_id=2, patient_id=family.id_of("ben"), created_at=NOW))
    assert "TZID:America/Santiago" in Reader(family, "mother").get().text
    family.practice.add(ClinicPatient(clinic_id=1, patient_id=family.id_of("mother"), created_at=NOW))
    assert "TZID:America/Lima" in Reader(family, "mother").get().text
