"""Mail that came back, or that somebody complained about."""

from lambda_function.db.repositories import notifications, people
from lambda_function.db.repositories.notifications import ToldMessage
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.notifications import NotificationStatus, Reason
from lambda_function.domain.people import Channel, PersonAction, has_bounced, trusts_email
from lambda_function.observability import count
from lambda_function.services.notifications.bus_events import Bounce
from lambda_function.services.person_events import note_person


def take_back(work: UnitOfWork, bounce: Bounce) -> None:
    """Marks the message as FAILED, and the address as one to which nothing is sent any more, if the person still has
    it. A bounce that is not permanent changes nothing, and neither does one of a message that no longer exists or
    that cannot have been mail.

    Such an event may come more than once, and before the messenger reports that the message was sent.
    """
    if not bounce.permanent:
        return
    message = notifications.lock_told(work.session, bounce.notification_id)
    if message is None or not _may_have_been_mailed(message):
        return
    reason = Reason.COMPLAINED if bounce.complaint else Reason.BOUNCED
    failed = {"status": NotificationStatus.FAILED, "reason": reason, "next_at": None, "lease": None}
    notifications.change_all(work.session, {message.notification_id: failed})
    count("MessagesFailed")
    if message.address_hash is None:
        return
    person = people.lock_address(work.session, message.user_id)
    if person is not None and has_bounced(person.email, message.address_hash):
        # The version rises, and an address is trusted for whom it was trusted before.
        trusted = trusts_email(trusted=person.email_trusted, version=person.version)
        people.mark_bounced(work.session, message.user_id, message.address_hash, trusted=trusted, now=work.now)
        note_person(work, message.user_id, PersonAction.CHANGE, ["bounced_email_hash"])


def _may_have_been_mailed(message: ToldMessage) -> bool:
    """Whether an e-mail can have left that has not come back yet. One whose outcome was unknown can have, although it
    waits to be tried again or was given up.
    """
    if message.channel is not Channel.EMAIL:
        return False
    match message.status:
        case NotificationStatus.SENDING | NotificationStatus.SENT:
            return True
        case NotificationStatus.PENDING:
            return message.attempts > 0
        case NotificationStatus.FAILED:
            return message.reason == Reason.GAVE_UP
        case NotificationStatus.SUPPRESSED:
            return False
