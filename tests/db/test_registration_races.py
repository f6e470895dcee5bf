"""Receptions enter people with identifiers at the same time as others do, or while the person leaves."""

from collections import Counter
from functools import partial
from itertools import count

import pytest

from lambda_function.db.models import ClinicPatient, PatientIdentifier, PersonEvent, Refusals, User
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.identifiers import Identifier, IdentifierSystem
from lambda_function.domain.people import NewUser, PersonAction
from lambda_function.services.deactivation import deactivate_patient
from lambda_function.services.identifiers import REFUSALS_A_DAY
from lambda_function.services.operators.actions import OperatorContext
from lambda_function.services.operators.actions import run as run_action
from lambda_function.services.person_changes import change_patient
from lambda_function.services.registration import Registration, made_user_name, register
from tests.clock import NOW
from tests.db.races import Clients, Job, outcome, transaction
from tests.factories import Practice
from tests.profiles import examples

ROUNDS = examples(5, 10)
THREADS = 6
BORN = NOW.date()


def _dni(value: str) -> list[Identifier]:
    return [Identifier(IdentifierSystem.NATIONAL_ID, value)]


def _registering(actor: Actor, value: str, full_name: str = "Ana") -> Job:
    def run(work: UnitOfWork) -> None:
        patient = NewUser(user_name=made_user_name(), user_type=Role.PATIENT, full_name=full_name, birth_date=BORN)
        register(work, Registration(patient=patient, identifiers=_dni(value), accept_duplicate=True))

    return transaction(run, actor)


def _changing(actor: Actor, user_id: int, value: str) -> Job:
    act = partial(change_patient, user_id=user_id, changes={}, expected=None, identifiers=_dni(value))
    return transaction(act, actor)


@pytest.fixture
def receptionists(practice: Practice) -> list[Actor]:
    names = [f"reception{number}" for number in range(THREADS)]
    for name in names:
        practice.add_receptionist(name, clinics=(1,))
    return [practice.actor(name) for name in names]


def test_of_several_who_enter_one_identifier_at_once_one_succeeds_and_the_others_are_counted(
    clients: Clients, practice: Practice, receptionists: list[Actor]
) -> None:
    for number in range(min(ROUNDS, REFUSALS_A_DAY)):
        outcomes = clients.at_once([_registering(actor, f"{number}") for actor in receptionists])

        assert Counter(outcomes) == {"done": 1, "identifier_taken": THREADS - 1}
        assert [row.value for row in practice.rows(PatientIdentifier)].count(f"{number}") == 1
    refusals = [event for event in practice.rows(PersonEvent) if event.action == PersonAction.IDENTIFIER_REFUSED]
    rounds = min(ROUNDS, REFUSALS_A_DAY)
    assert sum(row.count for row in practice.rows(Refusals)) == len(refusals) == rounds * (THREADS - 1)


def test_of_several_patients_who_are_given_one_identifier_at_once_one_has_it(
    clients: Clients, practice: Practice, receptionists: list[Actor]
) -> None:
    patients = [practice.add_patient(clinics=(1,)).user_id for _ in receptionists]

    outcomes = clients.at_once(
        [_changing(actor, patient, "1") for actor, patient in zip(receptionists, patients, strict=True)]
    )

    assert Counter(outcomes) == {"done": 1, "identifier_taken": THREADS - 1}
    assert [row.value for row in practice.rows(PatientIdentifier)] == ["1"]


def test_guesses_at_the_same_time_are_counted_like_guesses_one_after_the_other(
    clients: Clients, practice: Practice
) -> None:
    practice.add_identifier(practice.add_patient(clinics=(2,)).user_id, "national_id", "PE", "1")
    rita, pat = practice.actor("rita"), practice.ids["pat"]

    guesses = [_registering(rita, "1") if number % 2 else _changing(rita, pat, "1") for number in range(8)]
    outcomes = clients.at_once(guesses)

    assert Counter(outcomes) == {"identifier_taken": REFUSALS_A_DAY, "throttled": 8 - REFUSALS_A_DAY}
    assert [row.count for row in practice.rows(Refusals)] == [REFUSALS_A_DAY]


def test_two_who_let_one_patient_join_at_once_hear_that_it_is_the_patient_or_a_visible_one(
    clients: Clients, practice: Practice, receptionists: list[Actor]
) -> None:
    ana = practice.add_patient("ana", clinics=(2,), full_name="Ana", birth_date=BORN).user_id
    practice.add_identifier(ana, "national_id", "PE", "1")

    outcomes = clients.at_once([_registering(actor, "1") for actor in receptionists])

    assert set(outcomes) <= {"done", "identifier_taken"}
    assert "done" in outcomes
    assert sorted(row.clinic_id for row in practice.rows(ClinicPatient) if row.patient_id == ana) == [1, 2]
    joins = [event for event in practice.rows(PersonEvent) if event.action == PersonAction.JOIN]
    assert len(joins) == outcomes.count("done")


def test_a_patient_who_is_being_deactivated_joins_before_or_not_at_all(
    clients: Clients, practice: Practice, receptionists: list[Actor]
) -> None:
    rosa, numbers = practice.actor("rosa"), count(1)
    seen: set[str] = set()
    for _ in range(ROUNDS):
        value = f"{next(numbers)}"
        ana = practice.add_patient(clinics=(2,), full_name="Ana", birth_date=BORN).user_id
        practice.add_identifier(ana, "national_id", "PE", value)
        actor = practice.actor(practice.add_receptionist(clinics=(1,)).user_name)

        joined, left = clients.at_once(
            [_registering(actor, value), transaction(partial(deactivate_patient, user_id=ana), rosa)]
        )

        seen.add(joined)
        clinics = {row.clinic_id for row in practice.rows(ClinicPatient) if row.patient_id == ana}
        assert clinics == ({1, 2} if joined == "done" else {2})
        assert left == "done"
        assert not next(user.active for user in practice.rows(User) if user.user_id == ana)
        events = [event.action for event in practice.rows(PersonEvent) if event.user_id == ana]
        assert [action for action in events if action != PersonAction.CREATE] == (
            ["JOIN", "DEACTIVATE"] if joined == "done" else ["DEACTIVATE"]
        )
    assert seen <= {"done", "identifier_taken"}


def _merging(source: int, target: int) -> Job:
    arguments = {"source": f"id:{source}", "target": f"id:{target}"}
    return lambda database: outcome(lambda: run_action(OperatorContext(database), "users.merge", arguments))


def test_a_patient_who_is_being_merged_joins_as_the_one_or_the_other(clients: Clients, practice: Practice) -> None:
    for number in range(ROUNDS):
        source, target = (
            practice.add_patient(clinics=(2,), full_name="Ana", birth_date=BORN, cognito_sub=None).user_id
            for _ in range(2)
        )
        practice.add_identifier(source, "national_id", "PE", f"{number}")
        actor = practice.actor(practice.add_receptionist(clinics=(1,)).user_name)

        joined, merged = clients.at_once([_registering(actor, f"{number}"), _merging(source, target)])

        assert (joined, merged) == ("done", "done")
        _check_left(practice, source, target)
        assert {row.clinic_id for row in practice.rows(ClinicPatient) if row.patient_id == target} == {1, 2}


def test_identifiers_that_are_given_to_a_patient_who_is_being_merged_are_not_left_behind(
    clients: Clients, practice: Practice
) -> None:
    for number in range(ROUNDS):
        source, target = (practice.add_patient(clinics=(1,), cognito_sub=None).user_id for _ in range(2))
        actor = practice.actor(practice.add_receptionist(clinics=(1,)).user_name)

        given, merged = clients.at_once([_changing(actor, source, f"{number}"), _merging(source, target)])

        assert given in {"done", "not_found"}
        assert merged == "done"
        _check_left(practice, source, target)
        holders = [row.user_id for row in practice.rows(PatientIdentifier) if row.value == f"{number}"]
        assert holders == ([target] if given == "done" else [])


def _check_left(practice: Practice, source: int, target: int) -> None:
    """Checks that the one person is left without anything, and the other is there."""
    assert source not in {row.user_id for row in practice.rows(PatientIdentifier)}
    assert source not in {row.patient_id for row in practice.rows(ClinicPatient)}
    users = {user.user_id: user for user in practice.rows(User)}
    assert (users[source].merged_into, users[target].active) == (target, True)
