"""The command blocks of a document, in order, with what the document tells the drill about each.

A block is indented code or a fence. Comments above it, which nobody sees in the rendered page, are the drill's marks:

| mark | meaning |
|---|---|
| `<!-- drill: not run: REASON -->` | the block cannot run against the emulator, or is no command |
| `<!-- drill: first: NAME -->` | before it, the drill does something that the text asks of a person; see by_hand.py |
| `<!-- drill: shows: TEXT -->` | its output must contain this text |
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_HEADING = re.compile(r"^#+ (.*)$")
_ITEM = re.compile(r"^ *(?:\d+\.|[-*]) +")
_FENCE = re.compile(r"^ *```")
_MARK = re.compile(r"^ *<!-- drill: (not run|first|shows): (.+) -->$")
_CODE = 4  # how much deeper than the text around it code is indented


@dataclass(frozen=True)
class Block:
    section: str
    line: int
    text: str
    marks: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def reason_not_to_run(self) -> str | None:
        return next(iter(self.marks.get("not run", ())), None)

    @property
    def title(self) -> str:
        return f"line {self.line}, {self.section}: {self.text.splitlines()[0][:70]}"


def read(document: Path) -> list[Block]:
    """Raises ValueError for a mark that does not stand above a block."""
    return list(_Reader(document.read_text().splitlines()).blocks())


class _Reader:
    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._section = ""
        self._indentation = 0  # of the text that the next line belongs to
        self._marks: dict[str, tuple[str, ...]] = {}

    def blocks(self) -> Iterator[Block]:
        position = 0
        while position < len(self._lines):
            line = self._lines[position]
            if _FENCE.match(line):
                end = self._end_of_fence(position)
                yield self._block(position + 1, end)
                position = end + 1
            elif self._is_code(line) and not self._lines[position - 1].strip():  # not a paragraph's next line
                end = self._end_of_code(position)
                yield self._block(position, end)
                position = end
            else:
                self._note(line)
                position += 1

    def _is_code(self, line: str) -> bool:
        return bool(line.strip()) and _indentation(line) >= self._indentation + _CODE

    def _end_of_fence(self, start: int) -> int:
        return next(number for number in range(start + 1, len(self._lines)) if _FENCE.match(self._lines[number]))

    def _end_of_code(self, start: int) -> int:
        end = start
        for number in range(start, len(self._lines)):
            if self._is_code(self._lines[number]):
                end = number + 1
            elif self._lines[number].strip():
                break
        return end

    def _block(self, start: int, end: int) -> Block:
        lines = self._lines[start:end]
        depth = min(_indentation(line) for line in lines if line.strip())
        text = "\n".join(line[depth:] for line in lines)
        block = Block(self._section, start + 1, text, self._marks)
        self._marks = {}
        return block

    def _note(self, line: str) -> None:
        if mark := _MARK.match(line):
            self._marks[mark[1]] = (*self._marks.get(mark[1], ()), mark[2])
            # A comment that stands less deep than a list ends it.
            self._indentation = min(self._indentation, _indentation(line))
        elif self._marks and line.strip():
            raise ValueError(f"There is no block below a mark, but: {line.strip()}")
        elif heading := _HEADING.match(line):
            self._section, self._indentation = heading[1], 0
        elif item := _ITEM.match(line):
            self._indentation = len(item[0])
        elif line.strip():
            self._indentation = min(self._indentation, _indentation(line))


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())
