"""The demo practice is loaded once. One that an older stack has loaded gets the countries whose registers are new."""

import pytest
from sqlalchemy import delete

from dev import demo
from lambda_function.db.models import Country
from tests.clock import NOW
from tests.factories import Practice


@pytest.fixture
def older(practice: Practice) -> Practice:
    """The practice of a release that had no countries."""
    remove(practice)
    return practice


def remove(practice: Practice, *codes: str) -> None:
    chosen = Country.code.in_(codes) if codes else Country.code.is_not(None)
    practice.session.execute(delete(Country).where(chosen))
    practice.session.commit()


def countries(practice: Practice) -> list[str]:
    return sorted(country.code for country in practice.rows(Country))


def test_a_practice_that_is_there_gets_countries_with_new_registers(older: Practice) -> None:
    demo.load(older.url, NOW, ["PE", "CL"])
    assert countries(older) == ["CL", "PE"]


def test_a_country_that_was_taken_out_does_not_come_back(older: Practice) -> None:
    demo.load(older.url, NOW, ["PE", "CL"])
    remove(older, "CL")
    demo.load(older.url, NOW)
    assert countries(older) == ["PE"]
