"""A batch is tried at once, and one by one if that fails."""

from collections.abc import Sequence

from lambda_function.domain.errors import UnavailableError
from lambda_function.services.queue import RESERVE, together_or_each


class Work:
    """Notes what it is asked to do, and fails for some items."""

    def __init__(self, **errors: Exception) -> None:
        self.asked: list[list[str]] = []
        self._errors = errors

    def __call__(self, items: Sequence[str]) -> None:
        self.asked.append([*items])
        for item in items:
            if item in self._errors:
                raise self._errors[item]


def plenty() -> float:
    return 60.0


def test_what_succeeds_is_asked_for_once() -> None:
    work = Work()
    assert together_or_each(["a", "b"], work, plenty) == {}
    assert work.asked == [["a", "b"]]


def test_nothing_is_asked_for_nothing() -> None:
    work = Work()
    assert together_or_each([], work, plenty) == {}
    assert work.asked == []


def test_one_that_fails_stops_no_other() -> None:
    error = ValueError()
    work = Work(b=error)
    assert together_or_each(["a", "b", "c"], work, plenty) == {"b": error}
    assert work.asked == [["a", "b", "c"], ["a"], ["b"], ["c"]]


def test_one_alone_is_not_tried_again() -> None:
    error = ValueError()
    work = Work(a=error)
    assert together_or_each(["a"], work, plenty) == {"a": error}
    assert work.asked == [["a"]]


def test_without_a_database_nothing_more_is_tried() -> None:
    error = UnavailableError("away")
    work = Work(a=error)
    assert together_or_each(["a", "b"], work, plenty) == {"a": error, "b": error}
    assert work.asked == [["a", "b"]]


def test_a_database_that_goes_away_in_between_ends_the_rest() -> None:
    bad, away = ValueError(), UnavailableError("away")
    work = Work(a=bad, b=away)
    assert together_or_each(["a", "b", "c"], work, plenty) == {"a": bad, "b": away, "c": away}
    assert work.asked == [["a", "b", "c"], ["a"], ["b"]]


def test_nothing_is_begun_that_there_is_no_time_for() -> None:
    work, left = Work(a=ValueError()), iter([RESERVE + 2, RESERVE + 1, RESERVE])
    failures = together_or_each(["a", "b", "c"], work, lambda: next(left))
    assert (sorted(failures), work.asked) == (["a", "b", "c"], [["a", "b", "c"], ["a"]])
    assert isinstance(failures["c"], UnavailableError)
