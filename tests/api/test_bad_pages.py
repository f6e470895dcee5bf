"""Limits and cursors that no list takes."""

import base64
import json
from typing import Any

import pytest

from tests.api.desk import Desk
from tests.api.expect import expect_problem

LISTS = [
    "/appointments",
    "/users",
    "/users/6/guardians",
    "/clinics",
    "/treatments",
    "/doctors",
    "/notifications",
    "/recalls",
]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["0", "101", "-1", "1e1", "1.0", "", "ten", "01", " 1", "+1", "9" * 30, "\u0661"])
def test_a_limit_is_from_1_to_100(module_desk: Desk, path: str, limit: str) -> None:
    expect_problem(module_desk.client.get("rita", path, limit=limit), 422, "validation_error", "limit")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", [1, 100])
def test_the_ends_of_the_limit_are_fine(module_desk: Desk, path: str, limit: int) -> None:
    assert module_desk.client.get("rita", path, limit=limit).status == 200


def _cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "!!!!",
        "\u00e9",
        "A" * 501,
        "bnVsbA",
        "W10",
        "e30",
        "Wy",
        "/w==",
        _cursor(),
        _cursor(None),
        _cursor(1, 2, 3),
        _cursor("x"),
        _cursor(-1),
        _cursor(2**63),
        _cursor(1.5),
        _cursor(*[True]),
        _cursor([1]),
        _cursor("2030-01-08T15:00:00", 1),
        _cursor("yesterday", 1),
        _cursor("2030-01-08T15:00:00+00:00", "1"),
        _cursor("0001-01-01T00:00:00+14:00", 1),
        _cursor("9999-12-31T23:59:59-14:00", 1),
    ],
)
def test_a_cursor_that_is_not_ours_is_422(module_desk: Desk, path: str, cursor: str) -> None:
    expect_problem(module_desk.client.get("rita", path, cursor=cursor), 422, "validation_error", "cursor")
