"""Facts of messages, as they are of a visit to the clinic in Lima."""

from datetime import UTC, date, datetime
from typing import Any

from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.people import Channel, Language
from lambda_function.services.notifications.messages import MessageFacts

# Ten in the morning of a Tuesday in Lima.
STARTS_AT = datetime(2030, 1, 8, 15, tzinfo=UTC)
GUARDIAN: dict[str, Any] = {"addressee_name": "Rosa Quispe", "for_guardian": True}
NO_CONTACT: dict[str, Any] = {"clinic_address": None, "clinic_phone": None, "clinic_email": None}


def facts(
    kind: NotificationKind = NotificationKind.BOOKED,
    channel: Channel = Channel.EMAIL,
    language: Language = Language.EN,
    **more: Any,
) -> MessageFacts:
    recall = {"doctor_name": "", "starts_at": None, "ends_at": None, "due_on": date(2030, 1, 8)}
    offer = {"offer_expires_at": datetime(2030, 1, 7, 17, tzinfo=UTC)} if kind is NotificationKind.OFFER else {}
    values: dict[str, Any] = {
        "addressee_name": "Ana Torres",
        "patient_name": "Ana Torres",
        "for_guardian": False,
        "clinic_name": "Lima Dental",
        "clinic_address": "Av. Larco 345, Lima",
        "clinic_phone": "+51 1 234 5678",
        "clinic_email": "hola@lima.example",
        "time_zone": "America/Lima",
        "doctor_name": "Luz Quispe",
        "treatment_name": "Root canal",
        "starts_at": STARTS_AT,
        "ends_at": datetime(2030, 1, 8, 15, 30, tzinfo=UTC),
        **offer,
        **(recall if kind is NotificationKind.RECALL else {}),
    }
    return MessageFacts(kind=kind, channel=channel, language=language, **{**values, **more})
