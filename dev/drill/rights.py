"""Compares what roles asked of AWS during the drill with what their policies allow, in both directions.

A function that lacks a right fails in the drill, because the emulator enforces policies. Here, a refusal that nobody
noticed is found too, and a right that no call used. What the drill cannot use is in NOT_IN_THE_DRILL, with the reason;
an entry there whose rights have gone, or are used after all, is found as well.

The record is written by dev/drill/emulated/rights.py. A line is a call and its decision, or a policy.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

_Line = Mapping[str, Any]


class Right(NamedTuple):
    """One action of a statement on one of its resources."""

    role: str
    sid: str
    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.action} on {self.resource} ({self.sid} of {self.role})"


@dataclass(frozen=True)
class Exempt:
    """Rights that the drill cannot use. In each pattern, `*` stands for any text."""

    role: str
    sid: str
    reason: str
    action: str = "*"

    def covers(self, right: Right) -> bool:
        parts = ((right.role, self.role), (right.sid, self.sid), (right.action, self.action))
        return all(_fits(value, pattern) for value, pattern in parts)

    def __str__(self) -> str:
        return f"{self.action} ({self.sid} of {self.role})"


NOT_IN_THE_DRILL: Final[tuple[Exempt, ...]] = ()


def findings(record: Path, exempt: Sequence[Exempt] = NOT_IN_THE_DRILL) -> list[str]:
    """Returns a sentence for each difference between the calls and the policies of a drill."""
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    calls = [line for line in lines if "decision" in line]
    rights = {right for line in lines if "policy" in line for right in _rights(line)}
    used = {right for right in rights if any(_uses(call, right) for call in calls)}
    unused = [right for right in sorted(rights - used) if not any(one.covers(right) for one in exempt)]
    return [
        *sorted({_refusal(call) for call in calls if call["decision"] != "Allow"}),
        *(f"Nothing used {right}." for right in unused),
        *(f"{one} is exempt and used all the same: {right}." for one in exempt for right in used if one.covers(right)),
        *(f"{one} is exempt, but no policy has it." for one in exempt if not any(map(one.covers, rights))),
    ]


def _rights(line: _Line) -> Iterator[Right]:
    for statement in line["policy"]["Statement"]:
        for action in _several(statement["Action"]):
            for resource in _several(statement["Resource"]):
                yield Right(line["role"], statement["Sid"], action, resource)


def _several(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _uses(call: _Line, right: Right) -> bool:
    same = call["role"] == right.role and call["sid"] == right.sid
    return same and _fits(call["action"], right.action) and _fits(call["resource"], right.resource)


def _fits(value: str, pattern: str) -> bool:
    """Returns whether the value is what a pattern of a policy, with its `*` and `?`, stands for."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, value, re.DOTALL) is not None


def _refusal(call: _Line) -> str:
    return f"{call['role']} was refused {call['action']} on {call['resource']}."
