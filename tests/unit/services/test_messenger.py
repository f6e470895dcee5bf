"""What the messenger asks, sends and tells, with a notifications function and providers of the test."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from lambda_function.domain.errors import UnavailableError
from lambda_function.domain.notifications import Reason
from lambda_function.domain.people import Channel
from lambda_function.services.messenger import (
    BATCH,
    RESERVE,
    SEND_SECONDS,
    SETTLE_SECONDS,
    Claim,
    Messenger,
    NotSettledError,
    Sent,
)
from lambda_function.services.notifications.messages import ComposedMessage, Outcome, OutcomeStatus
from tests.messages import mail, sms

TAKEN = Sent(OutcomeStatus.SENT, provider_id="ses-1")


class Time:
    """Seconds that pass only when somebody says so."""

    def __init__(self, ends: float = 1000) -> None:
        self.now = 0.0
        self.ends = ends

    def __call__(self) -> float:
        return self.now

    def left(self) -> float:
        return self.ends - self.now


@dataclass
class Function:
    """The notifications function. Each claim takes the next batch, and `settling` is what settles answer."""

    batches: list[list[ComposedMessage]]
    lease_seconds: float = 120
    settled: list[list[Outcome]] = field(default_factory=list)
    settling: list[int | Exception] = field(default_factory=list)
    claims: list[int] = field(default_factory=list)

    def claim(self, limit: int) -> Claim:
        self.claims.append(limit)
        return Claim(self.batches.pop(0) if self.batches else [], self.lease_seconds)

    def settle(self, outcomes: Sequence[Outcome]) -> int:
        answer = self.settling.pop(0) if self.settling else len(outcomes)
        if isinstance(answer, Exception):
            raise answer
        self.settled.append(list(outcomes))
        return answer

    def statuses(self) -> list[list[str]]:
        return [[outcome.status for outcome in outcomes] for outcomes in self.settled]


class Provider:
    """Answers each message as the test says, and remembers what it was asked to send."""

    def __init__(self, answer: Callable[[ComposedMessage], Sent] = lambda _: TAKEN) -> None:
        self._answer = answer
        self.asked: list[int] = []

    def send(self, message: ComposedMessage) -> Sent:
        self.asked.append(message.notification_id)
        return self._answer(message)


def messenger(function: Function, provider: Provider, time: Time | None = None) -> Messenger:
    return Messenger(function, {Channel.EMAIL: provider, Channel.SMS: provider}, time or Time())


def batch(first: int, number: int) -> list[ComposedMessage]:
    return [mail(notification_id=each, lease=f"lease-{each}") for each in range(first, first + number)]


def test_every_message_is_sent_once_and_its_outcome_told() -> None:
    function, provider = Function([batch(1, 25), batch(26, 3)]), Provider()

    assert messenger(function, provider)(lambda: 60) == 28

    assert Counter(provider.asked) == Counter(range(1, 29))
    assert [len(outcomes) for outcomes in function.settled] == [25, 3]
    assert function.claims == [BATCH] * 3
    assert function.settled[1][0] == Outcome(
        notification_id=26, lease="lease-26", status=OutcomeStatus.SENT, provider_id="ses-1"
    )


def test_each_channel_has_its_provider() -> None:
    mails, phones = Provider(), Provider()
    function = Function([[mail(notification_id=1), sms(notification_id=2)]])

    Messenger(function, {Channel.EMAIL: mails, Channel.SMS: phones}, Time())(lambda: 60)

    assert (mails.asked, phones.asked) == ([1], [2])


def test_nothing_is_told_if_nothing_is_due() -> None:
    function = Function([])

    assert messenger(function, Provider())(lambda: 60) == 0
    assert (len(function.claims), function.settled) == (1, [])


def test_several_messages_are_sent_at_once() -> None:
    together = threading.Barrier(2, timeout=10)

    def answer(_: ComposedMessage) -> Sent:
        together.wait()
        return TAKEN

    assert messenger(Function([batch(1, 2)]), Provider(answer))(lambda: 60) == 2


def test_a_message_that_breaks_its_sender_stops_no_other_and_may_have_been_sent() -> None:
    def answer(message: ComposedMessage) -> Sent:
        if message.notification_id == 2:
            raise RuntimeError(message.to)
        return TAKEN

    function = Function([batch(1, 3)])

    assert messenger(function, Provider(answer))(lambda: 60) == 2
    assert function.statuses() == [["SENT", "UNKNOWN", "SENT"]]


def test_a_refusal_is_told_with_its_reason() -> None:
    function = Function([batch(1, 1)])
    messenger(function, Provider(lambda _: Sent(OutcomeStatus.REFUSED, reason=Reason.OPTED_OUT)))(lambda: 60)

    [[outcome]] = function.settled
    assert (outcome.status, outcome.reason) == (OutcomeStatus.REFUSED, "opted_out")


def test_no_send_begins_that_could_outlast_the_lease() -> None:
    time = Time()

    def answer(_: ComposedMessage) -> Sent:
        time.now += 1
        return TAKEN

    function = Function([[mail(notification_id=1)]], lease_seconds=SEND_SECONDS + SETTLE_SECONDS - 0.1)
    provider = Provider(answer)

    assert messenger(function, provider, time)(time.left) == 0
    assert (provider.asked, function.statuses()) == ([], [["UNSENT"]])


def test_the_time_that_a_claim_takes_counts_as_part_of_the_lease() -> None:
    time = Time()

    class Slow(Function):
        def claim(self, limit: int) -> Claim:
            time.now += 100
            return super().claim(limit)

    function = Slow([batch(1, 1)], lease_seconds=120)
    messenger(function, Provider(), time)(time.left)

    assert function.statuses() == [["UNSENT"]]


def test_a_provider_that_hangs_leaves_the_rest_unsent_and_no_other_batch_is_claimed() -> None:
    time = Time(ends=60)

    def answer(_: ComposedMessage) -> Sent:
        time.now = 50
        return Sent(OutcomeStatus.UNKNOWN)

    function = Function([batch(1, 25), batch(26, 1)])
    messenger(function, Provider(answer), time)(time.left)

    [statuses] = function.statuses()
    assert set(statuses) == {"UNKNOWN", "UNSENT"}
    assert len(function.claims) == 1


def test_it_claims_nothing_shortly_before_its_own_end() -> None:
    function = Function([batch(1, 1)])

    assert messenger(function, Provider())(lambda: RESERVE) == 0
    assert function.claims == []


@pytest.mark.parametrize("status", [OutcomeStatus.RETRY, OutcomeStatus.UNKNOWN])
def test_a_provider_that_takes_nothing_is_left_alone_until_the_next_run(status: OutcomeStatus) -> None:
    function = Function([batch(1, 2), batch(3, 2)])
    messenger(function, Provider(lambda _: Sent(status)))(lambda: 60)

    assert len(function.claims) == 1


def test_refused_messages_do_not_end_the_run() -> None:
    function = Function([batch(1, 1), batch(2, 1)])
    messenger(function, Provider(lambda _: Sent(OutcomeStatus.REFUSED)))(lambda: 60)

    assert len(function.claims) == 3


def test_outcomes_are_told_again_when_the_answer_is_lost() -> None:
    function = Function([batch(1, 1)], settling=[UnavailableError("Lost.")])

    assert messenger(function, Provider())(lambda: 60) == 1
    assert function.statuses() == [["SENT"]]


def test_if_outcomes_cannot_be_told_nothing_more_is_claimed_and_the_run_fails() -> None:
    function = Function([batch(1, 1), batch(2, 1)], settling=[UnavailableError("Lost.")] * 2)

    with pytest.raises(NotSettledError):
        messenger(function, Provider())(lambda: 60)
    assert len(function.claims) == 1


def test_without_the_notifications_function_the_run_fails() -> None:
    class Away(Function):
        def claim(self, limit: int) -> Claim:
            raise UnavailableError("Away.")

    with pytest.raises(UnavailableError):
        messenger(Away([]), Provider())(lambda: 60)


def test_no_log_names_anybody(log_text: Callable[[], str]) -> None:
    def answer(message: ComposedMessage) -> Sent:
        raise RuntimeError(f"{message.to} {message.text}")

    messenger(Function([batch(1, 1)], settling=[0]), Provider(answer))(lambda: 60)

    printed = log_text()
    assert "RuntimeError" in printed
    assert [word for word in ("pat@", "Monday") if word in printed] == []
