"""Who the caller is: the claims of the token, and the caller's row at the time of the call."""

from typing import Any

import pytest

from lambda_function.db.models import Receptionist, ReceptionistClinic
from lambda_function.domain.actor import Role
from tests.api.desk import Desk
from tests.api.expect import expect_problem
from tests.api_client import Answer, ApiClient, access_claims, http_event

NEW = {"user_name": "new", "full_name": "New"}


def _get_me(client: ApiClient, claims: dict[str, str] | None) -> Answer:
    return client.send(http_event("GET", "/me", claims=claims))


def _set(desk: Desk, user_name: str, **columns: Any) -> None:
    user = desk.practice.user(user_name)
    for name, value in columns.items():
        setattr(user, name, value)
    desk.practice.session.commit()


def test_without_claims_it_is_401_and_says_what_is_missing(client: ApiClient) -> None:
    answer = _get_me(client, None)

    expect_problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "authorizer", [None, {}, {"jwt": None}, {"jwt": {}}, {"jwt": {"claims": None}}, {"jwt": {"claims": {}}}]
)
def test_an_authorizer_that_says_nothing_is_401(client: ApiClient, authorizer: Any) -> None:
    event = http_event("GET", "/me")
    event["requestContext"]["authorizer"] = authorizer

    expect_problem(client.send(event), 401, "unauthenticated")


@pytest.mark.parametrize("token_use", ["id", "", "ACCESS", "[access]", "refresh"])
def test_only_an_access_token_counts(client: ApiClient, token_use: str) -> None:
    expect_problem(_get_me(client, {**access_claims("pat"), "token_use": token_use}), 401, "unauthenticated")


@pytest.mark.parametrize("missing", ["sub", "token_use"])
def test_a_token_without_one_of_the_two_claims_is_401(client: ApiClient, missing: str) -> None:
    claims = access_claims("pat")
    del claims[missing]

    expect_problem(_get_me(client, claims), 401, "unauthenticated")


def test_an_empty_sub_is_401(client: ApiClient) -> None:
    expect_problem(_get_me(client, {**access_claims("pat"), "sub": ""}), 401, "unauthenticated")


def test_claims_with_lists_written_as_text_are_fine(client: ApiClient) -> None:
    claims = {**access_claims("pat"), "cognito:groups": "[A B]", "scope": "openid a/b", "aud": "[x y]"}

    assert _get_me(client, claims).json["user_name"] == "pat"


def test_groups_and_user_name_of_the_token_mean_nothing(client: ApiClient) -> None:
    claims = {**access_claims("rita"), "sub": "sub-pat", "cognito:groups": "[RECEPTIONIST ADMIN]"}

    assert _get_me(client, claims).json["user_name"] == "pat"


@pytest.mark.parametrize(
    "sub", ["sub-nobody", "SUB-PAT", "sub-pat ", "' OR 1=1 -- ", "%", "x" * 3000, "\u0000", "s\u00fcb"]
)
def test_a_sub_that_nobody_has_is_403(client: ApiClient, sub: str) -> None:
    expect_problem(_get_me(client, {**access_claims("pat"), "sub": sub}), 403, "forbidden")


def test_a_user_who_has_not_signed_up_yet_is_nobodys_sub(desk: Desk) -> None:
    _set(desk, "pat", cognito_sub=None)

    for sub in ("None", "null", "sub-pat"):
        expect_problem(_get_me(desk.client, {**access_claims("pat"), "sub": sub}), 403, "forbidden")


@pytest.mark.parametrize("user_name", ["pat", "drjay", "rita"])
def test_an_inactive_user_is_403(desk: Desk, user_name: str) -> None:
    _set(desk, user_name, active=False)

    expect_problem(desk.client.get(user_name, "/me"), 403, "forbidden")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/nowhere", None),
        ("DELETE", "/me", None),
        ("POST", "/users", "{"),
        ("POST", "/users", "{}"),
        ("POST", "/users", "x" * 100_000),
        ("GET", "/users/abc", None),
        ("GET", "/users?nonsense=1", None),
        ("POST", "/health", None),
        ("GET", "/health/", None),
        ("GET", "/", None),
    ],
)
def test_401_comes_before_anything_else_is_said(client: ApiClient, method: str, path: str, body: Any) -> None:
    path, _, query = path.partition("?")

    expect_problem(client.send(http_event(method, path, query=query, body=body)), 401, "unauthenticated")


def test_422_comes_before_the_403_of_a_role(client: ApiClient) -> None:
    expect_problem(client.post("pat", "/users", {}), 422, "validation_error", "full_name")
    expect_problem(client.post("pat", "/users", NEW), 403, "forbidden")
    expect_problem(client.post("pat", "/appointment", {}), 422, "validation_error")


def test_a_demotion_holds_from_the_next_call_on(desk: Desk) -> None:
    assert desk.client.post("rita", "/users", NEW).status == 201

    _set(desk, "rita", user_type=Role.PATIENT)
    expect_problem(desk.client.post("rita", "/users", {**NEW, "user_name": "new2"}), 403, "forbidden")
    assert desk.client.get("rita", "/me").json["user_type"] == "PATIENT"
    assert {person["user_name"] for person in desk.client.get("rita", "/users").json["items"]} == {
        "rita",
        "drjay",
        "drwu",
        "drsol",
    }

    _set(desk, "rita", user_type=Role.RECEPTIONIST)
    assert desk.client.post("rita", "/users", {**NEW, "user_name": "new2"}).status == 201


def test_a_promotion_holds_from_the_next_call_on(desk: Desk) -> None:
    expect_problem(desk.client.post("pat", "/users", NEW), 403, "forbidden")

    desk.practice.add(Receptionist(user_id=desk.id_of("pat")))
    desk.practice.add(ReceptionistClinic(receptionist_id=desk.id_of("pat"), clinic_id=1))
    _set(desk, "pat", user_type=Role.RECEPTIONIST)
    assert desk.client.post("pat", "/users", NEW).status == 201

    _set(desk, "pat", user_type=Role.PATIENT)
    expect_problem(desk.client.post("pat", "/users", {**NEW, "user_name": "new2"}), 403, "forbidden")


def test_deactivation_holds_from_the_next_call_on_and_so_does_its_end(desk: Desk) -> None:
    assert desk.client.get("drjay", "/appointments").status == 200

    _set(desk, "drjay", active=False)
    expect_problem(desk.client.get("drjay", "/appointments"), 403, "forbidden")

    _set(desk, "drjay", active=True)
    assert desk.client.get("drjay", "/appointments").status == 200


def test_a_clinic_that_a_receptionist_has_left_is_closed_to_them(desk: Desk) -> None:
    row = desk.practice.add_appointment(desk.practice.user("pat").created_at.replace(year=2031))
    assert desk.client.get("rita", f"/appointments/{row.appointment_id}").status == 200

    [works_at] = [link for link in desk.practice.rows(ReceptionistClinic) if link.receptionist_id == desk.id_of("rita")]
    desk.practice.session.delete(works_at)
    desk.practice.session.commit()
    expect_problem(desk.client.get("rita", f"/appointments/{row.appointment_id}"), 404, "not_found")
