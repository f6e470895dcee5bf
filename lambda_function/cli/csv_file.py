"""A table in a CSV file, as spreadsheets and databases write it, read a record at a time with the line on which each
begins. Problems name the line and never its text.

The file is UTF-8, with or without a byte order mark. Values are separated by commas or semicolons, as the first line
has it, and `sep=;` may stand above it. Quoted values may hold line breaks. Empty rows and empty columns at the end, as
spreadsheets leave them, are skipped. A record is never longer than MAX_RECORD in memory.
"""

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO, NamedTuple

from lambda_function.services.operators.importing import Problem
from lambda_function.services.practice.suggestions import closest

MAX_RECORD = 64 * 1024
MAX_COLUMNS = 100

_BOM = b"\xef\xbb\xbf"
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_SEPARATORS = ",;"
# What to do, by words of Python's parser.
_ADVICE = {
    "new-line character": "End each line with a line feed, with or without a carriage return before it.",
    "expected after": "Write a quote inside a quoted value twice.",
    "unexpected end": "Close the quotes.",
}


class Row(NamedTuple):
    """The values of a row by column, without blanks around them and without those that are empty. `end` is the number
    of bytes of the file up to the end of the row.
    """

    line: int
    values: dict[str, str]
    end: int


class _UnreadableError(ValueError):
    """Nothing behind this can be read."""

    def __init__(self, line: int, code: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(line, None, code, message)


class CsvFile:
    """A file whose columns must be some of `columns` and all of `required`."""

    def __init__(self, path: Path, columns: Collection[str], required: Collection[str]) -> None:
        self._path = path
        self._columns = columns
        self._required = required

    @property
    def size(self) -> int:
        return self._path.stat().st_size

    def read(self) -> Iterator[Row | Problem]:
        """Yields the rows, and what is wrong with the file, in the order of the lines."""
        with self._path.open("rb") as file:
            try:
                yield from self._records(_Lines(file))
            except _UnreadableError as error:
                yield error.problem

    def _records(self, lines: "_Lines") -> Iterator[Row | Problem]:
        records = lines.records()
        head = next(records, None)
        if head is None:
            raise _UnreadableError(1, "required", "The file is empty. Begin with a line of the names of columns.")
        names = _without_empty_end([name.strip().lower() for name in head.cells])
        wrong = list(self._wrong_head(head.line, names))
        if wrong:
            yield from wrong
            return
        rows = 0
        for record in records:
            if any(map(str.strip, record.cells)):
                rows += 1
                yield self._row(record, names)
        if not rows:
            yield Problem(head.line, None, "required", "The file has no rows below the names of the columns.")

    def _wrong_head(self, line: int, names: Sequence[str]) -> Iterator[Problem]:
        if len(names) > MAX_COLUMNS:
            message = f"There are more than {MAX_COLUMNS} columns. Keep only these: {', '.join(self._columns)}."
            yield Problem(line, None, "too_long", message)
            return
        for number, name in enumerate(names, 1):
            if name not in self._columns:
                meant = closest(name, self._columns)
                advice = f"Did you mean {meant}?" if meant else f"There are: {', '.join(self._columns)}."
                yield Problem(line, None, "unknown_field", f"The name of column {number} is not known. {advice}")
        for name, times in Counter(names).items():
            if times > 1 and name in self._columns:
                yield Problem(line, name, "duplicate", "There is more than one column of this name. Remove the others.")
        for name in self._required:
            if name not in names:
                yield Problem(line, name, "required", "This column is missing. Add it.")

    def _row(self, record: "_Record", names: Sequence[str]) -> Row | Problem:
        cells = _without_empty_end(record.cells)
        if len(cells) > len(names):
            return Problem(
                record.line,
                None,
                "too_long",
                "This row has more values than there are columns. Put quotes around a value with a comma or semicolon.",
            )
        values = ((name, cell.strip()) for name, cell in zip(names, cells, strict=False))
        return Row(record.line, {name: value for name, value in values if value}, record.end)


class _Record(NamedTuple):
    line: int
    cells: list[str]
    end: int


class _Lines:
    """The lines of a file as text, each with its end. It counts what it has read, for the records that it makes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._number = 0
        self._begin = 1
        self._read = 0
        self._in_record = 0

    def records(self) -> Iterator[_Record]:
        """Yields the records with their lines, without empty lines."""
        first = next(self, None)
        if first is not None and (told := _SEPARATOR_LINE.fullmatch(first)):
            separator = told[1]
            self._end_record()
            first = next(self, None)
        elif first is not None:
            separator = next((char for char in first if char in _SEPARATORS), "\t" if "\t" in first else _SEPARATORS[0])
        if first is None:
            return
        if separator not in _SEPARATORS:
            raise _UnreadableError(1, "malformed", "Separate the values with commas or semicolons.")
        try:
            for cells in csv.reader(chain([first], self), delimiter=separator, strict=True):
                if cells:
                    yield _Record(self._begin, cells, self._read)
                self._end_record()
        except csv.Error as error:
            advice = next((advice for words, advice in _ADVICE.items() if words in str(error)), "Check its quotes.")
            message = f"The record that begins here cannot be read, nor what follows. {advice}"
            raise _UnreadableError(self._begin, "malformed", message) from None

    def _end_record(self) -> None:
        self._begin, self._in_record = self._number + 1, 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._file.readline(MAX_RECORD + 1)
        if not line:
            raise StopIteration
        self._number += 1
        self._read += len(line)
        self._in_record += len(line)
        if self._in_record > MAX_RECORD:
            message = (
                f"The record that begins here has more than {MAX_RECORD:,} bytes. Close its quotes, or shorten it."
            )
            raise _UnreadableError(self._begin, "too_long", message)
        if b"\0" in line:
            message = (
                "This line has a NUL byte, as files in UTF-16 have, so nothing from here on can be read. Save the file "
                "as CSV in UTF-8."
            )
            raise _UnreadableError(self._number, "malformed", message)
        try:
            text = line.removeprefix(_BOM if self._number == 1 else b"").decode()
        except UnicodeDecodeError:
            message = "This line is not UTF-8, so nothing from here on can be read. Save the file as CSV in UTF-8."
            raise _UnreadableError(self._number, "malformed", message) from None
        return text


def _without_empty_end(cells: list[str]) -> list[str]:
    while cells and not cells[-1].strip():
        cells.pop()
    return cells
