"""Entity tags and If-Match."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_function.api.etags import etag, expected_versions


@given(st.integers(1, 10**18 - 1))
def test_a_tag_that_comes_back_matches_its_version(version: int) -> None:
    assert expected_versions(etag(version)) == frozenset({version})


@pytest.mark.parametrize("header", [None, "*", " * "])
def test_no_condition_or_a_star_matches_any_version(header: str | None) -> None:
    assert expected_versions(header) is None


@pytest.mark.parametrize("header", ['"3","4"', '"3", "4"', ' "4" ,\t"3" ', '"3", "other", W/"9", "4"'])
def test_any_of_several_tags_may_match(header: str) -> None:
    assert expected_versions(header) == frozenset({3, 4})


@pytest.mark.parametrize(
    "header", ["", "3", 'W/"3"', '"3', '"03"', '"0"', '"-3"', '"٣"', '"3,4"', '"' + "9" * 19 + '"']
)
def test_what_is_not_one_of_our_tags_matches_nothing(header: str) -> None:
    assert expected_versions(header) == frozenset()


@given(st.text())
def test_no_header_breaks_the_reading(header: str) -> None:
    versions = expected_versions(header)
    assert versions is None or all(version > 0 for version in versions)
