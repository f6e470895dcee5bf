"""A register has the visits of its country and no others, whatever messages come, and in whatever order."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import URL, delete, event

from lambda_function.bootstrap.operator_context import UrlCredentials
from lambda_function.db.engine import build_engine
from lambda_function.db.models import Appointment
from tests.api.desk import instant
from tests.registers import MAX_RECEIVES, Outcome, PeruvianRegister

START = instant("15:00")


@pytest.mark.parametrize("country", ["PE", "CL"])
@pytest.mark.parametrize("receives", [1, MAX_RECEIVES])
def test_a_message_about_a_visit_of_another_country_changes_nothing_and_is_done(
    peru: PeruvianRegister, country: str, receives: int
) -> None:
    abroad = peru.practice.add_appointment(START, clinic_id=2)

    assert peru.deliver(peru.change(abroad, receives=receives, country=country)) == []

    assert (peru.rows(), peru.told()) == ({}, [])


def test_a_forged_country_changes_nothing_about_a_visit_of_this_one(peru: PeruvianRegister) -> None:
    visit = peru.practice.add_appointment(START)

    peru.deliver(peru.change(visit, country="CL", clinic_id=2))

    assert peru.rows()[visit.appointment_id].clinic_id == 1
    [event] = peru.delivery.received()
    assert (event["detail"]["country"], event["detail"]["clinic_id"]) == ("PE", 1)


def test_a_visit_that_has_left_the_country_is_removed_and_its_own_country_tells_the_rest(
    peru: PeruvianRegister,
) -> None:
    left, stays = (peru.practice.add_appointment(START + timedelta(hours=number)) for number in range(2))
    peru.deliver(peru.change(left), peru.change(stays))
    peru.told()
    peru.leave(left, 2)

    assert peru.deliver(peru.change(left), peru.change(stays)) == []

    assert peru.versions() == {stays.appointment_id: 1}
    assert peru.told() == [Outcome(stays.appointment_id, 1, None)]


def test_a_visit_that_is_not_in_the_main_database_any_more_is_removed_without_an_outcome(
    peru: PeruvianRegister,
) -> None:
    visit = peru.practice.add_appointment(START)
    message = peru.change(visit, receives=MAX_RECEIVES)
    peru.deliver(message)
    peru.told()
    peru.practice.session.execute(delete(Appointment).where(Appointment.appointment_id == visit.appointment_id))
    peru.practice.session.commit()

    for _ in range(2):
        assert peru.deliver(message) == []
        assert (peru.rows(), peru.told()) == ({}, [])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.integers(1, 4), data=st.data())
def test_a_visit_that_leaves_and_comes_back_is_where_it_is_in_whatever_order_the_messages_come(
    peru: PeruvianRegister, moves: int, data: st.DataObject
) -> None:
    """Every message comes at some time after its move, early or late, and some come again."""
    visit = peru.practice.add_appointment(START)
    messages = [peru.change(visit)]
    waiting = {0}
    for number in range(1, moves + 1):
        peru.leave(visit, 2 if visit.clinic_id == 1 else 1)
        messages.append(peru.change(visit))
        waiting.add(number)
        for one in data.draw(st.lists(st.integers(0, number), max_size=3), "early"):
            assert peru.deliver(messages[one]) == []
            waiting.discard(one)
    again = data.draw(st.lists(st.integers(0, moves), max_size=2), "again")
    for one in data.draw(st.permutations([*waiting, *again]), "late"):
        assert peru.deliver(messages[one]) == []

    here = {visit.appointment_id: visit.version} if visit.clinic_id == 1 else {}
    assert {key: version for key, version in peru.versions().items() if key == visit.appointment_id} == here


def test_what_has_left_while_the_register_is_away_has_not_failed(peru: PeruvianRegister, register_url: URL) -> None:
    here, abroad = (peru.practice.add_appointment(START, clinic_id=clinic_id) for clinic_id in (1, 2))
    away = build_engine(UrlCredentials(register_url.set(host="127.0.0.1", port=1)), tls=None)
    messages = [peru.change(visit, receives=MAX_RECEIVES) for visit in (here, abroad)]

    failed = peru.processor_over(peru.reader_engine, away).process(messages, lambda: 60)

    assert failed == [message.record_id for message in messages]
    assert peru.told() == [Outcome(here.appointment_id, 1, "unavailable")]


def test_a_visit_that_leaves_while_it_is_being_added_is_not_left_behind(
    peru: PeruvianRegister, register_url: URL
) -> None:
    """The message that it has left comes, and finds no row, before the row is written."""
    visit = peru.practice.add_appointment(START)
    message = peru.change(visit)
    # A worker has one connection to each database.
    other = peru.processor_over(peru.reader_engine, build_engine(UrlCredentials(register_url), tls=None))
    left = 0

    def leave_before(*call: Any) -> None:
        nonlocal left
        if call[2].startswith("INSERT") and not left:
            left += 1
            peru.leave(visit, 2)
            assert other.process([message], lambda: 60) == []

    event.listen(peru.register_engine, "before_cursor_execute", leave_before)
    try:
        assert peru.deliver(message) == []
    finally:
        event.remove(peru.register_engine, "before_cursor_execute", leave_before)

    assert left == 1
    assert (peru.rows(), peru.told()) == ({}, [])
