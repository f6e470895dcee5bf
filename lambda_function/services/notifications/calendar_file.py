"""The visit as a file of an e-mail, which a calendar program takes as news of the event that it has from the feed: RFC
5545, and RFC 5546 for what is to be done with it.
"""

from lambda_function.db.repositories.message_facts import VisitFacts
from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.people import Language
from lambda_function.services.calendar_events import event_lines, others_summary, patients_summary, place, written
from lambda_function.services.notifications.messages import Attachment, MessageFacts
from lambda_function.services.readable import one_line

# These are about a visit that is in the feed. What is offered, or due, is none yet.
WITH_FILE = frozenset(NotificationKind) - {NotificationKind.OFFER, NotificationKind.RECALL}
_FILE_NAMES = {Language.EN: "appointment.ics", Language.ES: "cita.ics"}


def calendar_file(facts: MessageFacts, visit: VisitFacts) -> Attachment:
    """Returns the file of the visit as it is now, for a message of a kind of WITH_FILE."""
    method = "CANCEL" if facts.kind is NotificationKind.CANCELLED else "PUBLISH"
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//dentist-appointments//EN",
        f"METHOD:{method}",
        *event_lines(
            visit,
            summary=_summary(facts),
            location=place(facts.clinic_name, facts.clinic_address),
            installation_id=visit.installation_id,
            more=_organizer(facts),
        ),
        "END:VCALENDAR",
    ]
    content_type = f"text/calendar; charset=utf-8; method={method}"
    return Attachment(_FILE_NAMES[facts.language], content_type, written(lines))


def _summary(facts: MessageFacts) -> str:
    if facts.for_guardian:
        return others_summary(facts.treatment_name, facts.patient_name, facts.doctor_name)
    return patients_summary(facts.treatment_name, facts.doctor_name)


def _organizer(facts: MessageFacts) -> list[str]:
    """RFC 5546 wants an organizer, which is the clinic if it has an e-mail address."""
    if facts.clinic_email is None:
        return []
    # A parameter cannot hold the quotation marks that stand around it.
    name = one_line(facts.clinic_name).replace('"', "'")
    return [f'ORGANIZER;CN="{name}":mailto:{facts.clinic_email}']
