"""Sends the messages that are due. It has neither the database nor a memory: it asks the notifications function for a
batch, hands each message to the provider once, and tells the function what became of them.

Nobody can know whether a message was sent if the provider's answer is lost or the messenger ends in between, and then
it may be sent twice. Everything here keeps that rare: no send begins that could outlast the lease of its claim or the
messenger's own time, and outcomes are told even if some sends failed.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple, Protocol

from lambda_function.domain.errors import UnavailableError
from lambda_function.domain.notifications import Reason
from lambda_function.domain.people import Channel
from lambda_function.observability import logger, stack
from lambda_function.services.notifications.messages import ComposedMessage, Outcome, OutcomeStatus

# A claim and its outcomes cost two invocations, while nothing is sent.
BATCH = 50
# A provider takes 50 to 300 ms, nearly all of it waiting.
THREADS = 5
# A provider gives up within this time: see the configuration of the clients in bootstrap/messenger.py.
SEND_SECONDS = 13.0
# This is enough to tell the outcomes of a batch, if need be twice.
SETTLE_SECONDS = 12.0
# No batch is claimed with fewer seconds left, since its messages would wait for the end of their lease.
RESERVE = SEND_SECONDS + SETTLE_SECONDS + 5.0
_SETTLE_ATTEMPTS = 2
# After these the provider may well take the next message.
_GOING_ON = frozenset({OutcomeStatus.SENT, OutcomeStatus.REFUSED})


class Claim(NamedTuple):
    """Messages that are leased for some seconds from when they were claimed."""

    messages: Sequence[ComposedMessage]
    lease_seconds: float


class Notifications(Protocol):
    """The notifications function. Both calls raise UnavailableError if there is no answer."""

    def claim(self, limit: int) -> Claim: ...

    def settle(self, outcomes: Sequence[Outcome]) -> int:
        """Returns how many were settled. Those whose lease has ended are not. It may be called again."""


class Sent(NamedTuple):
    """What a provider says about one attempt: see Outcome."""

    status: OutcomeStatus
    provider_id: str | None = None
    reason: Reason | None = None


class Sender(Protocol):
    def send(self, message: ComposedMessage) -> Sent:
        """Tries once, and takes no longer than SEND_SECONDS."""


class NotSettledError(RuntimeError):
    """What became of some messages could not be told. Their leases end by themselves."""


class Messenger:
    """`senders` has one for each channel in which a message can be sent."""

    def __init__(
        self,
        notifications: Notifications,
        senders: Mapping[Channel, Sender],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._notifications = notifications
        self._senders = senders
        self._monotonic = monotonic

    def __call__(self, seconds_left: Callable[[], float]) -> int:
        """Sends until nothing is due, the providers take nothing, or the time is nearly over. Returns how many were
        sent.

        Raises UnavailableError or NotSettledError if the notifications function cannot be reached.
        """
        sent = 0
        with ThreadPoolExecutor(THREADS, thread_name_prefix="send") as pool:
            while seconds_left() > RESERVE:
                outcomes = self._batch(pool, seconds_left)
                sent += sum(outcome.status is OutcomeStatus.SENT for outcome in outcomes)
                if not _may_go_on(outcomes):
                    break
        return sent

    def _batch(self, pool: ThreadPoolExecutor, seconds_left: Callable[[], float]) -> list[Outcome]:
        asked_at = self._monotonic()
        claim = self._notifications.claim(BATCH)
        # The lease began after the question, so it ends no earlier than this.
        lease_ends = asked_at + claim.lease_seconds

        def time_left() -> float:
            return min(lease_ends - self._monotonic(), seconds_left()) - SETTLE_SECONDS

        outcomes = list(pool.map(partial(self._attempt, time_left), claim.messages))
        if outcomes:
            self._settle(outcomes)
        return outcomes

    def _attempt(self, time_left: Callable[[], float], message: ComposedMessage) -> Outcome:
        sent = self._send(message) if time_left() >= SEND_SECONDS else Sent(OutcomeStatus.UNSENT)
        return Outcome(
            notification_id=message.notification_id,
            lease=message.lease,
            status=sent.status,
            provider_id=sent.provider_id,
            reason=sent.reason,
        )

    def _send(self, message: ComposedMessage) -> Sent:
        try:
            return self._senders[message.channel].send(message)
        except Exception as error:  # noqa: BLE001 - what is wrong with one keeps no other waiting
            logger.error(
                "sending failed",
                notification_id=message.notification_id,
                error=type(error).__name__,
                stack=stack(error.__traceback__),
            )
            return Sent(OutcomeStatus.UNKNOWN)

    def _settle(self, outcomes: Sequence[Outcome]) -> None:
        for _ in range(_SETTLE_ATTEMPTS):
            try:
                settled = self._notifications.settle(outcomes)
            except UnavailableError as error:
                logger.warning("outcomes not told", messages=len(outcomes), reason=error.detail)
            else:
                if settled < len(outcomes):
                    logger.warning("leases had ended", messages=len(outcomes) - settled)
                return
        raise NotSettledError(f"What became of {len(outcomes)} messages could not be told. Their leases will end.")


def _may_go_on(outcomes: Sequence[Outcome]) -> bool:
    """Returns whether another batch makes sense: there was one, there is time, and some provider is well."""
    statuses = {outcome.status for outcome in outcomes}
    return OutcomeStatus.UNSENT not in statuses and not statuses.isdisjoint(_GOING_ON)
