"""Cursors and pages."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambda_function.api.schemas.paging import DEFAULT_LIMIT, after_id, after_start, encode, page
from lambda_function.domain.errors import InvalidInputError
from lambda_function.services.text_rules import MAX_ID

ids = st.integers(1, MAX_ID)
instants = st.datetimes(timezones=st.just(UTC))


def forged(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@given(ids)
def test_a_cursor_of_an_id_comes_back(last: int) -> None:
    assert after_id(encode(last)) == last


@given(instants, ids)
def test_a_cursor_of_start_and_id_comes_back_to_the_microsecond(start: datetime, last: int) -> None:
    assert after_start(encode(start, last)) == (start, last)


@given(instants, ids)
def test_a_cursor_needs_no_escaping_and_fits_its_limit(start: datetime, last: int) -> None:
    cursor = encode(start, last)
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert len(cursor) <= 500


def test_a_page_has_50_items_unless_asked_otherwise() -> None:
    assert DEFAULT_LIMIT == 50


def test_the_first_page_has_no_cursor() -> None:
    assert after_id(None) == 0
    assert after_start(None) is None


def test_an_instant_of_another_offset_is_read_as_utc() -> None:
    start = datetime(2030, 1, 7, 9, 0, tzinfo=timezone(timedelta(hours=-5)))
    read = after_start(encode(start, 1))
    assert read is not None
    assert (read[0], read[0].tzinfo) == (start, UTC)


def key_of(read: Callable[[str], object], cursor: str) -> object:
    """Returns the key of a cursor, or None if it is refused."""
    try:
        return read(cursor)
    except InvalidInputError:
        return None


json_parts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | instants.map(datetime.isoformat),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
garbage = (
    st.text(min_size=1, max_size=500)
    | st.binary(max_size=300).map(lambda data: base64.urlsafe_b64encode(data).decode())
    | json_parts.map(forged)
    | st.lists(json_parts, min_size=1, max_size=3).map(forged)
)


@pytest.mark.parametrize("read", [after_id, after_start])
@given(cursor=garbage)
@example(cursor="")
@example(cursor="=")
@example(cursor="é")
@example(cursor=forged(["0001-01-01T00:00:00+14:00", 1]))
@example(cursor=forged(["9999-12-31T23:59:59-14:00", 1]))
@example(cursor=forged(["\ud800", 1]))
@example(cursor=base64.urlsafe_b64encode(b"[" * 370).decode())
@example(cursor=base64.urlsafe_b64encode(b"9" * 370).decode())
def test_garbage_is_an_invalid_cursor_or_a_key(read: Callable[[str], object], cursor: str) -> None:
    key = key_of(read, cursor)
    last = key[1] if isinstance(key, tuple) else key
    assert last is None or (isinstance(last, int) and 0 <= last <= MAX_ID)


@pytest.mark.parametrize(
    "key",
    [[], [1, 2], ["1"], [True], [1.0], [None], [-1], [MAX_ID + 1], [[1]], {"0": 1}, 1, None],
    ids=str,
)
def test_a_forged_id_is_refused(key: object) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        after_id(forged(key))
    assert refusal.value.field == "cursor"


@pytest.mark.parametrize(
    "key",
    [
        [1],
        ["2030-01-01T00:00:00+00:00"],
        ["2030-01-01T00:00:00", 1],
        ["tomorrow", 1],
        [1893456000, 1],
        ["2030-01-01T00:00:00+00:00", "1"],
        ["2030-01-01T00:00:00+00:00", -1],
        ["0001-01-01T00:00:00+14:00", 1],
        ["9999-12-31T23:59:59-14:00", 1],
        ["2030-01-01T00:00:00+00:00", 1, 1],
    ],
    ids=str,
)
def test_a_forged_start_is_refused(key: object) -> None:
    with pytest.raises(InvalidInputError):
        after_start(forged(key))


@given(st.lists(st.integers(), max_size=12), st.integers(1, 10))
def test_a_page_has_at_most_its_limit_and_a_cursor_only_when_there_is_more(rows: list[int], limit: int) -> None:
    found = page(rows, limit, key=lambda row: (row,), shown=str)
    assert found["items"] == [str(row) for row in rows[:limit]]
    assert found["next_cursor"] == (encode(rows[limit - 1]) if len(rows) > limit else None)
