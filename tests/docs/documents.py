"""The project's documents as text: their links, their code, their tables."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
SECURITY = (ROOT / "docs" / "security.md").read_text()
_BLOCK = re.compile(r"^```\w*\n(.*?)^\s*```$", re.DOTALL | re.MULTILINE)
_LINE = re.compile(r"^ {4,}(?![-*] )(\S.*)$", re.MULTILINE)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)")


def code(document: str) -> Iterator[str]:
    """Returns blocks, indented lines and spans of code. The text of a nested list counts as code too, which does no
    harm.
    """
    rest = _BLOCK.sub("", document)
    for pattern, text in ((_BLOCK, document), (_LINE, rest), (_SPAN, rest)):
        yield from (match[1] for match in pattern.finditer(text))


def links(document: str) -> Iterator[tuple[str, str]]:
    """Returns path and anchor of each link within the repository. Either may be empty."""
    return ((link[1], link[2] or "") for link in _LINK.finditer(_BLOCK.sub("", document)))


def anchors(document: str) -> set[str]:
    """Returns the anchors that GitHub makes of the document's headings."""
    headings = re.findall(r"^#+ (.*)$", _BLOCK.sub("", document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def section(document: str, heading: str) -> str:
    """Returns the text below a heading of the second level."""
    return document.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def shell(text: str, indentation: int) -> list[str]:
    """Returns the blocks of code with this indentation, without it and in order."""
    blocks: list[list[str]] = [[]]
    for line in text.splitlines():
        code = len(line) - len(line.lstrip()) >= indentation
        if code:
            blocks[-1].append(line[indentation:])
        elif blocks[-1] and line.strip():
            blocks.append([])
    return ["\n".join(block) for block in blocks if block]


def rows(text: str) -> list[list[str]]:
    """Returns the cells of all rows of all tables, without the headings."""
    lines = text.splitlines()
    no_rows = {index for index, line in enumerate(lines) if line.startswith("|---")}
    no_rows |= {index - 1 for index in no_rows}
    tables = (line for index, line in enumerate(lines) if line.startswith("|") and index not in no_rows)
    return [[cell.strip() for cell in re.split(r"(?<= )\|(?= )", line.strip("|"))] for line in tables]


def spans(text: str) -> list[str]:
    return _SPAN.findall(text)
