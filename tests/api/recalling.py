"""Recalls as tests need them, written without the API."""

from datetime import date
from typing import Any

from lambda_function.db.models import Recall
from lambda_function.domain.recalls import RecallStatus
from tests.api.desk import Desk
from tests.clock import NOW


def add_recall(desk: Desk, patient: str = "pat", **columns: Any) -> int:
    """Adds a recall for a check-up in clinic 1, which is open unless a status is given, and returns its id."""
    status = columns.pop("status", RecallStatus.OPEN)
    row = Recall(
        **{
            "patient_id": desk.id_of(patient),
            "treatment_id": 1,
            "clinic_id": 1,
            "due_on": date(2030, 3, 1),
            "due_set_at": NOW,
            "status": status,
            "open_key": 1 if status is RecallStatus.OPEN else None,
            "version": 1,
            "created_at": NOW,
            "updated_at": NOW,
            "closed_at": None if status is RecallStatus.OPEN else NOW,
            **columns,
        }
    )
    desk.practice.add(row)
    return row.recall_id
