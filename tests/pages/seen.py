"""What tests of the pages read back."""

from lambda_function.db.models import Appointment, OutboxMessage
from tests.api.desk import Desk, rfc3339


def history(desk: Desk, visit_id: int) -> list[tuple[str, str | None]]:
    """Returns what was done to a visit, and how."""
    answer = desk.client.get("rita", f"/appointments/{visit_id}/history")
    return [(event["action"], event["via"]) for event in answer.json["items"]]


def announced(desk: Desk) -> list[str]:
    """Returns the kinds of the events for other systems, the oldest first."""
    rows = sorted(desk.practice.rows(OutboxMessage), key=lambda row: row.outbox_id)
    return [row.kind for row in rows]


def visits(desk: Desk) -> list[Appointment]:
    """Returns all visits as they are now, the oldest first."""
    return sorted(desk.practice.rows(Appointment), key=lambda row: row.appointment_id)


def statuses(desk: Desk) -> list[str]:
    return [visit.status.value for visit in visits(desk)]


def seen_of(visit: Appointment) -> str:
    """Returns what a form says that the person saw."""
    return f"{visit.appointment_id}.{rfc3339(visit.starts_at)}.{visit.doctor_id}"
