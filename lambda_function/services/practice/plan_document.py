"""A plan as a JSON document, the same on the command line and in the Lambda of operators."""

from datetime import date
from decimal import Decimal

from lambda_function.domain.quiet_hours import QuietHours
from lambda_function.domain.working_hours import WeeklyHours, clock
from lambda_function.services.practice.plan import Plan
from lambda_function.services.practice.state import ClosedDays, OwnMessage


def plan_document(plan: Plan, *, applied: bool) -> dict[str, object]:
    return {
        "applied": applied,
        "changes": [
            {
                "action": change.action.value,
                "kind": change.kind.value,
                "name": change.name,
                "fields": {
                    field: {"old": _plain(change.old[field]), "new": _plain(new)} for field, new in change.new.items()
                },
            }
            for change in plan.changes
        ],
        "conflicts": [
            {
                "kind": conflict.kind.value,
                "name": conflict.name,
                "reason": conflict.reason,
                "appointment_ids": list(conflict.appointment_ids),
                "acceptable": conflict.acceptable,
            }
            for conflict in plan.conflicts
        ],
        "outside_appointment_ids": {name: list(ids) for name, ids in plan.outside_hours.items()},
        "zone_moves": dict(plan.zone_moves),
        "not_in_file": {kind.section: list(names) for kind, names in plan.not_in_file.items() if names},
    }


def _plain(value: object) -> object:
    match value:
        case WeeklyHours() | ClosedDays() | QuietHours() | OwnMessage():
            return _entry(value)
        case date() | Decimal():
            return str(value)
        case tuple():
            return [_plain(item) for item in value]
        case _:
            return value


def _entry(value: WeeklyHours | ClosedDays | QuietHours | OwnMessage) -> dict[str, object]:
    match value:
        case WeeklyHours():
            return {
                "weekday": value.weekday,
                "start": clock(value.window.start),
                "end": clock(value.window.end),
                "valid_from": _plain(value.valid_from),
                "valid_to": _plain(value.valid_to),
            }
        case ClosedDays():
            return {
                "first_day": value.first_day.isoformat(),
                "last_day": value.last_day.isoformat(),
                "reason": value.reason,
            }
        case QuietHours():
            return {"from": clock(value.from_minute), "to": clock(value.to_minute)}
        case OwnMessage():
            return value._asdict()
