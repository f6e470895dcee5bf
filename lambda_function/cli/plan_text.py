"""A plan of the practice as a person reads it, made from the document that operators' actions answer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from lambda_function.domain.working_hours import WEEKDAYS

_SIGNS = {"create": "+", "change": "~", "deactivate": "-"}
# Letters of a clinic's own words.
_SHOWN = 60
_WORDS = {None: "null", True: "true", False: "false"}

Document = Mapping[str, Any]


def plan_text(plan: Document) -> str:
    return "\n".join([*_lines(plan), _summary(plan)])


def ids_text(ids: Sequence[int], purpose: str = "") -> str:
    return f"Appointment {'id' if len(ids) == 1 else 'ids'}{purpose}: {_listed(ids)}."


def _lines(plan: Document) -> Iterator[str]:
    for change in plan["changes"]:
        yield f"{_SIGNS[change['action']]} {change['kind']} {change['name']}"
        for field, values in change["fields"].items():
            yield f"    {field}: {_difference(values['old'], values['new'], created=change['action'] == 'create')}"
    for change in plan["changes"]:
        if change["kind"] == "country":
            yield f"* {_about_country(change['name'], added=change['action'] == 'create')}"
    for conflict in plan["conflicts"]:
        how = " Add --accept-conflicts to apply it anyway." if conflict["acceptable"] else ""
        ids = ids_text(conflict["appointment_ids"])
        yield f"! {conflict['kind']} {conflict['name']} {conflict['reason']}. {ids}{how}"
    for name, ids in plan["outside_appointment_ids"].items():
        yield f"* doctor {name} has appointments outside the new hours; they stay booked. {ids_text(ids)}"
    for name, number in plan["zone_moves"].items():
        ahead = "1 appointment" if number == 1 else f"{number} appointments"
        yield f"* clinic {name} has {ahead} ahead: nothing is moved, but its clocks show other times for them"
    for section, names in plan["not_in_file"].items():
        yield f"* not in the file and left unchanged: {section} {_listed(names)}"


def _about_country(code: str, *, added: bool) -> str:
    if added:
        how = f"visits that are there already wait until `countries check {code} --repair`"
        return f"visits in {code} are registered from now on; {how}"
    return f"visits in {code} no longer show whether they are registered; the register keeps what it has"


def _summary(plan: Document) -> str:
    if not plan["changes"]:
        return "No difference."
    actions = [change["action"] for change in plan["changes"]]
    if plan["applied"]:
        return "Done: " + ", ".join(f"{actions.count(action)} {action}d" for action in _SIGNS) + "."
    return "Plan: " + ", ".join(f"{actions.count(action)} to {action}" for action in _SIGNS) + "."


def _difference(old: object, new: object, *, created: bool) -> str:
    if isinstance(new, list):
        before = old if isinstance(old, list) else []
        # A minus before a number would look like its sign.
        if all(isinstance(item, int) for item in (*before, *new)):
            numbers = _listed(new) or "none"
            return numbers if created else f"{_listed(before) or 'none'} → {numbers}"
        gone = [f"- {item}" for item in _items(item for item in before if item not in new)]
        added = [f"+ {item}" for item in _items(item for item in new if item not in before)]
        return ", ".join([*gone, *added]) or "none"
    return _value(new) if created else f"{_value(old)} → {_value(new)}"


def _items(items: Iterable[Any]) -> list[str]:
    """The same hours on several weekdays are one item."""
    days: dict[str, list[str]] = {}
    for item in items:
        match item:
            case {"weekday": weekday, "start": start, "end": end, "valid_from": first, "valid_to": last}:
                dates = (f" from {first}" if first else "") + (f" to {last}" if last else "")
                days.setdefault(f"{start}-{end}{dates}", []).append(WEEKDAYS[weekday - 1])
            case {"first_day": first, "last_day": last, "reason": reason}:
                days[f"{first} to {last}" + (f" ({reason})" if reason else "")] = []
            case {"kind": kind, "channel": channel, "language": language, "text": text}:
                days[f"{kind} {channel} {language} ({_shortened(text)})"] = []
            case _:
                days[str(item)] = []
    return [" ".join([*names, text]) for text, names in days.items()]


def _shortened(text: str) -> str:
    """Returns as much of a text as fits into a line beside others."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def _value(value: object) -> str:
    if isinstance(value, dict):
        return f"{value['from']} to {value['to']}"
    return _WORDS[value] if value is None or isinstance(value, bool) else str(value)


def _listed(items: Iterable[object]) -> str:
    return ", ".join(map(str, items))
