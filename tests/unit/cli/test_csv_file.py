"""Files of spreadsheets are read as their writers meant them, with the line of each record, in little memory."""

import csv
import tracemalloc
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_function.cli.csv_file import MAX_RECORD, CsvFile, Row
from lambda_function.services.operators.importing import Problem

COLUMNS = ("key", "name", "town")
HEAD = b"key,name,town\n"


def read(path: Path, content: bytes) -> list[Row | Problem]:
    path.write_bytes(content)
    return list(CsvFile(path, COLUMNS, COLUMNS[:2]).read())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file.csv"


def rows(path: Path, content: bytes) -> list[tuple[int, dict[str, str]]]:
    found = read(path, content)
    assert not [each for each in found if isinstance(each, Problem)]
    return [(each.line, each.values) for each in found if isinstance(each, Row)]


def problems(path: Path, content: bytes) -> list[tuple[int, str | None, str]]:
    return [(each.line, each.column, each.code) for each in read(path, content) if isinstance(each, Problem)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
@pytest.mark.parametrize("separator", [b",", b";"])
def test_the_forms_in_which_programs_write_files_are_the_same(
    file: Path, end: bytes, mark: bytes, separator: bytes
) -> None:
    content = b"key,name,town\n1,\xc3\x81na,Lima\n".replace(b",", separator).replace(b"\n", end)
    assert rows(file, mark + content) == [(2, {"key": "1", "name": "Ána", "town": "Lima"})]


@pytest.mark.parametrize("separator", [b",", b";"])
def test_the_line_that_tells_spreadsheets_the_separator_is_no_record(file: Path, separator: bytes) -> None:
    content = b"sep=,\r\nkey,name\r\n1,Ana\r\n".replace(b",", separator)
    assert rows(file, b"\xef\xbb\xbf" + content) == [(3, {"key": "1", "name": "Ana"})]


def test_the_last_line_needs_no_end(file: Path) -> None:
    assert rows(file, HEAD + b"1,Ana") == [(2, {"key": "1", "name": "Ana"})]


def test_a_record_is_told_by_the_line_on_which_it_begins(file: Path) -> None:
    content = b'key,"name"\n1,"Ana\nMaria\r\nRosa"\n\n2,"a ""b"", c"\n3,Eva\n'
    assert rows(file, content) == [
        (2, {"key": "1", "name": "Ana\nMaria\r\nRosa"}),
        (6, {"key": "2", "name": 'a "b", c'}),
        (7, {"key": "3", "name": "Eva"}),
    ]


def test_names_of_columns_may_have_capitals_and_blanks_and_any_order(file: Path) -> None:
    assert rows(file, b'Name ,"KEY "\nAna, 1\n') == [(2, {"key": "1", "name": "Ana"})]


def test_empty_columns_and_rows_at_the_end_are_passed_over(file: Path) -> None:
    content = b"key,name,,,\n1,Ana,,,\n2,Eva\n,,,,\n   ,\n\n3\n"
    assert rows(file, content) == [
        (2, {"key": "1", "name": "Ana"}),
        (3, {"key": "2", "name": "Eva"}),
        (7, {"key": "3"}),
    ]


def test_the_size_of_what_was_read_leads_to_the_size_of_the_file(file: Path) -> None:
    content = HEAD + b'1,"A\nna"\n2,Eva\n'
    ends = [each.end for each in read(file, content) if isinstance(each, Row)]
    assert ends == [len(HEAD) + 9, len(content)]
    assert CsvFile(file, COLUMNS, ()).size == len(content)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", [(1, None, "required")]),
        (b"\n\n", [(1, None, "required")]),
        (b"sep=;\n", [(1, None, "required")]),
        (b"sep=|\nkey|name\n1|Ana\n", [(1, None, "malformed")]),
        (HEAD, [(1, None, "required")]),
        (HEAD + b",,\n\n", [(1, None, "required")]),
        (b"key\n1\n", [(1, "name", "required")]),
        (b"1,Ana\n2,Eva\n", [(1, None, "unknown_field")] * 2 + [(1, "key", "required"), (1, "name", "required")]),
        (b"key,name,nmae\n1,Ana,x\n", [(1, None, "unknown_field")]),
        (b"key,name,,town\n1,Ana,x,y\n", [(1, None, "unknown_field")]),
        (b"key,name,Key\n1,Ana,2\n", [(1, "key", "duplicate")]),
        (HEAD + b"1,Ana,Lima,more\n2,Eva\n", [(2, None, "too_long")]),
        (HEAD + b"1,Ana\n2,\xc1na\n3,Eva\n", [(3, None, "malformed")]),
        (HEAD + b"1,A\0na\n2,Eva\n", [(2, None, "malformed")]),
        ("key,name\n1,Ana\n".encode("utf-16"), [(1, None, "malformed")]),
        ("key,name\n1,Ana\n".encode("utf-16-le"), [(1, None, "malformed")]),
        (HEAD.replace(b"\n", b"\r") + b"1,Ana\r2,Eva\r", [(1, None, "malformed")]),
        (HEAD + b'1,Ana\n2,"Eva"x\n3,Ida\n', [(3, None, "malformed")]),
        (HEAD + b'1,Ana\n2,"Eva\n3,Ida\n', [(3, None, "malformed")]),
        (HEAD + b'1,"' + b"Ana\n" * MAX_RECORD, [(2, None, "too_long")]),
        (HEAD + b"," * 100_000 + b"\n1,Ana\n", [(2, None, "too_long")]),
        (b"," * 100_000 + b"\n1,Ana\n", [(1, None, "too_long")]),
        (b"key,name," + b"a," * 1000 + b"\n1,Ana\n", [(1, None, "too_long")]),
        (b"\x89PNG\r\n\x1a\n", [(1, None, "malformed")]),
    ],
    ids=range(24),
)
def test_what_is_wrong_is_told_with_its_line(
    file: Path, content: bytes, expected: list[tuple[int, str | None, str]]
) -> None:
    assert problems(file, content) == expected


def test_an_unknown_column_is_told_by_its_place_with_what_was_probably_meant(file: Path) -> None:
    [problem] = read(file, b"key,name,twon\n1,Ana,S3cret\n")
    assert isinstance(problem, Problem)
    assert problem.message == "The name of column 3 is not known. Did you mean town?"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"key\tname\ttown\n1\tAna\tLima\n", "Separate the values with commas or semicolons."),
        (HEAD + b"1,A\0na\n", "This line has a NUL byte"),
        ("key,name\n1,Ana\n".encode("utf-16"), "This line has a NUL byte"),
        (HEAD + b"1,\xc1na\n", "This line is not UTF-8"),
    ],
    ids=["tabs", "NUL", "UTF-16", "Latin 1"],
)
def test_what_cannot_be_read_is_told_with_what_to_do(file: Path, content: bytes, words: str) -> None:
    [problem] = [each for each in read(file, content) if isinstance(each, Problem)]
    assert words in problem.message


def test_what_stands_before_an_unreadable_line_is_read(file: Path) -> None:
    found = read(file, HEAD + b"1,Ana\n2,\xff\n3,Eva\n")
    assert [type(each) for each in found] == [Row, Problem]


def test_no_message_repeats_what_the_file_says(file: Path) -> None:
    secret = b"S3cret"
    for content in (
        b"S3cret,name\n1,S3cret\n",
        HEAD + b"S3cret,S3cret,S3cret,S3cret\n",
        HEAD + b'S3cret,"S3cret"S3cret\n',
        HEAD + b"S3cret,\xff\n",
        HEAD + b"S3cret," + secret * MAX_RECORD,
    ):
        assert "S3cret" not in repr(read(file, content))


@pytest.mark.parametrize(
    "endless", [b"a" * 50_000_000, b"," * 50_000_000, b'"' + b"\n" * 50_000_000], ids=["a", ",", "nl"]
)
def test_an_endless_record_takes_little_memory(file: Path, endless: bytes) -> None:
    file.write_bytes(HEAD + endless)
    tracemalloc.start()
    try:
        assert [each.line for each in CsvFile(file, COLUMNS, COLUMNS[:2]).read()] == [2]
        assert tracemalloc.get_traced_memory()[1] < 20 * MAX_RECORD
    finally:
        tracemalloc.stop()


# Python does not quote a carriage return.
_VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=20)


@given(
    table=st.lists(st.tuples(_VALUES, _VALUES, _VALUES), min_size=1, max_size=8),
    separator=st.sampled_from(",;"),
    end=st.sampled_from(["\n", "\r\n"]),
    dialect=st.sampled_from(["excel", "unix"]),
)
def test_what_python_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    table: list[tuple[str, str, str]],
    separator: str,
    end: str,
    dialect: str,
) -> None:
    text = StringIO()
    writer = csv.writer(text, dialect, delimiter=separator, lineterminator=end)
    writer.writerow(COLUMNS)
    expected = []
    for cells in table:
        line = text.getvalue().count("\n") + 1
        values = {name: cell.strip() for name, cell in zip(COLUMNS, cells, strict=True) if cell.strip()}
        if values:
            expected.append((line, values))
        writer.writerow(cells)
    content = text.getvalue().encode()
    path = tmp_path_factory.getbasetemp() / "table.csv"
    if expected:
        assert rows(path, content) == expected
    else:
        assert problems(path, content) == [(1, None, "required")]
