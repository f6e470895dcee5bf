"""Both tables have every cell, and grant what tests/rights.py says."""

import pytest

from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.errors import ForbiddenError
from lambda_function.domain.permissions import (
    PERMISSIONS,
    VISIBILITY,
    Action,
    Entity,
    Subject,
    permitted,
    require,
)
from tests import rights

PATIENT = Actor(1, Role.PATIENT)
DOCTOR = Actor(2, Role.DOCTOR, (10,))
RECEPTIONIST = Actor(3, Role.RECEPTIONIST, (10, 11))
OF_BOTH = Subject(patient_id=1, doctor_id=2, clinic_id=10)
OF_OTHERS = Subject(patient_id=8, doctor_id=9, clinic_id=99)


def test_the_permissions_are_those_agreed_on() -> None:
    assert rights.MAY == PERMISSIONS


def test_the_visibilities_are_those_agreed_on() -> None:
    assert rights.SEES == VISIBILITY


def test_every_action_has_a_cell_for_every_role() -> None:
    assert {(action, role) for action, row in PERMISSIONS.items() for role in row} == {
        (action, role) for action in Action for role in Role
    }


def test_every_entity_has_a_cell_for_every_role() -> None:
    assert {(entity, role) for entity, row in VISIBILITY.items() for role in row} == {
        (entity, role) for entity in Entity for role in Role
    }


def test_the_tables_cannot_be_changed_while_running() -> None:
    with pytest.raises(TypeError):
        PERMISSIONS[Action.BOOK] = {}  # type: ignore[index]
    with pytest.raises(TypeError):
        VISIBILITY[Entity.CLAIM] = {}  # type: ignore[index]


@pytest.mark.parametrize("action", [Action.BOOK, Action.CANCEL])
@pytest.mark.parametrize("actor", [PATIENT, DOCTOR, RECEPTIONIST], ids=str)
def test_whoever_takes_part_in_a_visit_may_book_and_cancel_it(actor: Actor, action: Action) -> None:
    assert permitted(actor, action, OF_BOTH)


@pytest.mark.parametrize("action", [Action.BOOK, Action.CANCEL])
@pytest.mark.parametrize("actor", [PATIENT, DOCTOR, RECEPTIONIST], ids=str)
def test_nobody_books_or_cancels_the_visits_of_others(actor: Actor, action: Action) -> None:
    assert not permitted(actor, action, OF_OTHERS)


def test_a_patient_who_has_the_id_of_the_doctor_is_not_the_doctor() -> None:
    assert not permitted(Actor(2, Role.PATIENT), Action.BOOK, OF_BOTH)


def test_a_doctor_who_is_the_patient_of_a_visit_is_not_its_doctor() -> None:
    assert not permitted(Actor(1, Role.DOCTOR, (10,)), Action.BOOK, OF_BOTH)


def test_a_receptionist_who_has_the_id_of_the_doctor_is_not_the_doctor() -> None:
    assert not permitted(Actor(2, Role.RECEPTIONIST), Action.SHARE_CALENDAR, OF_BOTH)


def test_a_receptionist_of_no_clinic_books_nothing() -> None:
    assert not permitted(Actor(3, Role.RECEPTIONIST), Action.BOOK, OF_BOTH)


@pytest.mark.parametrize("action", [Action.CREATE_PATIENT, Action.BOOK_BY_NAME])
@pytest.mark.parametrize("actor", [PATIENT, DOCTOR], ids=str)
def test_what_only_the_reception_does_is_refused_to_the_others(actor: Actor, action: Action) -> None:
    assert not permitted(actor, action)
    assert not permitted(actor, action, OF_BOTH)


def test_without_a_subject_the_question_is_whether_there_could_be_one() -> None:
    assert all(permitted(actor, Action.BOOK) for actor in (PATIENT, DOCTOR, RECEPTIONIST))


def test_a_reach_of_all_asks_for_no_subject() -> None:
    assert permitted(PATIENT, Action.READ_CATALOGUE, OF_OTHERS)


def test_what_is_not_permitted_is_forbidden() -> None:
    with pytest.raises(ForbiddenError):
        require(PATIENT, Action.CREATE_PATIENT)


def test_what_is_permitted_passes() -> None:
    require(RECEPTIONIST, Action.CREATE_PATIENT)


@pytest.mark.parametrize(("role", "staff"), [(Role.PATIENT, False), (Role.DOCTOR, True), (Role.RECEPTIONIST, True)])
def test_everybody_but_patients_is_staff(role: Role, *, staff: bool) -> None:
    assert Actor(1, role).is_staff is staff
