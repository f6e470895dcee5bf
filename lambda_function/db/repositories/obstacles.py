"""All that may stand in the way of a visit, in one statement: the doctor's hours, closures, leave, and claimed time."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, exists, literal, or_, union_all
from sqlalchemy.orm import Session

from lambda_function.db.models import ClaimKind, SlotClaim, WaitlistEntry
from lambda_function.db.repositories.claims import claimed
from lambda_function.db.repositories.working_hours import WORKING_RULES, Rule, rule_values, rules, working_time_of
from lambda_function.db.rows import fetch_all
from lambda_function.domain.intervals import Interval
from lambda_function.domain.waitlist import OPEN
from lambda_function.domain.working_hours import WorkingTime

# The ids are constants for the server: only so does it read just the interval of the primary key. Joined with `chair`
# it reads all that a chair has ever been claimed for.
_CLAIMED = (
    rules("claimed", owner_id=SlotClaim.resource_id, claim_kind=SlotClaim.kind)
    .where(
        or_(
            claimed(ClaimKind.DOCTOR, SlotClaim.resource_id == bindparam("doctor_id"), "occupied"),
            claimed(ClaimKind.PATIENT, SlotClaim.resource_id == bindparam("patient_id"), "visit"),
            claimed(ClaimKind.CHAIR, SlotClaim.resource_id.in_(bindparam("chair_ids", expanding=True)), "occupied"),
        )
    )
    .distinct()
)


# Whether anybody at all waits.
_AWAITED = rules("awaited", owner_id=literal(0, literal_execute=True)).where(
    exists().where(WaitlistEntry.status.in_(sorted(OPEN)))
)
_FOR_BOOKING = union_all(*WORKING_RULES, _CLAIMED)
_FOR_MOVING = union_all(*WORKING_RULES, _CLAIMED, _AWAITED)


@dataclass(frozen=True, slots=True)
class Obstacles:
    """`taken` are those of the doctor, the patient and the chairs who are busy, as (kind, id). Of doctor and patient it
    holds only under their locks; what it says of a chair is a hint until that chair is locked. `awaited` is whether
    anybody waits for the time that a move leaves.
    """

    working_time: WorkingTime
    taken: frozenset[tuple[int, int]]
    awaited: bool


def obstacles(
    session: Session,
    *,
    doctor_id: int,
    patient_id: int,
    chair_ids: Sequence[int],
    visit: Interval,
    occupied: Interval,
    moved_id: int | None,
) -> Obstacles:
    """`moved_id` is the appointment that is to be moved there, whose own claims are none."""
    values = {
        **rule_values([doctor_id], visit),
        "doctor_id": doctor_id,
        "patient_id": patient_id,
        "chair_ids": chair_ids,
        "visit_start": visit.start,
        "visit_end": visit.end,
        "occupied_start": occupied.start,
        "occupied_end": occupied.end,
        "moved_id": moved_id or 0,
    }
    found = fetch_all(session, Rule, _FOR_BOOKING if moved_id is None else _FOR_MOVING, values, unscoped=True)
    return Obstacles(
        working_time=working_time_of(found),
        taken=frozenset((rule.claim_kind, rule.owner_id) for rule in found if rule.claim_kind is not None),
        awaited=any(rule.kind == "awaited" for rule in found),
    )
