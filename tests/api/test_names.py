"""Names, contact data and reasons, as the people of many countries write them."""

import pytest

from lambda_function.db.models import User
from tests.api.desk import Desk, at
from tests.api.expect import expect_problem
from tests.api_client import ApiClient
from tests.factories import Practice
from tests.unit.api.schemas.test_text_rules import NAMES

CHANGED = [("Jose\u0301 Nu\u0301n\u0303ez", "José Núñez"), ("\u200f\u05d3\u05d5\u05d3\u200b ", "\u05d3\u05d5\u05d3")]


@pytest.mark.parametrize(("written", "stored"), [*CHANGED, *((name, name) for name in NAMES)])
def test_a_name_is_taken_as_people_write_it(client: ApiClient, practice: Practice, written: str, stored: str) -> None:
    created = client.post("rita", "/users", {"user_name": "new", "full_name": written})
    assert (created.status, created.json["full_name"]) == (201, stored)

    practice.add_patient("old", clinics=(1,))
    by_staff = client.call("rita", "PATCH", f"/users/{practice.ids['old']}", {"full_name": written})
    assert (by_staff.status, by_staff.json["full_name"]) == (200, stored)

    own = client.call("pat", "PATCH", "/me", {"full_name": written})
    assert (own.status, own.json["full_name"]) == (200, stored)
    assert {user.user_name: user.full_name for user in practice.rows(User)}["pat"] == stored


@pytest.mark.parametrize("name", ["\u202eAna", "Ana\nRíos", "\u2066Ana\u2069", "Ana\x07", "\u200b", "42"], ids=ascii)
def test_what_is_no_name_is_refused(client: ApiClient, name: str) -> None:
    body = {"full_name": name}
    for answer in (
        client.post("rita", "/users", {"user_name": "new", **body}),
        client.call("rita", "PATCH", f"/users/{client.get('pat', '/me').json['user_id']}", body),
        client.call("pat", "PATCH", "/me", body),
    ):
        expect_problem(answer, 422, "validation_error", "full_name")


@pytest.mark.parametrize("phone", ["555 1234 x89", "555 1234 ext. 12", "+51-1-5551234;ext=3", "555 1234 #12"])
def test_an_extension_is_kept(client: ApiClient, phone: str) -> None:
    answer = client.post("rita", "/users", {"user_name": "new", "full_name": "New", "phone": phone})
    assert (answer.status, answer.json["phone"]) == (201, phone)


@pytest.mark.parametrize("email", ["ana@-b.example", "x" * 65 + "@b.example", "ana\u200b@b.example"], ids=ascii)
def test_what_is_no_address_is_refused(client: ApiClient, email: str) -> None:
    answer = client.post("rita", "/users", {"user_name": "new", "full_name": "New", "email": email})
    expect_problem(answer, 422, "validation_error", "email")


@pytest.mark.parametrize("reason", ["\u200b", "\u200b\n\u00ad", "\u3164"], ids=ascii)
def test_a_reason_that_nobody_can_see_is_none(desk: Desk, reason: str) -> None:
    visit = desk.booked("pat", at("15:00"))
    expect_problem(desk.cancel("pat", visit["appointment_id"], reason=reason), 422, "validation_error", "reason")
    override = desk.book("rita", at("03:00"), patient="kim", override_reason=reason)
    expect_problem(override, 422, "validation_error", "override_reason")
    leave = {"starts_at": at("15:00"), "ends_at": at("16:00"), "reason": reason}
    expect_problem(desk.client.post("drjay", "/doctors/me/time-off", leave), 422, "validation_error", "reason")
