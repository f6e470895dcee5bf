"""Whether a change is meant for the current version."""

import pytest

from lambda_function.domain.errors import StaleVersionError
from lambda_function.domain.versions import check_version


@pytest.mark.parametrize("expected", [None, frozenset({3}), frozenset({1, 3})], ids=str)
def test_any_version_that_the_caller_has_seen_will_do(expected: frozenset[int] | None) -> None:
    check_version(3, expected)


@pytest.mark.parametrize("expected", [frozenset[int](), frozenset({2}), frozenset({2, 4})], ids=str)
def test_another_version_is_stale(expected: frozenset[int]) -> None:
    with pytest.raises(StaleVersionError):
        check_version(3, expected)
