"""What a message can say, by the names that templates and clinics' own words use."""

from lambda_function.domain.people import Channel
from lambda_function.services.notifications.messages import MessageFacts
from lambda_function.services.readable import day_and_time, day_of, local_time, name_in_text, time_of


def names_of(facts: MessageFacts) -> dict[str, object]:
    """Returns the values by name. What is missing is None."""
    short = facts.channel is Channel.SMS
    local = facts.starts_at and local_time(facts.starts_at, facts.time_zone)
    day = facts.due_on or local
    until = facts.offer_expires_at
    return {
        "name": name_in_text(facts.addressee_name),
        "patient": name_in_text(facts.patient_name),
        "for_guardian": facts.for_guardian,
        "clinic": name_in_text(facts.clinic_name),
        "address": _given(facts.clinic_address),
        "phone": _given(facts.clinic_phone),
        "email": _given(facts.clinic_email),
        "doctor": name_in_text(facts.doctor_name),
        "treatment": name_in_text(facts.treatment_name),
        "day": day and day_of(day, facts.language, short=short),
        "time": local and time_of(local),
        "when": local and day_and_time(local, facts.language, short=short),
        "until": until and day_and_time(local_time(until, facts.time_zone), facts.language, short=short),
        "link": facts.link,
        "unconfirmed": facts.unconfirmed,
        "overdue": facts.overdue,
        "attending": facts.attending,
        "changeable": facts.changeable,
    }


def _given(text: str | None) -> str | None:
    return name_in_text(text) if text else None
