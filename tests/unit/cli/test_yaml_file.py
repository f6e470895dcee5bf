"""YAML without its surprises, and the position of everything in the file."""

from pathlib import Path
from typing import Any

import pytest

from lambda_function.cli.yaml_file import MAX_BYTES, YamlError, YamlFile


def read(folder: Path, content: str | bytes) -> YamlFile:
    path = folder / "file.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return YamlFile(path)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("true", True),
        ("false", False),
        ("10:30", "10:30"),
        ("08:00", "08:00"),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("40", 40),
        ("-5", -5),
        ("40.50", "40.50"),
        ("1e3", "1e3"),
        ("2030-12-24", "2030-12-24"),
        ("null", None),
        ("~", None),
        ("", None),
        ("'true'", "true"),
        ("<<", "<<"),
    ],
)
def test_values_are_what_they_look_like(tmp_path: Path, text: str, value: Any) -> None:
    assert read(tmp_path, f"key: {text}").data == {"key": value}


def test_what_comes_again_can_have_a_name(tmp_path: Path) -> None:
    assert read(tmp_path, "a: &x [1, 2]\nb: *x").data == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2", "Line 4: the key c comes twice"),
        ("a: 1\n'a': 2", "Line 2: the key a comes twice"),
        ("a: [1", "Line 1 is not YAML: close the bracket"),
        ("a: 1\n---\nb: 2", "Line 2 is not YAML: remove the line ---"),
        ("[a]: 1", "Line 1: a list or a mapping cannot be a key"),
        ("a: 1\nb: !!python/object:os.system {}", "Line 2: tags"),
        ("a: !!int foo", "Line 1: tags"),
        ("a: !!bool foo", "Line 1: tags"),
        ("a: !!timestamp 2030-13-41", "Line 1: tags"),
        ("a: ! foo", "Line 1: tags"),
        ("!!set {a, b}", "Line 1: tags"),
        (b"a: \xff", "The file is not UTF-8"),
        ("a: \x00", "The file holds control characters"),
        ("[" * 5000, "The lists and keys are nested too deeply"),
        ("#" * (MAX_BYTES + 1), f"The file has more than {MAX_BYTES} bytes"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(YamlError) as refusal:
        read(tmp_path, content)
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("clinics", "Lima", "chairs", 1), 5),
        (("clinics", "Lima", "country"), 6),
        (("clinics", "Lima", "time_zone"), 2),
        (("clinics", "Lima", "country", "deeper"), 6),
        (("clinics", "Lima", "chairs", 7), 3),
        (("doctors",), None),
        ((), None),
    ],
)
def test_a_place_has_the_line_of_what_is_there(tmp_path: Path, path: tuple[str | int, ...], line: int | None) -> None:
    file = read(tmp_path, "clinics:\n  Lima:\n    chairs:\n      - One\n      - Two\n    country: PE\n")
    assert file.line_of(path) == line
