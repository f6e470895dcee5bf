"""Compares what roles asked of AWS during the drill with what their policies allow, in both directions.

A function that lacks a right fails in the drill, because the emulator enforces policies. Here, a refusal that nobody
noticed is found too, and a right that no call used. What the drill cannot use is in NOT_IN_THE_DRILL, with the reason;
an entry there whose rights have gone, or are used after all, is found as well.

The record is written by dev/drill/emulated/rights.py. A line is a call and its decision, or a policy.
"""

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

_Line = Mapping[str, Any]
RECORD: Final = "rights.jsonl"


class RightsError(RuntimeError):
    """Roles asked for something else than their policies allow. The message lists the differences."""


class Right(NamedTuple):
    """An action of a statement on one of its resources."""

    role: str
    sid: str
    action: str
    resource: str

    def __str__(self) -> str:
        return f"{self.action} on {self.resource} ({self.sid} of {self.role})"


@dataclass(frozen=True)
class Exempt:
    """Actions of a statement that the drill cannot use. `*` in the name of the role stands for any text."""

    role: str
    sid: str
    actions: frozenset[str]
    reason: str

    def covers(self, right: Right) -> bool:
        return _fits(right.role, self.role) and right.sid == self.sid and right.action in self.actions


def _exempt(role: str, sid: str, actions: str, reason: str) -> Exempt:
    return Exempt(role, sid, frozenset(actions.split()), reason)


_BY_LAMBDA: Final = "Lambda itself does this for the function; the emulator does it without asking."
_BY_SERVICE: Final = "The service does this under that role; the emulator does it without asking."
_KEY: Final = "The service that holds the data asks for this on behalf of the role; the emulator encrypts nothing."
_IMITATED: Final = "The drill imitates CodeDeploy, so what it calls says nothing about what AWS's calls."
_INTERFACES: Final = """
    ec2:AssignPrivateIpAddresses ec2:CreateNetworkInterface ec2:DeleteNetworkInterface ec2:DescribeNetworkInterfaces
    ec2:DescribeSubnets ec2:UnassignPrivateIpAddresses
"""
_TWO_NAMES: Final = (
    "AWS may ask for this action or for the other one in order to send a raw e-mail; the emulator asks for that."
)
NOT_IN_THE_DRILL: Final = (
    _exempt("*", "WriteLogs", "logs:CreateLogStream logs:PutLogEvents", _BY_LAMBDA),
    _exempt("*", "AttachToTheNetwork", _INTERFACES, _BY_LAMBDA),
    _exempt("*", "KeepTheNetworkFromTheCode", _INTERFACES, "It forbids what the code of no function does."),
    _exempt("*", "KeepFailedEvents", "sqs:SendMessage", _BY_LAMBDA),
    _exempt("*", "UseTheKeyOfQueueAndEnvironment", "kms:Decrypt kms:GenerateDataKey", _KEY),
    _exempt("*", "DecryptSecrets", "kms:Decrypt", _KEY),
    _exempt("*", "UseTheSecretsKey", "kms:Decrypt kms:GenerateDataKey", _KEY),
    _exempt("*-flow-*", "WriteFlowLogs", "logs:CreateLogStream logs:DescribeLogStreams logs:PutLogEvents", _BY_SERVICE),
    _exempt("*-scheduler-*", "CallFunctions", "lambda:InvokeFunction", _BY_SERVICE),
    _exempt("*-scheduler-*", "KeepWhatCouldNotBeCalled", "sqs:SendMessage", _BY_SERVICE),
    _exempt("*-scheduler-*", "EncryptIt", "kms:Decrypt kms:GenerateDataKey", _KEY),
    _exempt(
        "*-codedeploy-*",
        "ShiftTheAlias",
        "lambda:GetAlias lambda:GetFunction lambda:GetProvisionedConcurrencyConfig lambda:UpdateAlias",
        _IMITATED,
    ),
    _exempt("*-codedeploy-*", "TryTheVersionFirst", "lambda:InvokeFunction", _IMITATED),
    _exempt("*-codedeploy-*", "WatchAlarms", "cloudwatch:DescribeAlarms", _IMITATED),
    _exempt(
        "*-notifications-*",
        "TakeFromTheQueue",
        "sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage",
        _BY_LAMBDA,
    ),
    *(
        _exempt(role, sid, "sqs:DeleteMessage sqs:GetQueueAttributes sqs:ReceiveMessage", _BY_LAMBDA)
        for role, sid in (("*-country-*", "TakeFromItsQueue"), ("*-registration-*", "TakeFromTheQueue"))
    ),
    _exempt("*-messenger-*", "SendMailAsTheSender", "ses:SendEmail", _TWO_NAMES),
    _exempt("*-messenger-*", "PublishToNoTopic", "sns:Publish", "It forbids what the code of no function does."),
    _exempt(
        "*-before-traffic-*",
        "ReadItsSpecification",
        "codedeploy:GetApplicationRevision",
        "AWS may name the specification by its digest alone; the drill's CodeDeploy always tells it.",
    ),
)


def check(record: Path) -> None:
    """Raises RightsError if there are findings."""
    if found := findings(record):
        raise RightsError("\n".join(["What roles did is not what they may do:", *found]))


def findings(record: Path, exempt: Sequence[Exempt] = NOT_IN_THE_DRILL) -> list[str]:
    """Returns a sentence for each difference between the calls and the policies of a drill."""
    lines = _lines(record)
    calls = [line for line in lines if "decision" in line]
    places = _places(line for line in lines if "policy" in line)
    rights = {there[-1] for there in places}
    used = {there[-1] for there in places if any(_uses(call, right) for call in calls for right in there)}
    unused = [right for right in sorted(rights - used) if not _is_exempt(right, exempt)]
    return [
        *refusals(record),
        *(f"Nothing used {right}." for right in unused),
        *(f"Something used {right}, which is exempt." for right in sorted(used) if _is_exempt(right, exempt)),
        *(
            f"No policy has {action} ({one.sid} of {one.role}), which is exempt."
            for one, action in _gone(exempt, rights)
        ),
    ]


def refusals(record: Path) -> list[str]:
    """Returns a sentence for each call that was refused, which may say why a function failed."""
    refused = [line for line in _lines(record) if line.get("decision", "Allow") != "Allow"]
    return sorted({f"{line['role']} was refused {line['action']} on {line['resource']}." for line in refused})


def _lines(record: Path) -> list[_Line]:
    return [json.loads(line) for line in record.read_text().splitlines()]


def _is_exempt(right: Right, exempt: Sequence[Exempt]) -> bool:
    return any(one.covers(right) for one in exempt)


def _gone(exempt: Sequence[Exempt], rights: Collection[Right]) -> Iterator[tuple[Exempt, str]]:
    for one in exempt:
        there = {right.action for right in rights if one.covers(right)}
        yield from ((one, action) for action in sorted(one.actions - there))


def _places(policies: Iterable[_Line]) -> Collection[list[Right]]:
    """Returns, for each place of a resource in a policy, the rights that have stood there one after the other. After a
    restore, for example, the secret of another master stands where the former one's was.
    """
    places = defaultdict[tuple[str, str, str, int], list[Right]](list)
    for line in policies:
        for statement in line["policy"]["Statement"]:
            role, sid = line["role"], statement.get("Sid", "")
            for action in _several(statement["Action"]):
                for place, resource in enumerate(_several(statement["Resource"])):
                    places[role, sid, action, place].append(Right(role, sid, action, resource))
    return places.values()


def _several(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _uses(call: _Line, right: Right) -> bool:
    same = call["role"] == right.role and call["sid"] == right.sid
    return same and _fits(call["action"], right.action) and _fits(call["resource"], right.resource)


def _fits(value: str, pattern: str) -> bool:
    """Returns whether the value is what a pattern of a policy, with its `*` and `?`, stands for."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, value, re.DOTALL) is not None
