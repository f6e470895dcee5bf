"""What counts as freed time: buffers, chairs, and the time that hours, exceptions, time off and closures give back."""

from typing import Any

import pytest

from lambda_function.db.models import FreedTime
from lambda_function.db.unit_of_work import Database
from lambda_function.services.waitlist_schedule import RESERVE, keep_up
from tests.api.conditions import add_time_off
from tests.api.desk import DAY, Desk, at, instant
from tests.api.waiting import Waitlist, free
from tests.clock import Clock


@pytest.fixture
def waitlist(desk: Desk) -> Waitlist:
    desk.practice.add_patient("ana", clinics=(1,))
    return Waitlist(desk)


@pytest.fixture
def small(waitlist: Waitlist) -> Waitlist:
    """Returns a clinic with one chair and two doctors who work day and night. rita is its receptionist."""
    practice = waitlist.desk.practice
    clinic_id = practice.add_clinic("Small", "America/Lima", chairs=1).clinic_id
    practice.add_receptionist("roy", clinics=(clinic_id,))
    for doctor in ("drone", "drtwo"):
        practice.add_doctor(doctor, clinic=clinic_id)
    for patient in ("eva", "leo", "mia"):
        practice.add_patient(patient, clinics=(clinic_id,))
    return waitlist


def _wide(waitlist: Waitlist) -> int:
    """Adds a treatment of half an hour with half an hour before and after it, which drjay offers."""
    treatment = waitlist.desk.practice.add_treatment("wide", buffer_before_minutes=30, buffer_after_minutes=30)
    waitlist.desk.practice.add_doctor("drwide", treatments=(1, treatment.treatment_id))
    return treatment.treatment_id


@pytest.mark.parametrize("time", ["14:30", "15:30"])
def test_the_time_of_buffers_is_freed(waitlist: Waitlist, time: str) -> None:
    visit = waitlist.desk.booked("rita", at("15:00"), patient="ana", doctor="drwide", treatment=_wide(waitlist))
    until = {"14:30": "15:00", "15:30": "16:00"}[time]
    waitlist.join("kim", doctor_id=waitlist.desk.id_of("drwide"), **{"from": at(time), "to": at(until)})
    free(waitlist, visit)
    assert waitlist.offered("kim") == at(time)


def test_a_visit_whose_own_buffer_needs_freed_time_fits(waitlist: Waitlist) -> None:
    wide = _wide(waitlist)
    visit = waitlist.desk.booked("rita", at("15:00"), patient="ana", doctor="drwide")
    waitlist.join("kim", treatment_id=wide, **{"from": at("15:45"), "to": at("16:30")})
    free(waitlist, visit)
    assert waitlist.offered("kim") == at("15:45")


def test_a_chair_that_was_missing_lets_another_doctor_offer(small: Waitlist) -> None:
    desk = small.desk
    visit = desk.booked("roy", at("15:00"), patient="eva", doctor="drone")
    small.join("leo", doctor_id=desk.id_of("drtwo"), **{"from": at("15:00"), "to": at("15:30")})
    desk.cancelled("roy", visit["appointment_id"])
    assert small.offered("leo") == at("15:00")


def test_the_one_chair_is_offered_once(small: Waitlist) -> None:
    desk = small.desk
    visit = desk.booked("roy", at("15:00"), patient="eva", doctor="drone")
    window = {"from": at("15:00"), "to": at("15:30")}
    small.join("leo", doctor_id=desk.id_of("drtwo"), **window)
    small.join("eva", doctor_id=desk.id_of("drone"), **window)
    desk.cancelled("roy", visit["appointment_id"])
    assert (small.offered("leo"), small.offered("eva")) == (at("15:00"), None)


def test_the_chair_that_is_on_offer_with_one_doctor_is_not_offered_with_another(small: Waitlist) -> None:
    desk = small.desk
    away = add_time_off(desk.practice, desk.id_of("drone"), instant("15:00"), instant("16:00"))
    visit = desk.booked("roy", at("15:00"), patient="mia", doctor="drtwo")
    window = {"from": at("15:00"), "to": at("15:30")}
    small.join("leo", doctor_id=desk.id_of("drtwo"), **window)
    small.join("eva", doctor_id=desk.id_of("drone"), **window)
    desk.cancelled("roy", visit["appointment_id"])

    path = f"/doctors/{desk.id_of('drone')}/time-off/{away}"
    assert desk.client.call("roy", "DELETE", path).status == 204

    assert (small.offered("leo"), small.offered("eva")) == (at("15:00"), None)


@pytest.mark.parametrize("how", ["lapses", "is withdrawn"])
def test_the_chair_of_an_offer_that_ends_goes_to_another_doctor(
    small: Waitlist, clock: Clock, database: Database, how: str
) -> None:
    desk = small.desk
    visit = desk.booked("roy", at("15:00"), patient="mia", doctor="drone")
    window = {"from": at("15:00"), "to": at("15:30")}
    first = small.join("leo", doctor_id=desk.id_of("drtwo"), **window)
    small.join("eva", doctor_id=desk.id_of("drone"), **window)
    desk.cancelled("roy", visit["appointment_id"])
    assert (small.offered("leo"), small.offered("eva")) == (at("15:00"), None)

    if how == "lapses":
        clock.advance(minutes=120)
        keep_up(database, lambda: RESERVE + 1)
    else:
        assert small.withdraw("leo", first).status == 204

    assert (small.offered("leo"), small.offered("eva")) == (None, at("15:00"))


def test_where_a_chair_was_free_all_along_other_doctors_gain_nothing(waitlist: Waitlist) -> None:
    visit = waitlist.desk.booked("rita", at("15:00"), patient="ana")
    waitlist.join("kim", doctor_id=waitlist.desk.id_of("drwu"))
    free(waitlist, visit)
    assert waitlist.offered("kim") is None


def _hours(waitlist: Waitlist, path: str, hours: list[dict[str, Any]]) -> None:
    answer = waitlist.desk.client.call(
        "rita", "PUT", f"/doctors/{waitlist.desk.id_of('drjay')}/{path}", {"hours": hours}
    )
    assert answer.status == 200, answer.text


def _week(waitlist: Waitlist, *windows: tuple[str, str]) -> None:
    weekdays = range(1, 8)
    _hours(
        waitlist,
        "working-hours",
        [{"weekday": day, "start": start, "end": end} for day in weekdays for start, end in windows],
    )


def test_hours_give_time_back(waitlist: Waitlist) -> None:
    _week(waitlist, ("08:00", "10:00"))
    waitlist.join("kim", doctor_id=waitlist.desk.id_of("drjay"))
    _week(waitlist, ("08:00", "12:00"))
    assert waitlist.offered("kim") == at("15:00")  # 10:00 in Lima


def test_hours_that_stay_or_go_free_nothing(waitlist: Waitlist) -> None:
    _week(waitlist, ("08:00", "12:00"))
    waitlist.join("kim", doctor_id=waitlist.desk.id_of("drjay"))
    _week(waitlist, ("08:00", "11:00"))
    assert waitlist.offered("kim") is None
    assert waitlist.desk.practice.rows(FreedTime) == []


def test_an_exception_gives_time_back(waitlist: Waitlist) -> None:
    _hours(waitlist, f"exceptions/{DAY}", [])
    waitlist.join("kim", doctor_id=waitlist.desk.id_of("drjay"))
    _hours(waitlist, f"exceptions/{DAY}", [{"start": "10:00", "end": "11:00"}])
    assert waitlist.offered("kim") == at("15:00")


def test_an_exception_that_is_removed_gives_time_back(waitlist: Waitlist) -> None:
    _hours(waitlist, f"exceptions/{DAY}", [])
    waitlist.join("kim", doctor_id=waitlist.desk.id_of("drjay"))
    answer = waitlist.desk.client.call("rita", "DELETE", f"/doctors/{waitlist.desk.id_of('drjay')}/exceptions/{DAY}")
    assert answer.status == 200
    assert waitlist.offered("kim") == at("13:00")


def test_long_time_off_is_freed_to_its_end(waitlist: Waitlist) -> None:
    path = f"/doctors/{waitlist.desk.id_of('drjay')}/time-off"
    time_off = {"starts_at": at("00:00"), "ends_at": at("00:00", "2030-06-01"), "reason": "Away"}
    time_off_id = waitlist.desk.client.post("rita", path, time_off).json["time_off_id"]
    wish = {
        "doctor_id": waitlist.desk.id_of("drjay"),
        "from": at("00:00", "2030-05-28"),
        "to": at("00:00", "2030-05-30"),
    }
    waitlist.join("kim", **wish)
    waitlist.join("pat")
    assert waitlist.desk.client.call("rita", "DELETE", f"{path}/{time_off_id}").status == 204
    assert waitlist.offered("pat") == at("13:00")
    assert waitlist.desk.practice.rows(FreedTime) != []  # for the schedule: one round reads less than five months


def test_nothing_is_written_down_while_nobody_waits(waitlist: Waitlist) -> None:
    free(waitlist, waitlist.desk.booked("rita", at("15:00"), patient="ana"))
    assert waitlist.desk.practice.rows(FreedTime) == []


def test_what_has_been_offered_is_written_down_no_longer(waitlist: Waitlist) -> None:
    visit = waitlist.desk.booked("rita", at("15:00"), patient="ana")
    waitlist.join("kim")
    waitlist.join("pat", treatment_id=3)
    free(waitlist, visit)
    assert waitlist.desk.practice.rows(FreedTime) == []
