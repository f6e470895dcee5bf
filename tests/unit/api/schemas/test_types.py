"""Single values: what is accepted, what is refused, and that a refusal never repeats the value."""

from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from lambda_function.api.schemas import types
from lambda_function.services import text_rules

DIGITS_OF_ELSEWHERE = "٣"
BAD_TEXT_IDS = ["", "0", "-1", str(2**63), "1e3", " 1", "1 ", "1_0", "+1", DIGITS_OF_ELSEWHERE, "01", "1.0", "1\n", "x"]


def read(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


def message(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as refusal:
        read(kind, value)
    return str(refusal.value.errors()[0]["msg"])


def refused(kind: Any, value: object) -> bool:
    return bool(message(kind, value))


@pytest.mark.parametrize("kind", [types.ParameterId, types.ParameterIdOrMe], ids=["id", "id or me"])
@pytest.mark.parametrize(("text", "value"), [("1", 1), ("10", 10), (str(2**63 - 1), 2**63 - 1)])
def test_an_id_in_an_address_is_plain_digits(kind: Any, text: str, value: int) -> None:
    assert read(kind, text) == value


@pytest.mark.parametrize("kind", [types.ParameterId, types.ParameterIdOrMe], ids=["id", "id or me"])
@pytest.mark.parametrize("text", [*BAD_TEXT_IDS, "ME", "9" * 5000, 1, None])
def test_any_other_id_in_an_address_is_refused(kind: Any, text: object) -> None:
    assert refused(kind, text)


@pytest.mark.parametrize("kind", [types.BodyId, types.BodyIdOrMe], ids=["id", "id or me"])
@pytest.mark.parametrize("value", [1, 2**63 - 1])
def test_an_id_in_a_body_is_an_integer(kind: Any, value: int) -> None:
    assert read(kind, value) == value


@pytest.mark.parametrize("kind", [types.BodyId, types.BodyIdOrMe], ids=["id", "id or me"])
@pytest.mark.parametrize(
    "value", [0, -1, 2**63, 10**4000, 1.0, True, "1", None, [1], {}], ids=lambda value: str(value)[:9]
)
def test_any_other_id_in_a_body_is_refused(kind: Any, value: object) -> None:
    assert refused(kind, value)


@pytest.mark.parametrize("kind", [types.ParameterIdOrMe, types.BodyIdOrMe], ids=["address", "body"])
def test_me_stands_for_the_caller(kind: Any) -> None:
    assert read(kind, "me") == "me"


@pytest.mark.parametrize("kind", [types.ParameterId, types.BodyId], ids=["address", "body"])
def test_me_does_not_stand_for_a_thing(kind: Any) -> None:
    assert refused(kind, "me")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2030-01-31T09:00:00Z", datetime(2030, 1, 31, 9, tzinfo=UTC)),
        ("2030-01-31t09:00:00z", datetime(2030, 1, 31, 9, tzinfo=UTC)),
        ("2030-01-31T09:00:00-05:00", datetime(2030, 1, 31, 14, tzinfo=UTC)),
        ("2030-01-31T09:00:00-00:00", datetime(2030, 1, 31, 9, tzinfo=UTC)),
        ("2030-01-31T09:00:00+05:45", datetime(2030, 1, 31, 3, 15, tzinfo=UTC)),
        ("2030-01-31T09:00:00.5Z", datetime(2030, 1, 31, 9, 0, 0, 500_000, tzinfo=UTC)),
        ("2030-01-31T09:00:00.000001Z", datetime(2030, 1, 31, 9, 0, 0, 1, tzinfo=UTC)),
        ("2030-01-31T09:00:00.0000000Z", datetime(2030, 1, 31, 9, tzinfo=UTC)),
        ("2030-01-31T09:00:00.1234567Z", datetime(2030, 1, 31, 9, 0, 0, 123_456, tzinfo=UTC)),
        ("2030-01-31T09:00:00.123456999-05:00", datetime(2030, 1, 31, 14, 0, 0, 123_456, tzinfo=UTC)),
        (f"2030-01-31T23:59:59.{'9' * 5000}Z", datetime(2030, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("9999-12-31T23:59:59.9999999Z", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("2028-02-29T00:00:00Z", datetime(2028, 2, 29, tzinfo=UTC)),
    ],
)
def test_an_instant_has_an_offset_and_becomes_utc(text: str, instant: datetime) -> None:
    read_back = read(types.Instant, text)
    assert (read_back, read_back.tzinfo) == (instant, UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2030-01-31T09:00:00",
        "2030-01-31T09:00Z",
        "2030-01-31 09:00:00Z",
        "2030-01-31T09:00:00.Z",
        "2030-01-31T09:00:00,5Z",
        "2030-01-31T09:00:60Z",
        "2030-01-31T23:59:60Z",
        "2030-01-31T24:00:00Z",
        "2030-01-31T09:00:00+24:00",
        "2030-01-31T09:00:00+05:60",
        "2030-01-31T09:00:00+0500",
        "2030-01-31T09:00:00Z\n",
        "2030-02-29T09:00:00Z",
        "2030-W05-4T09:00:00Z",
        "20300131T090000Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "٢٠٣٠-01-31T09:00:00Z",
        "1893456000",
        1893456000,
        0.5,
        True,
        None,
    ],
)
def test_what_is_no_exact_instant_is_refused(value: object) -> None:
    assert refused(types.Instant, value)


@given(st.text() | st.floats() | st.integers() | st.dictionaries(st.text(), st.text()))
def test_no_value_breaks_the_reading_of_instants_and_ids(value: object) -> None:
    for kind in (types.Instant, types.Day, types.WallClock, types.ParameterId, types.BodyIdOrMe, types.Limit):
        with suppress(ValidationError):
            read(kind, value)


def test_a_day_is_a_date() -> None:
    assert read(types.Day, "2030-01-31") == date(2030, 1, 31)


@pytest.mark.parametrize(
    "value",
    ["2030-02-30", "2030-1-31", "20300131", "2030-01-31T00:00:00", "0001-01-01", "9999-12-31", 20300131, 0.5, None],
)
def test_other_days_are_refused(value: object) -> None:
    assert refused(types.Day, value)


def test_a_wall_clock_time_is_naive() -> None:
    assert read(types.WallClock, "2030-01-31 09:00:00") == datetime(2030, 1, 31, 9)  # noqa: DTZ001 - that it is naive


@pytest.mark.parametrize(
    "value",
    [
        "2030-01-31T09:00:00",
        "2030-01-31 09:00",
        "2030-01-31 09:00:00Z",
        "2030-01-31 09:00:60",
        "2030-01-31 24:00:00",
        "2030-02-30 09:00:00",
        "0001-01-01 00:00:00",
        "9999-12-31 23:59:59",
        1893456000,
    ],
)
def test_other_wall_clock_times_are_refused(value: object) -> None:
    assert refused(types.WallClock, value)


@pytest.mark.parametrize(("text", "value"), [("1", 1), ("50", 50), ("100", 100)])
def test_a_limit_is_from_1_to_100(text: str, value: int) -> None:
    assert read(types.Limit, text) == value


@pytest.mark.parametrize("text", ["0", "101", "-1", "", "1e1", "05", DIGITS_OF_ELSEWHERE, "9" * 5000, 5])
def test_other_limits_are_refused(text: object) -> None:
    assert refused(types.Limit, text)


SECRET = "S3cret-value;\x1b"


@pytest.mark.parametrize(
    "name",
    [
        "ParameterId",
        "BodyIdOrMe",
        "Instant",
        "Day",
        "WallClock",
        "Limit",
        "PersonName",
        "UserName",
        "Email",
        "Phone",
    ],
)
def test_a_refusal_does_not_repeat_the_value(name: str) -> None:
    kind = getattr(types, name, None) or getattr(text_rules, name)
    assert "S3cret" not in message(kind, SECRET)


def test_the_documentation_says_the_limits() -> None:
    ids = {"type": "integer", "format": "int64", "minimum": 1, "maximum": 2**63 - 1}
    assert TypeAdapter(types.ParameterId).json_schema() == ids
    assert TypeAdapter(types.BodyIdOrMe).json_schema() == {"anyOf": [ids, {"type": "string", "const": "me"}]}
    assert TypeAdapter(types.Limit).json_schema() == {"type": "integer", "minimum": 1, "maximum": 100}
