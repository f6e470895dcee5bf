"""User names are the same in capital and small letters, as in Cognito's pool. Any other difference tells them apart."""

import pytest

from lambda_function.db.unit_of_work import Database
from lambda_function.domain.errors import InvalidInputError, NotFoundError
from lambda_function.services.operators.users import known_person
from lambda_function.services.practice.plan import make_plan
from lambda_function.services.practice.read_declaration import DeclarationError, read_declaration
from lambda_function.services.sign_up import Account, sign_up
from tests.api.desk import Desk
from tests.api.expect import expect_problem
from tests.cli.terminal import demo_document
from tests.factories import Practice


@pytest.mark.parametrize("name", ["PAT", "Pat"])
def test_a_name_in_other_letters_is_taken(desk: Desk, name: str) -> None:
    answer = desk.client.post("rita", "/users", {"user_name": name, "full_name": "Somebody Else"})
    expect_problem(answer, 409, "name_taken")
    assert name not in desk.practice.ids


@pytest.mark.parametrize(("name", "status"), [("PAT", 200), ("pât", 404), ("pat ", 404), ("\u212aim", 404)])
def test_the_former_route_finds_people_in_any_letters(desk: Desk, name: str, status: int) -> None:
    body = {"patient": name, "doctor": "DrJay", "appointment_date": "2030-01-08 10:00:00"}
    answer = desk.client.post("rita", "/appointment", body)
    assert (answer.status < 300) == (status == 200), answer.text
    assert answer.status == 404 or status == 200


@pytest.mark.parametrize(("name", "found"), [("PAT", True), ("pat", True), ("pât", False), ("pat ", False)])
def test_operators_find_people_in_any_letters(practice: Practice, database: Database, name: str, found: bool) -> None:  # noqa: FBT001 - one word says it
    def find(name: str) -> int | None:
        try:
            return database.transact(lambda work: known_person(work.session, name), commit=False).user_id
        except NotFoundError:
            return None

    assert find(name) == (practice.ids["pat"] if found else None)


def test_who_signs_up_under_a_name_in_other_letters_gets_another(practice: Practice, database: Database) -> None:
    account = Account("sub-of-somebody", "PAT", "Some Body", None)
    database.transact(lambda work: sign_up(work, account))
    assert practice.user("sub-of-somebody").full_name == "Some Body"


def test_a_practice_file_names_people_in_any_letters(practice: Practice, database: Database) -> None:
    document = demo_document()
    document["doctors"] = {name.upper(): doctor for name, doctor in document["doctors"].items()}
    plan = database.transact(lambda work: make_plan(work, read_declaration(document)), commit=False)
    assert (plan.changes, plan.not_in_file[next(iter(plan.not_in_file))]) == ([], [])


@pytest.mark.parametrize(("section", "path"), [("doctors", "doctors"), ("receptionists", "receptionists")])
def test_a_practice_file_may_not_name_somebody_twice(section: str, path: str) -> None:
    document = demo_document()
    person = document[section]["rita" if section == "receptionists" else "drjay"]
    document[section] = {"Same": person, "same": person}
    with pytest.raises(DeclarationError) as refusal:
        read_declaration(document)
    assert refusal.value.problems[0][0] == (path, "same")
    assert isinstance(refusal.value, InvalidInputError)
