"""The practice file of what there is: applying it changes nothing, and elsewhere it makes the same practice."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from sqlalchemy import URL, Engine, event, text

from lambda_function.cli.yaml_file import YamlFile
from lambda_function.cli.yaml_text import yaml_text
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.services.operators.actions import OperatorContext, run
from lambda_function.services.practice.apply import apply_practice
from lambda_function.services.practice.plan import make_plan
from lambda_function.services.practice.practice_document import practice_document
from lambda_function.services.practice.read_declaration import NamesTakenError, read_declaration
from lambda_function.services.practice.state import Kind, read_state
from tests.cli.terminal import demo_document
from tests.db.overtaking import READS, apply_after
from tests.factories import Practice
from tests.practice_files import practice_files
from tests.profiles import examples
from tests.servers import plain_engine


def exported(database: Database) -> Any:
    return run(OperatorContext(database), "practice.export", {})


def as_json(document: Any) -> Any:
    return json.loads(json.dumps(document, default=str))


def as_file(folder: Path, document: Any) -> Any:
    """Returns the document as it is read from the file to which it was written."""
    path = folder / "practice.yaml"
    path.write_text(yaml_text(document), encoding="utf-8", newline="")
    return YamlFile(path).data


@settings(
    max_examples=examples(25, 2000),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(document=practice_files())
def test_an_export_is_no_difference_and_makes_the_same_practice_elsewhere(
    database: Database, tmp_path: Path, document: Any
) -> None:
    def first(work: UnitOfWork) -> Any:
        try:
            apply_practice(work, read_declaration(document))
        except NamesTakenError:
            reject()
        content = practice_document(read_state(work.session))
        plan = make_plan(work, read_declaration(as_file(tmp_path, content)))
        assert not plan.changes
        assert not any(plan.not_in_file.values())
        return content

    def elsewhere(work: UnitOfWork) -> Any:
        apply_practice(work, read_declaration(as_json(content)))
        return practice_document(read_state(work.session))

    content = database.transact(first, commit=False)
    assert as_file(tmp_path, content) == as_json(content)
    assert database.transact(elsewhere, commit=False) == content


def test_an_empty_practice_is_a_file_without_entries(database: Database, tmp_path: Path) -> None:
    document = exported(database)
    assert document == {**{kind.section: {} for kind in Kind}, "countries": []}
    assert not read_declaration(as_file(tmp_path, document)).clinics


@pytest.mark.parametrize("read", READS)
def test_what_is_applied_during_an_export_is_not_in_it(
    database: Database, database_url: URL, practice: Practice, monkeypatch: pytest.MonkeyPatch, read: str
) -> None:
    """Another file changes every table after one of them has been read."""
    document = demo_document()
    for section in document.values():
        for entry in section.values():
            entry["active"] = False
    document["countries"] = ["CL", "PE"]
    document["treatments"]["filling"] = {"name": "Filling", "duration_minutes": 30}
    closures = [{"first_day": "2031-01-01", "last_day": "2031-01-01"}]
    document["clinics"]["Cusco"] = {
        "country": "PE",
        "time_zone": "America/Lima",
        "chairs": ["Window"],
        "closures": closures,
        "messages": [{"kind": "BOOKED", "channel": "SMS", "language": "es", "text": "{{ clinic }}"}],
    }
    hours = [{"weekdays": [7], "start": "22:00", "end": "02:00"}]
    document["doctors"]["drjay"] |= {"clinic": "Cusco", "treatments": ["checkup", "filling"], "hours": hours}
    document["receptionists"]["rita"]["clinics"] = ["Cusco"]
    wanted = read_declaration(document)
    before = exported(database)
    apply_after(read, wanted, database_url, monkeypatch)

    assert exported(database) == before
    assert as_json(exported(database))["doctors"]["drjay"]["hours"] == hours


def test_an_export_holds_no_lock_and_leaves_the_connection_as_it_was(
    database: Database, database_url: URL, practice: Practice, engine: Engine
) -> None:
    def look(work: UnitOfWork) -> int:
        read_state(work.session)
        with plain_engine(database_url).connect() as other:
            return len(other.execute(text("SELECT user_id FROM user FOR UPDATE NOWAIT")).all())

    assert database.transact(look, commit=False, snapshot=True) == len(practice.ids)
    with engine.connect() as connection:
        assert connection.get_isolation_level() == "READ COMMITTED"


def test_an_export_sends_as_many_statements_for_much_as_for_little(
    database: Database, practice: Practice, engine: Engine
) -> None:
    sent: list[str] = []

    def keep(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", keep)
    try:
        exported(database)
        little = len(sent)
        sent.clear()
        for number in range(20):
            clinic = practice.add_clinic(f"Clinic {number}", "America/Lima", chairs=3)
            practice.add_doctor(clinic=clinic.clinic_id)
            practice.add_receptionist(clinics=(1, clinic.clinic_id))
        exported(database)
    finally:
        event.remove(engine, "before_cursor_execute", keep)
    assert len(sent) == little == len(READS)
