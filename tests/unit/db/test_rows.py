"""A SELECT list has the fields of its row, or its module cannot be imported."""

from typing import NamedTuple

import pytest
from sqlalchemy import select
from sqlalchemy.orm import aliased

from lambda_function.db.models import Clinic, Doctor, PersonName
from lambda_function.db.rows import columns


class ClinicRow(NamedTuple):
    name: str
    clinic_id: int


class DoctorRow(NamedTuple):
    user_id: int
    full_name: str


def test_the_columns_have_the_names_and_the_order_of_the_fields() -> None:
    assert list(select(*columns(ClinicRow, Clinic)).selected_columns.keys()) == ["name", "clinic_id"]


def test_a_field_that_is_given_by_name_is_labelled_with_it() -> None:
    written = str(select(*columns(ClinicRow, Clinic, name=Clinic.country)))

    assert written.startswith("SELECT clinic.country AS name, clinic.clinic_id AS clinic_id")


def test_a_field_may_come_from_an_alias() -> None:
    name = aliased(PersonName)

    assert "AS full_name" in str(select(*columns(DoctorRow, name)))


def test_a_field_may_come_from_a_subquery() -> None:
    found = select(Clinic.clinic_id, Clinic.name).subquery()

    assert list(select(*columns(ClinicRow, found)).selected_columns.keys()) == ["name", "clinic_id"]


def test_a_field_without_a_source_is_refused() -> None:
    with pytest.raises(TypeError, match=r"DoctorRow\.full_name has 0 sources"):
        columns(DoctorRow, Doctor)


def test_a_field_with_two_sources_is_refused() -> None:
    with pytest.raises(TypeError, match=r"ClinicRow\.clinic_id has 2 sources"):
        columns(ClinicRow, Clinic, Doctor)


def test_a_source_that_no_field_asks_for_is_refused() -> None:
    with pytest.raises(TypeError, match="ClinicRow has no price"):
        columns(ClinicRow, Clinic, price=Clinic.country)
