"""The plans of the statements that list, sweep, report, import and fill in recalls, over thousands of rows."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import URL, Engine, insert, select, text, update

from lambda_function.api.app import create_app
from lambda_function.db.models import Appointment, PatientIdentifier, Recall, Treatment
from lambda_function.db.repositories import recall_lists
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.appointment import Status
from lambda_function.domain.recalls import RecallStatus
from lambda_function.services.notifications.recalling import sweep_recalls
from lambda_function.services.operators import recall_backfill
from lambda_function.services.operators.arguments import ImportBatch, ImportRow, RecallBackfill, RecallReport
from lambda_function.services.operators.recall_import import import_recalls
from lambda_function.services.operators.recall_report import report
from tests.api.desk import Desk
from tests.api_client import ApiClient
from tests.clock import NOW, Clock
from tests.db.crowd import crowd
from tests.db.plans import check
from tests.db.recorded import Crowd
from tests.factories import Practice
from tests.servers import empty_tables

CHECKUP, CLEANING = 1, 2


@pytest.fixture(scope="module")
def recalled(migrated_url: URL, engine: Engine) -> Iterator[Crowd]:
    """Everybody has a recall for a check-up, of which half are open, and each fifth came for a cleaning long ago."""
    with Practice.open(migrated_url) as practice:
        crowd(practice)
        doctor = practice.ids["drjay"]
        patients = practice.session.scalars(select(Appointment.patient_id).distinct()).all()
        written = {"created_at": NOW, "updated_at": NOW}
        practice.session.execute(
            insert(Recall),
            [
                {
                    "patient_id": patient,
                    "treatment_id": CHECKUP,
                    "clinic_id": 1 + number % 2,
                    "due_on": NOW.date() + timedelta(days=number % 700 - 350),
                    "due_set_at": NOW,
                    "status": RecallStatus.OPEN if number % 2 else RecallStatus.DONE,
                    "open_key": 1 if number % 2 else None,
                    **written,
                }
                for number, patient in enumerate(patients)
            ],
        )
        begun = NOW - timedelta(days=400)
        visit = {"doctor_id": doctor, "clinic_id": 1, "treatment_id": CLEANING, "status": Status.COMPLETED, **written}
        times = {"starts_at": begun, "ends_at": begun + timedelta(minutes=30)}
        buffers = {"buffer_before_minutes": 0, "buffer_after_minutes": 0}
        practice.session.execute(
            insert(Appointment), [{"patient_id": each, **visit, **times, **buffers} for each in patients[::5]]
        )
        practice.session.execute(update(Treatment).values(recall_months=6))
        practice.session.execute(text("ANALYZE TABLE recall, appointment")).all()
        practice.session.commit()
        yield Crowd(Desk(ApiClient(create_app(Database(engine, Clock(NOW)))), practice), engine)
    empty_tables(migrated_url)


@pytest.mark.parametrize("caller", ["rita", "drjay", "pat"])
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"clinic_id": 1},
        {"state": "DUE"},
        {"state": "UPCOMING"},
        {"state": "BOOKED"},
        {"state": "DONE"},
        {"due_from": "2030-01-01", "due_to": "2030-01-31"},
        {"treatment_id": CHECKUP},
        {"treatment_id": CHECKUP, "due_from": "2030-01-01", "due_to": "2030-12-31"},
        {"limit": 100},
    ],
    ids=str,
)
def test_recalls_are_listed_by_an_index(
    recalled: Crowd, caller: str, query: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recall_lists, "LOOKED_AT", 100)
    client, query = recalled.desk.client, {"limit": 10, **query}
    with recalled.recorded() as sent:
        answer = client.get(caller, "/recalls", **query)
        assert answer.status == 200, answer.text
        if cursor := answer.json["next_cursor"]:
            assert client.get(caller, "/recalls", **query, cursor=cursor).status == 200

    check(recalled, sent)


def test_those_who_are_to_be_told_are_found_by_an_index(recalled: Crowd) -> None:
    with recalled.recorded() as sent:
        sweep_recalls(Database(recalled.engine, Clock(NOW)), lambda: 60.0)

    # The clinics, and at least a batch of recalls with what has been planned for them.
    assert len([one for one in sent if "FROM recall" in one.statement]) > 1
    check(recalled, sent)


def test_completing_finds_the_recall_by_an_index(recalled: Crowd) -> None:
    desk = recalled.desk
    start = NOW - timedelta(minutes=40)
    waiting = desk.practice.session.scalars(select(Recall.patient_id).where(Recall.status == RecallStatus.OPEN))
    visit = desk.practice.add_appointment(start, status=Status.CHECKED_IN, patient_id=waiting.first())
    with recalled.recorded() as sent:
        answer = desk.client.post("drjay", f"/appointments/{visit.appointment_id}/complete")
        assert answer.status == 200, answer.text

    assert [one for one in sent if "recall" in one.statement and "FOR UPDATE" in one.statement]
    check(recalled, sent)


def test_what_a_reception_does_reads_by_an_index(recalled: Crowd) -> None:
    client = recalled.desk.client
    wanted = {"patient_id": recalled.desk.id_of("pat"), "treatment_id": CLEANING, "due_on": "2030-03-01"}
    with recalled.recorded() as sent:
        opened = client.post("rita", "/recalls", wanted)
        assert opened.status == 201, opened.text
        path = f"/recalls/{opened.json['recall_id']}"
        assert client.call("rita", "PATCH", path, {"due_on": "2030-04-01"}).status == 200
        assert client.post("rita", f"{path}/dismiss", {"reason": "Moved away"}).status == 200
        assert len(client.get("rita", f"{path}/history").json["items"]) == 3

    check(recalled, sent)


def test_the_report_reads_by_an_index(recalled: Crowd) -> None:
    with recalled.recorded() as sent:
        assert report(Database(recalled.engine, Clock(NOW)), RecallReport())["months"]

    check(recalled, sent)


@pytest.mark.parametrize("plan", [True, False], ids=["plan", "done"])
def test_filling_in_reads_by_an_index(recalled: Crowd, *, plan: bool) -> None:
    wanted = RecallBackfill(treatment="cleaning", plan=plan)
    with recalled.recorded() as sent:
        assert recall_backfill.backfill(Database(recalled.engine, Clock(NOW)), wanted)["recalls"]

    check(recalled, sent)


def test_importing_reads_by_an_index(recalled: Crowd) -> None:
    numbers = recalled.desk.practice.session.scalars(select(PatientIdentifier.value).limit(100)).all()
    given = {"system": "national_id", "treatment": "implant", "due_on": "2030-02-28"}
    rows = [ImportRow(line=line, values={**given, "value": number}) for line, number in enumerate(numbers, 2)]
    database = Database(recalled.engine, Clock(NOW))
    # Half of them are patients of the clinic.
    wrong = {
        each["line"] for each in import_recalls(database, ImportBatch(clinic="Lima Centro", rows=rows))["problems"]
    }
    wanted = ImportBatch(clinic="Lima Centro", rows=[row for row in rows if row.line not in wrong])
    with recalled.recorded() as sent:
        assert import_recalls(database, wanted)["new"] > 0

    check(recalled, sent)
