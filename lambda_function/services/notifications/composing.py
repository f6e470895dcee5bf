"""Puts a message together, as it is sent: the words, the visit as a file, and from whom it comes."""

from datetime import datetime

from lambda_function.db.repositories.message_facts import Contact
from lambda_function.db.repositories.notifications import DueMessage
from lambda_function.domain.appointment import Status, is_past_cutoff
from lambda_function.domain.people import Channel
from lambda_function.domain.time_zones import time_zone
from lambda_function.observability import logger, stack
from lambda_function.services.notifications.calendar_file import WITH_FILE, calendar_file
from lambda_function.services.notifications.claim_facts import ClaimFacts, Matter
from lambda_function.services.notifications.messages import Attachment, ComposedMessage, MessageFacts
from lambda_function.services.notifications.wording import OwnWords, compose
from lambda_function.services.readable import local_time


def composed(
    message: DueMessage,
    matter: Matter,
    facts: ClaimFacts,
    person: Contact,
    channel: Channel,
    *,
    to: str,
    lease: str,
    link: str,
    now: datetime,
) -> ComposedMessage | None:
    """Returns the message, or None if it cannot be put into words. Why is logged, and keeps no other message waiting.

    A clinic whose time zone nobody knows has no local time that could be told.
    """
    if time_zone(matter.clinic.time_zone) is None:
        logger.error("no words", notification_id=message.notification_id, reason="unknown time zone")
        return None
    told = _facts(message, matter, facts, person, channel, link=link, now=now)
    own = facts.own_words.get((matter.clinic.clinic_id, message.kind, channel, told.language))
    try:
        words = compose(told, None if own is None else OwnWords(own.subject, own.text))
        attachments = _attachments(told, matter)
    except Exception as error:  # noqa: BLE001 - as the docstring says
        logger.error(
            "no words",
            notification_id=message.notification_id,
            reason=type(error).__name__,
            stack=stack(error.__traceback__),
        )
        return None
    return ComposedMessage(
        notification_id=message.notification_id,
        lease=lease,
        kind=message.kind,
        channel=channel,
        to=to,
        sender_name=matter.clinic.name,
        reply_to=matter.clinic.email,
        subject=words.subject,
        text=words.text,
        html=words.html,
        attachments=attachments,
        links=(link,),
    )


def _facts(
    message: DueMessage,
    matter: Matter,
    facts: ClaimFacts,
    person: Contact,
    channel: Channel,
    *,
    link: str,
    now: datetime,
) -> MessageFacts:
    clinic, patient, visit = matter.clinic, facts.people[matter.patient_id], matter.visit
    due_on = None if matter.recall is None else matter.recall.due_on
    return MessageFacts(
        kind=message.kind,
        channel=channel,
        language=person.language or clinic.language,
        addressee_name=person.full_name,
        patient_name=patient.full_name,
        for_guardian=person.user_id != patient.user_id,
        clinic_name=clinic.name,
        clinic_address=clinic.address,
        clinic_phone=clinic.phone,
        clinic_email=clinic.email,
        time_zone=clinic.time_zone,
        doctor_name=matter.doctor_name,
        treatment_name=matter.treatment_name,
        starts_at=matter.starts_at,
        ends_at=matter.ends_at,
        due_on=due_on,
        overdue=due_on is not None and due_on < local_time(now, clinic.time_zone).date(),
        offer_expires_at=None if matter.offer is None else matter.offer.offer_expires_at,
        link=link,
        unconfirmed=visit is not None and visit.status is Status.REQUESTED,
        attending=visit is not None and visit.attendance_confirmed_at is not None,
        changeable=visit is not None and not is_past_cutoff(visit.starts_at, clinic.cutoff, now),
    )


def _attachments(told: MessageFacts, matter: Matter) -> tuple[Attachment, ...]:
    visit = matter.visit
    if visit is None or told.channel is not Channel.EMAIL or told.kind not in WITH_FILE:
        return ()
    return (calendar_file(told, visit),)
