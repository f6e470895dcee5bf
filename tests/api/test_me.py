"""GET /me."""

import pytest

from tests.api.desk import Desk


@pytest.mark.parametrize(
    ("user_name", "user_type", "full_name", "email"),
    [
        ("pat", "PATIENT", "Pat Rojas", "pat@example.org"),
        ("drjay", "DOCTOR", "Jay Quispe", None),
        ("rosa", "RECEPTIONIST", "Rosa Muñoz", None),
    ],
)
def test_everybody_reads_their_own_profile(
    module_desk: Desk, user_name: str, user_type: str, full_name: str, email: str | None
) -> None:
    answer = module_desk.client.get(user_name, "/me")

    assert answer.status == 200
    assert answer.json == {
        "user_id": module_desk.id_of(user_name),
        "user_name": user_name,
        "user_type": user_type,
        "full_name": full_name,
        "email": email,
        "phone": None,
        "birth_date": None,
        "identifiers": [],
        "language": "en",
        "contact_by": "NONE" if email is None else "EMAIL",
        "recalls": user_type == "PATIENT",
        "active": True,
        "version": 1,
        "dependants": [],
    }
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Request-Id"].startswith("request-")


@pytest.mark.parametrize("user_name", ["pat", "drsol", "rita"])
def test_the_profile_is_also_the_user_called_me(module_desk: Desk, user_name: str) -> None:
    client = module_desk.client

    assert {**client.get(user_name, "/users/me").json, "dependants": []} == client.get(user_name, "/me").json
