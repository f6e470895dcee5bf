"""Plans messages: from what a message is about to a row for each person who is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from lambda_function.db.repositories import notifications
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.notification_times import send_time
from lambda_function.domain.notifications import NotificationKind, NotificationStatus, Reason
from lambda_function.domain.quiet_hours import QuietHours
from lambda_function.domain.time_zones import time_zone
from lambda_function.services.notifications.addressees import Addressee, addressees


class PlanningClinic(Protocol):
    """The clinic that tells something."""

    @property
    def clinic_id(self) -> int: ...
    @property
    def time_zone(self) -> str: ...
    @property
    def quiet(self) -> QuietHours | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Something to be told about a patient. `wanted` is when, unless quiet hours put it off. `starts_at` is the start
    of the visit or of the offered time, and None for a recall, which has none.

    Each person is told of a `subject` only once, and `basis_at` later shows whether it still holds: see
    db/models/notifications.py.
    """

    kind: NotificationKind
    subject: str
    patient_id: int
    clinic: PlanningClinic
    basis_at: datetime
    wanted: datetime
    starts_at: datetime | None
    appointment_id: int | None = None
    waitlist_id: int | None = None
    recall_id: int | None = None


def plan_messages(work: UnitOfWork, plans: Sequence[Plan]) -> int:
    """Writes a message for everybody who is told of one of these plans, and returns how many people these are,
    including those who had been told already, for whom nothing changes. Nobody is told about a patient who is not
    active.

    Where nobody can be reached, one message is SUPPRESSED and says why. This takes three statements, however many plans
    there are.
    """
    if not plans:
        return 0
    to = addressees(work, {plan.patient_id for plan in plans})
    rows = [_row(work, plan, person) for plan in plans for person in to.get(plan.patient_id, ())]
    notifications.add(work.session, rows)
    return len(rows)


def _may_go_at(plan: Plan, person: Addressee, now: datetime) -> datetime | None:
    """Returns when the message may go to this person, or None if quiet hours leave no time for it. One about a visit
    that has begun is due at once, and the claim finds that it is too late.
    """
    due = max(plan.wanted, now)
    if plan.starts_at is not None and plan.starts_at <= due:
        return due
    return send_time(
        plan.wanted,
        kind=plan.kind,
        channel=person.channel,
        starts_at=plan.starts_at,
        quiet=plan.clinic.quiet,
        zone=time_zone(plan.clinic.time_zone),
        now=now,
    )


def _row(work: UnitOfWork, plan: Plan, person: Addressee) -> dict[str, Any]:
    reason, at = person.reason, None
    if reason is None:
        at = _may_go_at(plan, person, work.now)
        reason = Reason.QUIET_HOURS if at is None else None
    return {
        "kind": plan.kind,
        "channel": person.channel,
        "status": NotificationStatus.PENDING if reason is None else NotificationStatus.SUPPRESSED,
        "user_id": person.user_id,
        "clinic_id": plan.clinic.clinic_id,
        "appointment_id": plan.appointment_id,
        "waitlist_id": plan.waitlist_id,
        "recall_id": plan.recall_id,
        "subject": plan.subject,
        "basis_at": plan.basis_at,
        "due_at": at or max(plan.wanted, work.now),
        "next_at": at,
        "reason": reason,
        "created_at": work.now,
    }
