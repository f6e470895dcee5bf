"""SES: which rights sending takes, and what becomes of e-mails to the addresses for trials.

MiniStack asks for an action without a resource, and tells of bounces by SNS. On AWS both the identity and the
configuration set have to be allowed, to this sender, and the configuration set tells the default bus.
"""

import asyncio
import json
from contextvars import copy_context
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any

from ministack import app
from ministack.core.responses import get_account_id, get_region
from ministack.services import eventbridge, ses, ses_v2

_SENDING = ("POST", "/v2/email/outbound-emails")
_SIMULATOR = "@simulator.amazonses.com"
_NAMES = {"Bounce": "Email Bounced", "Complaint": "Email Complaint Received"}
# A returned e-mail is back within seconds, and after the answer to whoever sent it.
_SECONDS_UNTIL_RETURNED = 3


def mend() -> None:
    enforce, handle = app._enforce_ses_v2, ses_v2.handle_request
    transform = eventbridge._apply_input_transformer

    def enforcing(method: str, path: str, *request: Any) -> Any:
        if (method, path) != _SENDING:
            return enforce(method, path, *request)
        headers, body, query, request_id = request
        mail = json.loads(body)
        action = "ses:SendRawEmail" if "Raw" in mail["Content"] else "ses:SendEmail"
        sender = {"ses:FromAddress": parseaddr(mail["FromEmailAddress"])[1]}
        for resource in _resources(mail):
            given = {"resource_arn": resource, "named_resource": resource, "service_context": sender}
            if denied := app._enforce_data_plane("sesv2", action, headers, query, request_id, **given):
                return denied
        return None

    async def handling(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        answer = await handle(method, path, headers, body, query)
        if (method, path) == _SENDING and answer[0] == 200:
            mail = json.loads(body)
            later, context = asyncio.get_running_loop().call_later, copy_context()
            later(_SECONDS_UNTIL_RETURNED, _return, mail, json.loads(answer[2])["MessageId"], context=context)
        return answer

    def transforming(transformer: Any, rule: Any, view: Any) -> Any:
        """MiniStack knows no indices in paths."""
        return transform(transformer, rule, _Indexed(view, transformer.get("InputPathsMap", {}).values()))

    app._enforce_ses_v2, ses_v2.handle_request = enforcing, handling
    eventbridge._apply_input_transformer = transforming


def _resources(mail: dict[str, Any]) -> list[str]:
    sender = parseaddr(mail["FromEmailAddress"])[1]
    candidates = (sender, *ses._domain_and_parents(sender.rpartition("@")[2]))
    identity = next((name for name in candidates if name in ses_v2._identities), sender)
    names = [f"identity/{identity}", f"configuration-set/{mail.get('ConfigurationSetName', 'none')}"]
    return [f"arn:aws:ses:{get_region()}:{get_account_id()}:{name}" for name in names]


def _return(mail: dict[str, Any], message_id: str) -> None:
    """Tells the default bus of e-mails to the addresses for trials, if the configuration set says so."""
    name = mail["ConfigurationSetName"]
    destinations = (ses_v2._config_sets.get(name) or {}).get("EventDestinations", {}).values()
    told = {kind for destination in destinations for kind in destination["MatchingEventTypes"]}
    for address in mail["Destination"]["ToAddresses"]:
        outcomes = ses._SIMULATOR_OUTCOMES.get(address.partition("@")[0], ()) if address.endswith(_SIMULATOR) else ()
        for kind, detail in outcomes:
            if kind.upper() in told:
                _publish(kind, {**_described(kind, detail, address), "mail": _mail(mail, message_id)}, name)


def _described(kind: str, detail: str | None, address: str) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    return {"eventType": kind, **ses._notification_detail(kind, address, now, detail)}


def _mail(mail: dict[str, Any], message_id: str) -> dict[str, Any]:
    tags = {tag["Name"]: [tag["Value"]] for tag in mail["EmailTags"]}
    return {
        "messageId": message_id,
        "source": mail["FromEmailAddress"],
        "destination": mail["Destination"]["ToAddresses"],
        "tags": {**tags, "ses:configuration-set": [mail["ConfigurationSetName"]]},
    }


def _publish(kind: str, detail: dict[str, Any], name: str) -> None:
    arn = f"arn:aws:ses:{get_region()}:{get_account_id()}:configuration-set/{name}"
    event = {"Source": "aws.ses", "DetailType": _NAMES[kind], "Detail": json.dumps(detail), "Resources": [arn]}
    eventbridge._put_events({"Entries": [event]}, allow_aws_source=True)


class _Indexed:
    """An event in which what a path with an index leads to also stands under the name with the index."""

    def __init__(self, view: Any, paths: Any) -> None:
        self._view = view
        self._paths = [path for path in paths if path.endswith("[0]")]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._view, name)

    def event_with_detail(self) -> Any:
        event = json.loads(json.dumps(self._view.event_with_detail()))
        for path in self._paths:
            *parents, last = path.removeprefix("$.").split(".")
            inside = event
            for parent in parents:
                inside = inside[parent]
            inside[last] = inside[last.removesuffix("[0]")][0]
        return event
