"""A composed message, as the notifications function hands it to the messenger."""

from dataclasses import replace
from typing import Any

from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.people import Channel
from lambda_function.services.notifications.messages import Attachment, ComposedMessage

CALENDAR = Attachment(
    "visit.ics", "text/calendar; method=PUBLISH", "BEGIN:VCALENDAR\r\nSUMMARY:Revisión\r\nEND:VCALENDAR\r\n"
)
_MAIL = ComposedMessage(
    notification_id=17,
    lease="5f70bf18a086007016e948b04aed3b82",
    kind=NotificationKind.BOOKED,
    channel=Channel.EMAIL,
    to="pat@example.org",
    sender_name="Clínica “Sur”, Lima",
    reply_to="desk@clinic.example",
    subject="Your visit on 7 January",
    text="See you on Monday at 9:00.\nClínica Sur",
    html="<p>See you on <b>Monday</b> at 9:00.</p>",
    attachments=(CALENDAR,),
)


def mail(**changes: Any) -> ComposedMessage:
    return replace(_MAIL, **changes)


def sms(**changes: Any) -> ComposedMessage:
    bare = replace(
        _MAIL, channel=Channel.SMS, to="+51987654321", subject=None, html=None, reply_to=None, attachments=()
    )
    return replace(bare, **changes)
