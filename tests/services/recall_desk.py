"""What tests of recalls do in the database without the API."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from lambda_function.db.models import Appointment, OutboxMessage, Recall, RecallEvent
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.appointment import Status, Step
from lambda_function.domain.recalls import RecallAction, RecallStatus
from lambda_function.services import deactivation, lifecycle, recalls
from lambda_function.services.recalls import RecallRequest
from tests.api.conditions import set_treatment
from tests.clock import Clock
from tests.factories import Practice

MONTHS = 6
# A visit of that morning in Lima, on the last day of August.
VISIT = datetime(2030, 8, 31, 15, 0, tzinfo=UTC)
DUE = date(2031, 2, 28)
# Another visit of the same patient, of which the next is due on 10 April.
LATER = VISIT + timedelta(days=40)


@dataclass(frozen=True, slots=True)
class Desk:
    """The demo practice, where the check-up is due again after six months and the cleaning never."""

    database: Database
    practice: Practice
    clock: Clock

    def visit(self, starts_at: datetime = VISIT, **columns: Any) -> int:
        """Returns a visit of pat with drjay that is under way."""
        return self.practice.add_appointment(starts_at, status=Status.CHECKED_IN, **columns).appointment_id

    def complete(self, appointment_id: int, *, by: str = "drjay") -> None:
        visit = self.row(Appointment, appointment_id)
        self.clock.now = max(self.clock.now, visit.ends_at)
        self._act(by, lambda work: lifecycle.take(work, appointment_id, Step.COMPLETE))

    def completed(self, starts_at: datetime = VISIT, *, by: str = "drjay", **columns: Any) -> int:
        appointment_id = self.visit(starts_at, **columns)
        self.complete(appointment_id, by=by)
        return appointment_id

    def open(self, *, by: str = "rita", **request: Any) -> int:
        asked = {"patient_id": self.practice.ids["pat"], "treatment_id": 1, "due_on": DUE, **request}
        opened = self._act(by, lambda work: recalls.open_recall(work, RecallRequest(**asked)))
        assert isinstance(opened, int)
        return opened

    def change(self, recall_id: int, *, by: str = "rita", version: int | None = None, **values: Any) -> None:
        expected = None if version is None else frozenset({version})
        self._act(by, lambda work: recalls.change(work, recall_id, values, expected_versions=expected))

    def dismiss(self, recall_id: int, *, by: str = "rita", reason: str = "Moved abroad") -> None:
        self._act(by, lambda work: recalls.dismiss(work, recall_id, reason))

    def deactivate(self, user_name: str = "pat", *, by: str = "rita") -> None:
        user_id = self.practice.ids[user_name]
        self._act(by, lambda work: deactivation.deactivate_patient(work, user_id))

    def reactivate(self, user_name: str = "pat", *, by: str = "rita") -> None:
        user_id = self.practice.ids[user_name]
        self._act(by, lambda work: deactivation.reactivate_patient(work, user_id))

    def set_treatment(self, **columns: Any) -> None:
        """Changes the check-up."""
        set_treatment(self.practice, 1, **columns)

    def _act(self, user_name: str, run: Any) -> object:
        actor = self.practice.actor(user_name)

        def act(work: UnitOfWork) -> object:
            work.act_as(actor)
            return run(work)

        return self.database.transact(act)

    def rows(self) -> list[Recall]:
        return sorted(self.practice.rows(Recall), key=lambda row: row.recall_id)

    def open_rows(self) -> list[Recall]:
        return [row for row in self.rows() if row.status is RecallStatus.OPEN]

    def row(self, mapped: type[Any], number: int) -> Any:
        self.practice.session.rollback()
        return self.practice.session.get_one(mapped, number, populate_existing=True)

    def told(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Returns the messages about recalls in their order."""
        rows = sorted(self.practice.rows(OutboxMessage), key=lambda row: row.outbox_id)
        return [(row.kind, row.detail) for row in rows if row.kind.startswith("recall.")]

    def history(self) -> list[tuple[RecallAction, str | None, Mapping[str, Any]]]:
        rows = sorted(self.practice.rows(RecallEvent), key=lambda row: row.recall_event_id)
        return [(row.action, row.reason, row.changes) for row in rows]
