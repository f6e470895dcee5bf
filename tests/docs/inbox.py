"""What the local stack serves beside the API, in this process: the messages that people get, and the clock. The way of
an event to a message is the real one, from the relay to the messenger; only the providers are the test's.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from dev.clock import offset_in
from lambda_function.db.unit_of_work import Database
from lambda_function.domain.message_rules import LEASE
from lambda_function.domain.people import Channel
from lambda_function.services.messenger import Claim, Messenger, Sent
from lambda_function.services.notifications.claiming import claim
from lambda_function.services.notifications.consuming import consume
from lambda_function.services.notifications.messages import ComposedMessage, Outcome, OutcomeStatus
from lambda_function.services.notifications.recalling import sweep_recalls
from lambda_function.services.notifications.settling import settle
from lambda_function.services.notifications.sweeping import sweep
from lambda_function.services.queue import Record
from lambda_function.services.relay import relay
from tests.bus import Delivery
from tests.clock import Clock
from tests.services.notifications.messages import PUBLIC_URL
from tests.wsgi import StartResponse

_Application = Callable[[Mapping[str, Any], StartResponse], Iterable[bytes]]


class Inbox:
    """It is WSGI middleware, and the provider of all channels as well. The clock is moved from where it is now."""

    def __init__(self, database: Database, delivery: Delivery, clock: Clock) -> None:
        self._database = database
        self._delivery = delivery
        self._clock = clock
        self._real_time = clock.now
        self._messenger = Messenger(self, {Channel.EMAIL: self, Channel.SMS: self})
        self._sent: list[ComposedMessage] = []

    def beside(self, application: _Application) -> _Application:
        def answer(environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
            match (environ["REQUEST_METHOD"], environ["PATH_INFO"]):
                case ("GET", "/dev/messages"):
                    start_response("200 OK", [("Content-Type", "application/json")])
                    return [json.dumps({"items": self._items()}).encode()]
                case ("PUT", "/dev/clock"):
                    offset = offset_in(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
                    self._clock.now = self._real_time + timedelta(seconds=offset)
                    self.deliver()
                    start_response("204 No Content", [])
                    return []
            return application(environ, start_response)

        return answer

    def deliver(self) -> None:
        """Brings everything that is due on its way, as the local stack does all the time."""
        relay(self._database, self._delivery.bus, lambda: 60)
        records = [Record(event["id"], json.dumps(event)) for event in self._delivery.received()]
        assert consume(self._database, records, lambda: 60) == []
        sweep(self._database, lambda: 60)
        sweep_recalls(self._database, lambda: 60)
        self._messenger(lambda: 60)

    def claim(self, limit: int) -> Claim:
        return Claim(claim(self._database, limit, PUBLIC_URL), LEASE.total_seconds())

    def settle(self, outcomes: Sequence[Outcome]) -> int:
        return settle(self._database, outcomes)

    def send(self, message: ComposedMessage) -> Sent:
        self._sent.append(message)
        return Sent(OutcomeStatus.SENT, provider_id=str(len(self._sent)))

    def _items(self) -> list[dict[str, Any]]:
        return [message.document() for message in reversed(self._sent)]
