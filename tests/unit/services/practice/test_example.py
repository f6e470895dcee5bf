"""The example of docs/practice.md is a valid practice file, and holds every key."""

import re
from pathlib import Path

from lambda_function.cli.yaml_file import YamlFile
from lambda_function.services.practice.declaration import (
    Declaration,
    DeclaredClinic,
    DeclaredDoctor,
    DeclaredReceptionist,
    DeclaredTreatment,
)
from lambda_function.services.practice.read_declaration import read_declaration
from tests.architecture.source import ROOT


def example(folder: Path) -> Declaration:
    found = re.search(r"```yaml\n(.*?)```", (ROOT / "docs/practice.md").read_text(), re.DOTALL)
    assert found
    file = folder / "practice.yaml"
    file.write_text(found[1])
    return read_declaration(YamlFile(file).data)


def test_the_example_says_everything_that_a_file_can_say(tmp_path: Path) -> None:
    practice = example(tmp_path)
    assert practice.model_fields_set == set(Declaration.model_fields)
    things = [
        *practice.treatments.values(),
        *practice.clinics.values(),
        *practice.doctors.values(),
        *practice.receptionists.values(),
    ]
    assert [type(thing) for thing in things] == [
        DeclaredTreatment,
        DeclaredClinic,
        DeclaredDoctor,
        DeclaredReceptionist,
    ]
    assert all(thing.model_fields_set == set(type(thing).model_fields) for thing in things)
