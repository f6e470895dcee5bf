"""The clock that a person sets for all programs of the local stack."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dev.clock import LIMIT_SECONDS, BadOffsetError, clock_in, environment, offset_in, stack_clock

DAY = 24 * 60 * 60


def test_it_shows_the_real_time_until_it_is_set(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    assert before <= clock_in(tmp_path)() <= datetime.now(UTC)


@pytest.mark.parametrize("offset", [DAY, -DAY, 0.5])
def test_all_programs_of_the_stack_see_what_one_of_them_sets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offset: float
) -> None:
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    other = stack_clock()

    clock_in(tmp_path).set(offset)

    before = datetime.now(UTC)
    assert before <= other() - timedelta(seconds=offset) <= datetime.now(UTC)
    assert other.offset_seconds == offset


def test_it_can_be_set_back(tmp_path: Path) -> None:
    clock = clock_in(tmp_path)
    clock.set(DAY)
    clock.set(0)

    assert clock() <= datetime.now(UTC)
    assert [file.name for file in tmp_path.iterdir()] == ["clock"]


@pytest.mark.parametrize(
    ("body", "offset"),
    [
        (b'{"offset_seconds": 86400}', 86400),
        (b'{"offset_seconds": -1.5}', -1.5),
        (f'{{"offset_seconds": {LIMIT_SECONDS}}}'.encode(), LIMIT_SECONDS),
    ],
)
def test_a_request_says_by_how_many_seconds(body: bytes, offset: float) -> None:
    assert offset_in(body) == offset


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"86400",
        b"[]",
        b"[" * 100_000,
        b"{}",
        b'{"offset_seconds": "86400"}',
        b'{"offset_seconds": true}',
        b'{"offset_seconds": null}',
        b'{"offset_seconds": NaN}',
        b'{"offset_seconds": Infinity}',
        b'{"offset_seconds": 1, "zone": "UTC"}',
        f'{{"offset_seconds": {LIMIT_SECONDS + 1}}}'.encode(),
        b'{"offset_seconds": 1%s}' % (b"0" * 400),
    ],
)
def test_whoever_sends_anything_else_is_told_what_to_send(body: bytes) -> None:
    with pytest.raises(BadOffsetError, match="offset_seconds"):
        offset_in(body)
