"""What a practice file makes possible, for those who wait. A policy that becomes wider counts as nothing freed."""

from lambda_function.services.practice.changes import PracticeChange
from lambda_function.services.practice.plan import Plan
from lambda_function.services.practice.state import Kind

_LENGTHS = ("duration_minutes", "buffer_before_minutes", "buffer_after_minutes")


def doctors_with_new_hours(plan: Plan) -> list[int]:
    """Returns the ids of doctors who existed before and whose hours, or whose clinic's closures, change."""
    with_new_hours = {change.name for change in plan.changes if change.kind is Kind.DOCTOR and "hours" in change.new}
    closed = {change.name for change in plan.changes if change.kind is Kind.CLINIC and "closures" in change.new}
    return [
        plan.state.ids[Kind.DOCTOR][name]
        for name, doctor in plan.state.things[Kind.DOCTOR].items()
        if name in with_new_hours or doctor["clinic"] in closed
    ]


def doctors_with_more_to_offer(plan: Plan) -> list[str]:
    """Returns the user names of doctors who can give visits at any time that they could not give before: they are new,
    come back, work in another clinic, or offer a treatment that is new to them or takes less time; or their clinic
    opens again or goes by other clocks.
    """
    more = {kind: {change.name for change in plan.changes if change.kind is kind and _is_more(change)} for kind in Kind}
    return [
        name
        for name, doctor in plan.after[Kind.DOCTOR].items()
        if name in more[Kind.DOCTOR]
        or doctor["clinic"] in more[Kind.CLINIC]
        or not more[Kind.TREATMENT].isdisjoint(doctor.get("treatments", ()))
    ]


def new_chairs(plan: Plan) -> list[tuple[str, str]]:
    """Returns chairs that come into use, each by the names of clinic and chair, in clinics that had some before: where
    there were none, no visit needed one.
    """
    changed = [change for change in plan.changes if change.kind is Kind.CLINIC and change.old.get("chairs")]
    return [(change.name, chair) for change in changed for chair in change.added("chairs")]


def _is_more(change: PracticeChange) -> bool:
    new = change.new
    if new.get("active") is True:
        return True
    match change.kind:
        case Kind.TREATMENT:
            return not change.created and any(new[name] < change.old[name] for name in _LENGTHS if name in new)
        case Kind.CLINIC:
            return not change.created and "time_zone" in new
        case Kind.DOCTOR:
            return change.created or "clinic" in new or bool(change.added("treatments"))
        case Kind.COUNTRY | Kind.RECEPTIONIST:
            return False
