"""Documents as YAML text: what is read back is what was written, by this project and by others."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from lambda_function.cli.yaml_file import YamlFile
from lambda_function.cli.yaml_text import yaml_text
from tests.practice_files import MISREAD, NAMES, REASONS


def read(folder: Path, text: str) -> Any:
    path = folder / "file.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    return YamlFile(path).data


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES, reason=REASONS)
def test_a_text_is_read_back_wherever_it_stands(tmp_path: Path, name: str, reason: str) -> None:
    document = {"clinics": {name: {"reason": reason, "chairs": [name, reason], "closures": [{"reason": reason}]}}}
    text = yaml_text(document)
    assert read(tmp_path, text) == document
    assert yaml.safe_load(text) == document


@pytest.mark.parametrize("text", MISREAD)
def test_what_could_be_misread_stands_in_quotes(tmp_path: Path, text: str) -> None:
    written = yaml_text({"chairs": [text]})
    assert written.startswith(("chairs: ['", 'chairs: ["'))
    assert read(tmp_path, written) == {"chairs": [text]}


@pytest.mark.parametrize(
    "text", ["Lima Centro", "Ñandú", "李明", "O'Brien", "check-up", "drluz", "America/Lima", "a@b.c"]
)
def test_what_can_only_be_text_needs_no_quotes(text: str) -> None:
    assert yaml_text({text: text}) == f"{text}: {text}"


def test_values_are_written_as_people_write_them() -> None:
    document = {
        "clinics": {
            "Cusco": {
                "price": Decimal("40.50"),
                "active": True,
                "email": None,
                "chairs": ["Window", "Door"],
                "closures": [{"first_day": date(2031, 7, 28), "reason": 'Two\n"lines"'}],
                "hours": [{"weekdays": [1, 2], "start": "08:00"}, {"weekdays": [6], "start": "22:00"}],
                "treatments": [],
            }
        },
        "doctors": {},
    }
    assert (
        yaml_text(document)
        == r"""clinics:
  Cusco:
    price: 40.50
    active: true
    email: null
    chairs: [Window, Door]
    closures:
      - {first_day: 2031-07-28, reason: "Two\n\"lines\""}
    hours:
      - {weekdays: [1, 2], start: '08:00'}
      - {weekdays: [6], start: '22:00'}
    treatments: []

doctors: {}"""
    )


def test_equal_lists_are_written_twice() -> None:
    shared = [{"weekdays": [1]}]
    assert "&" not in yaml_text({"a": shared, "b": shared})
