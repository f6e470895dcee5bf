"""Values for examples of recalls and of messages to people: see VALUES in contract.py."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

MESSAGE_EXAMPLES: Mapping[str, Any] = MappingProxyType(
    {
        "Notification.channel": "EMAIL",
        "Notification.due_at": "2030-01-08T13:00:00Z",
        "Notification.kind": "REMINDER",
        "Notification.notification_id": 17,
        "Notification.reason": None,
        "Notification.sent_at": None,
        "Notification.status": "PENDING",
        "list_notifications.kind": "BOOKED",
        "list_notifications.status": "SENT",
        "recalls": True,
        "Recall.appointment_id": None,
        "Recall.last_notified_at": "2030-01-14T13:00:00Z",
        "Recall.note": "Prefers mornings",
        "Recall.state": "UPCOMING",
        "NewRecall.note": "Prefers mornings",
        "RecallChange.note": "Prefers afternoons",
        "RecallEvent.action": "CHANGE",
        "RecallEvent.changes": {"due_on": {"from": "2030-01-21", "to": "2030-01-28"}},
        "RecallEvent.reason": None,
        "Dismissal.reason": "The patient has moved away",
        "recall_months": 6,
        "list_recalls.state": "UPCOMING",
        "due_from": "2030-01-01",
        "due_on": "2030-01-28",
        "due_to": "2030-01-31",
    }
)
