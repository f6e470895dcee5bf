"""Messages to people by many at once: each event is planned once, each message is claimed once, and settled once."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import URL

from lambda_function.db.models import Notification
from lambda_function.db.repositories.notifications import claim_due
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.notifications import NotificationKind, NotificationStatus
from lambda_function.domain.people import Channel
from lambda_function.services.notifications.claiming import claim
from lambda_function.services.notifications.consuming import consume
from lambda_function.services.notifications.messages import Outcome, OutcomeStatus
from lambda_function.services.notifications.settling import settle
from lambda_function.services.queue import Record
from tests.clock import NOW
from tests.db.races import Clients
from tests.factories import Practice
from tests.services.notifications.messages import PUBLIC_URL

MESSENGERS = 8
MESSAGES = 60


@pytest.fixture
def many(race_url: URL) -> Iterator[Clients]:
    clients = Clients(race_url)
    yield clients
    clients.close()


@pytest.fixture
def place(race_url: URL) -> Iterator[Practice]:
    with Practice.open(race_url) as practice:
        yield practice


def due(practice: Practice) -> None:
    """Adds a visit with many messages about it that are due."""
    visit = practice.add_appointment(NOW + timedelta(days=1))
    practice.add(
        *(
            Notification(
                kind=NotificationKind.BOOKED,
                channel=Channel.EMAIL,
                status=NotificationStatus.PENDING,
                user_id=visit.patient_id,
                clinic_id=1,
                appointment_id=visit.appointment_id,
                subject=f"change:{number}:BOOKED",
                basis_at=NOW,
                due_at=NOW,
                next_at=NOW,
                created_at=NOW,
            )
            for number in range(MESSAGES)
        )
    )


def test_eight_messengers_claim_each_message_once_and_settle_it_once(place: Practice, many: Clients) -> None:
    due(place)

    def messenger(database: Database) -> str:
        sent = []
        for _ in range(MESSAGES):
            messages = claim(database, 5, PUBLIC_URL)
            outcomes = [
                Outcome(notification_id=each.notification_id, lease=each.lease, status=OutcomeStatus.SENT)
                for each in messages
            ]
            assert settle(database, outcomes) == len(messages)
            sent += [each.notification_id for each in messages]
        return json.dumps(sent)

    sent = [number for answer in many.at_once([messenger] * MESSENGERS) for number in json.loads(answer)]

    assert sorted(sent) == sorted(row.notification_id for row in place.rows(Notification))
    assert {(row.status, row.attempts) for row in place.rows(Notification)} == {(NotificationStatus.SENT, 1)}


def test_a_claim_locks_no_more_than_it_claims(place: Practice, many: Clients) -> None:
    """The second messenger claims while the transaction of the first is still open."""
    due(place)

    def first(work: UnitOfWork) -> None:
        mine = {each.notification_id for each in claim_due(work.session, NOW, 5)}
        theirs = {each.notification_id for each in claim(many.databases[1], MESSAGES, PUBLIC_URL)}
        assert (len(mine), len(theirs), mine & theirs) == (5, MESSAGES - 5, set())

    many.databases[0].transact(first, commit=False)


def test_an_event_that_eight_read_at_once_is_planned_once(place: Practice, many: Clients) -> None:
    visits = [place.add_appointment(NOW + timedelta(days=1)) for _ in range(5)]
    bodies = [_event(number, visit.appointment_id) for number, visit in enumerate(visits, 1)]
    records = [Record(str(number), body) for number, body in enumerate(bodies)]

    def consumer(database: Database) -> str:
        return json.dumps(consume(database, records, lambda: 60.0))

    answers = many.at_once([consumer] * MESSENGERS)

    assert answers == ["[]"] * MESSENGERS
    assert sorted(row.subject for row in place.rows(Notification)) == [f"change:{n}:BOOKED" for n in range(1, 6)]


def test_mail_that_comes_back_meets_the_outcome_and_the_message_has_failed(place: Practice, many: Clients) -> None:
    due(place)
    claimed = claim(many.databases[0], MESSAGES, PUBLIC_URL)

    def messenger(database: Database) -> str:
        return str(settle(database, [_sent(each) for each in claimed]))

    def provider(database: Database) -> str:
        records = [Record(str(each.notification_id), _bounce(each.notification_id)) for each in claimed]
        return json.dumps(consume(database, records, lambda: 60.0))

    jobs: list[Callable[[Database], str]] = [messenger, provider]
    many.at_once(jobs)

    assert {(row.status, row.reason, row.lease) for row in place.rows(Notification)} == {
        (NotificationStatus.FAILED, "bounced", None)
    }


def _sent(message: Any) -> Outcome:
    return Outcome(notification_id=message.notification_id, lease=message.lease, status=OutcomeStatus.SENT)


def _event(message_id: int, appointment_id: int) -> str:
    detail = {"message_id": message_id, "appointment_id": appointment_id, "at": NOW.isoformat()}
    return json.dumps({"detail-type": "appointment.booked", "detail": detail})


def _bounce(notification_id: int) -> str:
    detail = {"notification_id": str(notification_id), "kind": "Permanent"}
    return json.dumps({"detail-type": "mail.bounced", "detail": detail})
