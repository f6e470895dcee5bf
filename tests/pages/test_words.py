"""The words of the pages."""

import re
from collections.abc import Mapping
from itertools import combinations
from string import Formatter

import pytest

from lambda_function.domain.people import Language
from lambda_function.pages.words import WORDS
from tests.architecture.source import ROOT, files

PAGES = "lambda_function/pages"


def places(words: Mapping[str, str]) -> Mapping[str, set[str | None]]:
    """Returns the places to fill in, by the name of the words."""
    return {name: {place for _, place, _, _ in Formatter().parse(text) if place} for name, text in words.items()}


def test_every_language_has_words() -> None:
    assert set(WORDS) == set(Language)


@pytest.mark.parametrize(("one", "other"), list(combinations(Language, 2)))
def test_languages_have_the_same_words_with_the_same_places(one: Language, other: Language) -> None:
    assert places(WORDS[one]) == places(WORDS[other])


def test_no_word_is_unused() -> None:
    sources = [path for path in files([PAGES], [".py", ".jinja"]) if path.parent.name != "words"]
    used = {name for path in sources for name in re.findall(r'"(\w+)"', path.read_text(encoding="utf-8"))}

    assert {name.removesuffix("_guardian") for name in WORDS[Language.EN]} - used == set()
    assert ROOT in sources[0].parents


@pytest.mark.parametrize("language", Language)
def test_words_for_guardians_stand_beside_those_for_patients(language: Language) -> None:
    of_guardians = {name for name in WORDS[language] if name.endswith("_guardian")}

    assert {name.removesuffix("_guardian") for name in of_guardians} <= set(WORDS[language])
    assert {name for name, text in WORDS[language].items() if "{patient}" in text} <= of_guardians


@pytest.mark.parametrize("language", Language)
def test_words_are_text_without_html(language: Language) -> None:
    assert not [text for text in WORDS[language].values() if re.search(r"[<>&]", text)]
