"""A calendar token shows at most what its owner could see when it was made and can still see now."""

import json
from typing import Any

import pytest
from sqlalchemy import delete, update

from lambda_function.db.models import CalendarToken, Doctor, Receptionist, ReceptionistClinic, User
from lambda_function.domain.actor import Role
from tests.api.desk import Desk, at
from tests.api.expect import expect_problem
from tests.api.test_calendar_feed import feed, new_token


@pytest.fixture
def visits(desk: Desk) -> dict[int, int]:
    """Returns a visit of pat in each clinic, by clinic."""
    return {
        1: desk.booked("rita", at("15:00"))["appointment_id"],
        2: desk.booked("rosa", at("17:00"), doctor="drsol")["appointment_id"],
    }


def shown(desk: Desk, token: str) -> set[int]:
    answer = feed(desk, token)
    assert answer.status == 200, answer.text
    lines = answer.text.splitlines()
    return {int(line.split("-")[1].split("@")[0]) for line in lines if line.startswith("UID:appointment-")}


def _set(desk: Desk, user_name: str, **columns: Any) -> None:
    desk.practice.session.execute(update(User).where(User.user_name == user_name).values(**columns))
    desk.practice.session.commit()


def _works_at(desk: Desk, user_name: str, *clinics: int) -> None:
    user_id, session = desk.id_of(user_name), desk.practice.session
    session.execute(delete(ReceptionistClinic).where(ReceptionistClinic.receptionist_id == user_id))
    desk.practice.add(*(ReceptionistClinic(receptionist_id=user_id, clinic_id=clinic) for clinic in clinics))


def test_a_patients_token_is_no_receptionists(desk: Desk, visits: dict[int, int]) -> None:
    desk.booked("rita", at("18:00"), patient="kim")
    token = new_token(desk, "pat")
    desk.practice.add(Receptionist(user_id=desk.id_of("pat")))
    _works_at(desk, "pat", 1, 2)
    _set(desk, "pat", user_type=Role.RECEPTIONIST)

    expect_problem(feed(desk, token), 404, "not_found")


def test_a_receptionists_token_is_no_patients(desk: Desk) -> None:
    token = new_token(desk, "rita")
    _set(desk, "rita", user_type=Role.PATIENT)

    expect_problem(feed(desk, token), 404, "not_found")


def test_a_token_does_not_show_the_clinics_that_its_owner_got_later(desk: Desk, visits: dict[int, int]) -> None:
    token = new_token(desk, "rita")
    _works_at(desk, "rita", 1, 2)

    assert shown(desk, token) == {visits[1]}
    assert shown(desk, new_token(desk, "rita")) == set(visits.values())


def test_a_token_does_not_show_the_clinics_that_its_owner_has_left(desk: Desk, visits: dict[int, int]) -> None:
    _works_at(desk, "rita", 1, 2)
    token = new_token(desk, "rita")
    _works_at(desk, "rita", 2)
    assert shown(desk, token) == {visits[2]}

    _works_at(desk, "rita")
    assert shown(desk, token) == set()


def test_a_role_that_comes_back_with_more_clinics_brings_the_token_no_more(desk: Desk, visits: dict[int, int]) -> None:
    token = new_token(desk, "rita")
    _set(desk, "rita", user_type=Role.PATIENT)
    _works_at(desk, "rita", 1, 2)
    _set(desk, "rita", user_type=Role.RECEPTIONIST)

    assert shown(desk, token) == {visits[1]}


def test_a_doctors_token_ends_when_they_leave_the_clinic(desk: Desk, visits: dict[int, int]) -> None:
    token = new_token(desk, "drjay")
    assert shown(desk, token) == {visits[1]}
    desk.practice.session.execute(
        update(Doctor).where(Doctor.user_id == desk.id_of("drjay")).values(clinic_id=2, default_treatment_id=None)
    )
    desk.practice.session.commit()

    expect_problem(feed(desk, token), 404, "not_found")


def test_a_token_of_a_release_that_did_not_bind_them_opens_nothing(desk: Desk) -> None:
    """The previous release may make such a token while it runs beside the migration."""
    token = new_token(desk, "rita")
    desk.practice.session.execute(update(CalendarToken).values(user_type=None, clinic_ids=None))
    desk.practice.session.commit()

    expect_problem(feed(desk, token), 404, "not_found")


def test_whoever_is_deactivated_has_no_token_left_to_come_back_to(desk: Desk) -> None:
    token = new_token(desk, "pat")
    assert desk.client.call("rita", "DELETE", f"/users/{desk.id_of('pat')}").status == 204
    assert desk.practice.rows(CalendarToken) == []
    _set(desk, "pat", active=True)

    expect_problem(feed(desk, token), 404, "not_found")


def test_what_a_token_is_bound_to_is_kept_beside_it(desk: Desk) -> None:
    new_token(desk, "rita")

    [row] = desk.practice.rows(CalendarToken)
    assert (row.user_type, json.dumps(row.clinic_ids)) == (Role.RECEPTIONIST, "[1]")
