"""The Lambda that the user pool calls after a confirmation, on the real database as the application's user."""

import re
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from sqlalchemy import URL, text

from dev.lambda_context import LambdaContext
from lambda_function.aws.post_confirmation import SignUpError
from lambda_function.db.models import ClinicPatient, Patient, User
from lambda_function.domain.actor import Role
from tests.aws import SECRET_ID, load_handler, store_secret
from tests.docs.documents import OPERATIONS, section
from tests.factories import Practice

MODULE = "lambda_function.entrypoints.cognito"
MAIL = "ana@example.com"


@pytest.fixture(autouse=True)
def environment(app_url: URL, lambda_environment: pytest.MonkeyPatch) -> None:
    store_secret(app_url)


def _event(user_name: str = "ana", source: str = "PostConfirmation_ConfirmSignUp", **attributes: str) -> dict[str, Any]:
    given = {"sub": "sub-1", "email": MAIL, "email_verified": "true", **attributes}
    return {
        "version": "1",
        "triggerSource": source,
        "region": "us-east-1",
        "userPoolId": "us-east-1_pool",
        "userName": user_name,
        "callerContext": {"awsSdkVersion": "1", "clientId": "client"},
        "request": {"userAttributes": given},
        "response": {},
    }


def _call(event: dict[str, Any]) -> None:
    handler: Callable[[dict[str, Any], LambdaContext], Any] = load_handler(MODULE)
    assert handler(event, LambdaContext("cognito", 60)) == event


def _with_sub(practice: Practice, sub: str = "sub-1") -> User:
    [user] = [user for user in practice.rows(User) if user.cognito_sub == sub]
    assert isinstance(user, User)
    return user


def test_somebody_new_becomes_a_patient_of_no_clinic(practice: Practice) -> None:
    _call(_event(given_name="Ana", family_name="Ríos"))

    ana = _with_sub(practice)
    assert (ana.user_name, ana.user_type, ana.full_name, ana.email) == ("ana", Role.PATIENT, "Ana Ríos", MAIL)
    assert ana.user_id in {patient.user_id for patient in practice.rows(Patient)}
    assert ana.user_id not in {row.patient_id for row in practice.rows(ClinicPatient)}


@pytest.mark.parametrize("source", ["PostConfirmation_ConfirmSignUp", "PostConfirmation_ConfirmForgotPassword"])
def test_calling_again_changes_nothing(practice: Practice, source: str) -> None:
    _call(_event())
    before = {user.user_id: user.version for user in practice.rows(User)}
    _call(_event(source=source))

    assert {user.user_id: user.version for user in practice.rows(User)} == before


def test_a_new_password_heals_a_sign_up_that_failed(practice: Practice) -> None:
    _call(_event(source="PostConfirmation_ConfirmForgotPassword"))

    assert _with_sub(practice).user_name == "ana"


@pytest.mark.parametrize("email", [MAIL, "Ana@Example.com"])
def test_a_verified_email_links_the_patient_whom_a_reception_entered(practice: Practice, email: str) -> None:
    entered = practice.add_patient("ana.rios", clinics=(1,), cognito_sub=None, email=MAIL).user_id
    _call(_event(user_name="whatever", email=email))

    linked = _with_sub(practice)
    assert (linked.user_id, linked.user_name, linked.version) == (entered, "ana.rios", 2)


def _entered(practice: Practice, **columns: Any) -> int:
    return practice.add_patient("ana", **{"cognito_sub": None, "email": MAIL, **columns}).user_id


@pytest.mark.parametrize(
    ("columns", "attributes"),
    [
        pytest.param({}, {"email_verified": "false"}, id="the e-mail is not verified"),
        pytest.param({"email": "other@example.com"}, {}, id="only the name is the same"),
        pytest.param({"email": "aná@example.com"}, {}, id="the e-mail differs by an accent"),
        pytest.param({"cognito_sub": "sub-other"}, {}, id="the patient has an account"),
        pytest.param({"active": False}, {}, id="the patient is deactivated"),
        pytest.param({"email": None}, {"email": ""}, id="there is no e-mail"),
    ],
)
def test_nobody_is_linked_when(practice: Practice, columns: dict[str, Any], attributes: dict[str, str]) -> None:
    entered = _entered(practice, **columns)
    _call(_event(user_name="ana", **attributes))

    made = _with_sub(practice)
    assert made.user_id != entered
    assert made.user_name == "sub-1"  # because the name is taken


def test_a_family_with_one_address_is_left_to_the_reception(practice: Practice) -> None:
    entered = {_entered(practice), practice.add_patient("leo", cognito_sub=None, email=MAIL).user_id}
    _call(_event())

    assert _with_sub(practice).user_id not in entered


def test_staff_are_never_linked_by_signing_up(practice: Practice) -> None:
    doctor = practice.add_user(Role.DOCTOR, "drana", cognito_sub=None, email=MAIL).user_id
    _call(_event(user_name="drana"))

    made = _with_sub(practice)
    assert (made.user_id != doctor, made.user_type) == (True, Role.PATIENT)


@pytest.mark.parametrize("name", ["<b>", "a b", "x" * 65, "-dash"])
def test_a_name_that_is_none_here_is_not_taken_over(practice: Practice, name: str) -> None:
    _call(_event(user_name=name, name="\x00"))

    made = _with_sub(practice)
    assert (made.user_name, made.full_name) == ("sub-1", "sub-1")


@pytest.mark.parametrize(
    ("attributes", "full_name"),
    [
        ({"name": "ジョン・スミス"}, "ジョン・スミス"),
        ({"name": "Jose\u0301\u200b Nu\u0301n\u0303ez"}, "José Núñez"),
        ({"name": "Ana\nRíos\x00"}, "Ana Ríos"),
        ({"name": "\u202aAna\u202c \u2068Ríos\u2069"}, "Ana Ríos"),
        ({"name": "Ana\ud800 Ríos"}, "Ana Ríos"),
        ({"name": "Ana " + "x" * 300}, "Ana " + "x" * 196),
        ({"name": "x" * 199 + " y"}, "x" * 199),
        ({"name": "\u200b", "given_name": "Ana", "middle_name": "de la", "family_name": "Cruz"}, "Ana de la Cruz"),
        ({"name": "...", "nickname": "Anita"}, "Anita"),
        ({"name": "42", "given_name": "\u3164"}, "ana"),
    ],
    ids=ascii,
)
def test_a_name_is_kept_as_well_as_it_can_be(practice: Practice, attributes: dict[str, str], full_name: str) -> None:
    _call(_event(**attributes))

    assert _with_sub(practice).full_name == full_name


@pytest.mark.parametrize(
    "email",
    ["josé@münchen.example", ".ana..@docomo.example", '"ana maria"@example.org', "ana@[10.0.0.1]", "x" * 70 + "@b.pe"],
)
def test_an_address_that_the_pool_has_verified_is_kept(practice: Practice, email: str) -> None:
    _call(_event(email=email))

    assert _with_sub(practice).email == email


@pytest.mark.parametrize(
    "email", ["", "x" * 250 + "@b.pe", "ana@b.pe\r\nBcc: b@c.pe", "ana", "ana\ud800@b.pe"], ids=ascii
)
def test_what_is_no_address_is_left_out(practice: Practice, email: str) -> None:
    _call(_event(email=email))

    assert _with_sub(practice).email is None


@pytest.mark.parametrize("event", [{}, {"request": {"userAttributes": {"email": MAIL}}}])
def test_what_goes_wrong_is_told_without_details(
    practice: Practice, event: dict[str, Any], log_text: Callable[[], str]
) -> None:
    with pytest.raises(SignUpError, match="could not be set up") as failed:
        _call(event)
    assert failed.value.__suppress_context__
    assert "KeyError" in (logged := log_text())
    assert MAIL not in logged


def test_it_fails_without_its_database_and_says_no_more(practice: Practice) -> None:
    boto3.client("secretsmanager").delete_secret(SecretId=SECRET_ID, ForceDeleteWithoutRecovery=True)
    with pytest.raises(SignUpError, match="could not be set up"):
        _call(_event())


def test_after_the_loss_of_a_region_people_are_linked_to_their_new_accounts(practice: Practice) -> None:
    """docs/operations.md gives the statement to run when the pool has to be made anew."""
    stated = re.search(r"`(UPDATE user SET [^`]+)`", section(OPERATIONS, "Restore from backup"))
    assert stated is not None
    lost = practice.add_patient("ana", cognito_sub="sub-of-the-lost-pool", email=MAIL).user_id
    practice.session.execute(text(stated[1]))
    practice.session.commit()
    _call(_event(user_name="ana"))

    assert _with_sub(practice).user_id == lost
