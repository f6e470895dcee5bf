"""Everything that the documents name exists: files, headings, targets of make, commands."""

import re
from pathlib import Path

import click
import pytest

from lambda_function.cli.program import main
from tests.docs.documents import DOCUMENTS, ROOT, anchors, code, links, rows, spans

each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


@each_document
def test_links_lead_somewhere(path: Path) -> None:
    for target, anchor in links(path.read_text()):
        there = (path.parent / target).resolve() if target else path
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(there.read_text()), f"{target}#{anchor}"


@each_document
def test_targets_of_make_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z%-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    patterns = tuple(target.removesuffix("%") for target in targets if target.endswith("%"))
    for name in re.findall(r"(?:^|[\s(])make (?:-s )?([a-z][a-z-]*)", "\n".join(code(path.read_text())), re.MULTILINE):
        assert name in targets or name.startswith(patterns), name


@each_document
def test_commands_exist(path: Path) -> None:
    for words in re.findall(r"-m lambda_function ([a-z].*)", "\n".join(code(path.read_text()))):
        assert _leads_to_a_command(words.split()), words


def test_the_operators_table_has_every_command() -> None:
    table = [row[0] for row in rows((ROOT / "docs" / "operators.md").read_text())]
    told = {" ".join(re.findall(r"^[a-z-]+(?: [a-z][a-z-]*)*", span)).strip() for cell in table for span in spans(cell)}
    assert told == set(_commands(main, ""))


def _leads_to_a_command(words: list[str]) -> bool:
    command: click.Command | None = main
    for word in words:
        if not isinstance(command, click.Group):
            break
        command = command.commands.get(word)
    return command is not None and not isinstance(command, click.Group)


def _commands(group: click.Group, before: str) -> list[str]:
    found = []
    for name, command in group.commands.items():
        full = f"{before}{name}"
        found += _commands(command, f"{full} ") if isinstance(command, click.Group) else [full]
    return found
