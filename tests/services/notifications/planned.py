"""Reminders, offers and recalls that people are to be told of, as the sweep and the bus plan them."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert

from lambda_function.db.models import Recall, WaitlistEntry
from lambda_function.db.models.notifications import NOTIFICATION_ROWS
from lambda_function.domain.notifications import NotificationKind, NotificationStatus
from lambda_function.domain.people import Channel
from lambda_function.domain.recalls import RecallStatus, recall_subject
from lambda_function.domain.waitlist import WaitlistStatus
from tests.api.desk import instant
from tests.clock import NOW
from tests.services.notifications.messages import Messages

START = instant("15:00")


def reminder(messages: Messages, visit: Any, *, hours: int, due_at: Any = NOW, **columns: Any) -> None:
    """Plans a reminder of a visit, as the sweep does."""
    row = {
        "kind": NotificationKind.REMINDER,
        "channel": Channel.EMAIL,
        "status": NotificationStatus.PENDING,
        "user_id": visit.patient_id,
        "clinic_id": visit.clinic_id,
        "appointment_id": visit.appointment_id,
        "subject": f"reminder:{visit.appointment_id}:{hours}:{visit.created_at.isoformat()}",
        "basis_at": visit.created_at,
        "due_at": due_at,
        "next_at": due_at,
        "created_at": NOW,
        **columns,
    }
    messages.practice.session.execute(insert(NOTIFICATION_ROWS), row)
    messages.practice.session.commit()


def recalled(messages: Messages, due_on: str = "2030-01-21", patient: str = "pat", **columns: Any) -> Recall:
    """Returns an open recall of a clinic in Lima, for the check-up, whose day was decided a year ago."""
    given = {
        "patient_id": messages.practice.ids[patient],
        "treatment_id": 1,
        "clinic_id": 1,
        "doctor_id": messages.practice.ids["drjay"],
        "due_on": date.fromisoformat(due_on),
        "due_set_at": NOW - timedelta(days=365),
        "status": RecallStatus.OPEN,
        "created_at": NOW,
        "updated_at": NOW,
        **columns,
    }
    recall = Recall(**given, open_key=1 if given["status"] is RecallStatus.OPEN else None)
    messages.practice.add(recall)
    return recall


def noticed(messages: Messages, recall: Recall, *, days: int = -14, **columns: Any) -> None:
    """Plans a notice of a recall that is due now, as the sweep does."""
    row = {
        "kind": NotificationKind.RECALL,
        "channel": Channel.EMAIL,
        "status": NotificationStatus.PENDING,
        "user_id": recall.patient_id,
        "clinic_id": recall.clinic_id,
        "recall_id": recall.recall_id,
        "subject": recall_subject(recall.recall_id, days, recall.due_on),
        "basis_at": recall.due_set_at,
        "due_at": NOW,
        "next_at": NOW,
        "created_at": NOW,
        **columns,
    }
    messages.practice.session.execute(insert(NOTIFICATION_ROWS), row)
    messages.practice.session.commit()


def offered(messages: Messages, **columns: Any) -> WaitlistEntry:
    """Returns an entry with an offer of which the patient is to be told."""
    given = {
        "patient_id": messages.practice.ids["pat"],
        "treatment_id": 1,
        "status": WaitlistStatus.OFFERED,
        "wished_from": NOW,
        "wished_to": NOW + timedelta(days=30),
        "offer_doctor_id": messages.practice.ids["drjay"],
        "offer_starts_at": START,
        "offer_ends_at": START + timedelta(minutes=30),
        "offer_expires_at": NOW + timedelta(hours=2),
        "created_at": NOW,
        "updated_at": NOW,
    }
    entry = WaitlistEntry(**given)
    messages.practice.add(entry)
    event = messages.event(
        "waitlist.offered",
        waitlist_id=entry.waitlist_id,
        clinic_id=1,
        doctor_id=given["offer_doctor_id"],
        starts_at=START.isoformat(),
    )
    assert messages.deliver(event) == []
    for name, value in columns.items():
        setattr(entry, name, value)
    messages.practice.session.commit()
    return entry
