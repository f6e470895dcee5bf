"""From a request to the messenger: what the API does, the relay publishes, the bus delivers and people are told."""

import json

import pytest

from lambda_function.domain.notifications import NotificationKind
from lambda_function.services.relay import relay
from tests.api.desk import Desk, at
from tests.api.waiting import Waitlist, free
from tests.api_client import ApiClient
from tests.bus import Delivery
from tests.services.notifications.messages import Messages, plenty


class Chain:
    """The API, and everything behind it up to the messenger."""

    def __init__(self, desk: Desk, messages: Messages, delivery: Delivery) -> None:
        self.desk = desk
        self.messages = messages
        self.delivery = delivery

    def told(self) -> list[tuple[NotificationKind, str]]:
        """Passes on what has happened, and returns what people are told now, and at which address. Everything comes
        twice.
        """
        relay(self.messages.database, self.delivery.bus, plenty)
        bodies = [json.dumps(event) for event in self.delivery.received()]
        assert self.messages.deliver(*bodies, *bodies) == []
        claimed = self.messages.claim(100)
        for message in claimed:
            self.messages.settle(message)
        return [(message.kind, message.to) for message in claimed]


@pytest.fixture
def chain(client: ApiClient, messages: Messages, delivery: Delivery) -> Chain:
    return Chain(Desk(client, messages.practice), messages, delivery)


PAT, KIM = "pat@example.org", "kim@example.org"


def test_the_life_of_a_visit_is_told(chain: Chain) -> None:
    visit = chain.desk.booked("rita", at("15:00"))["appointment_id"]
    assert chain.told() == [(NotificationKind.BOOKED, PAT)]

    chain.messages.clock.advance(minutes=1)
    chain.desk.client.call("rita", "PATCH", f"/appointments/{visit}", {"starts_at": at("16:00"), "internal_note": "x"})
    assert chain.told() == [(NotificationKind.MOVED, PAT)]

    chain.desk.client.call("rita", "PATCH", f"/appointments/{visit}", {"internal_note": "y"})
    chain.desk.client.call("rita", "PATCH", f"/appointments/{visit}", {"chair_id": 2})
    assert chain.told() == []

    chain.messages.clock.advance(minutes=1)
    chain.desk.cancelled("rita", visit)
    assert chain.told() == [(NotificationKind.CANCELLED, PAT)]
    assert len(chain.messages.rows()) == 3


def test_what_was_undone_before_anybody_was_told_is_not_told(chain: Chain) -> None:
    visit = chain.desk.booked("rita", at("15:00"))["appointment_id"]
    chain.messages.clock.advance(minutes=1)
    chain.desk.client.call("rita", "PATCH", f"/appointments/{visit}", {"starts_at": at("16:00")})
    chain.messages.clock.advance(minutes=1)
    chain.desk.cancelled("rita", visit)

    assert chain.told() == [(NotificationKind.CANCELLED, PAT)]
    assert [row.reason for row in chain.messages.rows()] == ["cancelled", "cancelled", None]


def test_a_deactivated_patient_hears_nothing_of_the_visits_that_it_ends(chain: Chain) -> None:
    chain.desk.booked("rita", at("15:00"))
    chain.told()
    pat = chain.desk.id_of("pat")
    answer = chain.desk.client.call("rita", "DELETE", f"/users/{pat}")
    assert answer.status == 204, answer.text

    assert chain.told() == []


def test_an_offer_is_told_to_whoever_waits(chain: Chain) -> None:
    waitlist = Waitlist(chain.desk)
    taken = chain.desk.booked("rita", at("15:00"))
    waitlist.join("kim")
    chain.told()

    free(waitlist, taken)

    assert chain.told() == [(NotificationKind.CANCELLED, PAT), (NotificationKind.OFFER, KIM)]
