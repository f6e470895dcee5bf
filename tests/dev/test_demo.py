"""The demo practice is loaded once, with the countries that have a register. One that an older stack has loaded gets
those whose registers are new.
"""

import pytest
from sqlalchemy import URL, delete, select

from dev import demo
from lambda_function.db.models import Country
from tests.clock import NOW
from tests.factories import Practice
from tests.servers import empty_tables, plain_engine


@pytest.fixture
def older(practice: Practice) -> Practice:
    """The practice of a release that had no countries."""
    remove(practice)
    return practice


def remove(practice: Practice, *codes: str) -> None:
    chosen = Country.code.in_(codes) if codes else Country.code.is_not(None)
    practice.session.execute(delete(Country).where(chosen))
    practice.session.commit()


def countries(url: URL) -> list[str]:
    with plain_engine(url).connect() as connection:
        return sorted(connection.scalars(select(Country.code)))


@pytest.mark.parametrize("registers", [["CL", "PE"], ["PE"], []])
def test_a_new_practice_gets_only_those_countries_of_the_file_that_have_registers(
    database_url: URL, registers: list[str]
) -> None:
    demo.load(database_url, NOW, registers)
    assert countries(database_url) == registers


def test_the_file_names_both_countries_of_its_clinics() -> None:
    assert demo.countries() == ("CL", "PE")


def test_a_practice_that_is_there_gets_countries_with_new_registers(older: Practice) -> None:
    demo.load(older.url, NOW, ["PE", "CL"], new=["PE"])
    assert countries(older.url) == ["PE"]
    demo.load(older.url, NOW, ["PE", "CL"], new=["CL"])
    assert countries(older.url) == ["CL", "PE"]


def test_a_country_that_was_taken_out_does_not_come_back(older: Practice) -> None:
    demo.load(older.url, NOW, ["PE", "CL"], new=["PE", "CL"])
    remove(older, "CL")
    demo.load(older.url, NOW, ["PE", "CL"])
    assert countries(older.url) == ["PE"]


def test_the_demo_of_a_test_has_the_ids_of_openapi_json_whatever_was_there_before(
    database_url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.factories._DEMO", [])
    demo.load(database_url, NOW)
    empty_tables(database_url)
    with Practice.open(database_url) as practice:
        assert practice.ids["drjay"] == 1
