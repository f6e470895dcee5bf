"""Everything that docs/security.md names exists."""

from lambda_function.db.models import User
from lambda_function.db.models.register import RegisterBase
from tests.docs.documents import ROOT, SECURITY, rows, section, spans

TABLES = {**User.metadata.tables, **RegisterBase.metadata.tables}


def test_every_table_has_its_class_and_time() -> None:
    assert {spans(row[0])[0] for row in rows(section(SECURITY, "What is stored"))} == set(TABLES)


def test_columns_are_those_of_the_tables() -> None:
    for table, _, columns, _, _ in rows(section(SECURITY, "What is stored")):
        assert set(spans(columns)) <= set(TABLES[spans(table)[0]].columns.keys()), table


def test_answers_name_files_that_exist() -> None:
    for threat, _, where, held_by in rows(section(SECURITY, "Threats and answers")):
        for path in spans(f"{where} {held_by}"):
            assert path.startswith("make ") or (ROOT / path).exists(), f"{threat}: {path}"
