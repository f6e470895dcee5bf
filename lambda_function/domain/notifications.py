"""The messages to people: their kinds, their life, and why one is not sent. Instants are aware UTC."""

from enum import StrEnum


class NotificationKind(StrEnum):
    """What a message tells. The names are published."""

    BOOKED = "BOOKED"
    REQUESTED = "REQUESTED"
    CONFIRMED = "CONFIRMED"
    MOVED = "MOVED"
    CANCELLED = "CANCELLED"
    REMINDER = "REMINDER"
    OFFER = "OFFER"
    RECALL = "RECALL"


# These tell of a change, at once.
CHANGES = frozenset(
    {
        NotificationKind.BOOKED,
        NotificationKind.REQUESTED,
        NotificationKind.CONFIRMED,
        NotificationKind.MOVED,
        NotificationKind.CANCELLED,
    }
)


class NotificationStatus(StrEnum):
    """PENDING waits for its time. SENDING is leased to the messenger, whose outcome may never come. The other three are
    final, except that a message that bounces becomes FAILED after it was SENT.
    """

    PENDING = "PENDING"
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    SUPPRESSED = "SUPPRESSED"


class Reason(StrEnum):
    """Why a message is SUPPRESSED or FAILED. The names are published."""

    # SUPPRESSED: what it would say no longer holds, or may not be said.
    NO_ADDRESS = "no_address"
    NOT_WANTED = "not_wanted"
    ADDRESS_BOUNCED = "address_bounced"
    PHONE_WITHOUT_COUNTRY_CODE = "phone_without_country_code"
    QUIET_HOURS = "quiet_hours"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    NOT_CONFIRMED = "not_confirmed"
    STARTED = "started"
    OFFER_ENDED = "offer_ended"
    RECALL_CLOSED = "recall_closed"
    BOOKED = "booked"
    TREATMENT_INACTIVE = "treatment_inactive"
    PATIENT_INACTIVE = "patient_inactive"
    ADDRESSEE_INACTIVE = "addressee_inactive"
    NOT_ADDRESSEE = "not_addressee"
    CLINIC_INACTIVE = "clinic_inactive"
    GONE = "gone"
    # FAILED
    ADDRESS_REFUSED = "address_refused"
    OPTED_OUT = "opted_out"
    BROKEN_WORDS = "broken_words"
    REFUSED = "refused"
    GAVE_UP = "gave_up"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
