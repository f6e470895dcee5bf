"""The data of a new user, the events of a person, and when an e-mail address is trusted."""

from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum

from lambda_function.domain.actor import Role
from lambda_function.domain.addresses import address_hash, international
from lambda_function.domain.errors import InvalidInputError

# Nobody who goes to a dentist was born before this day.
EARLIEST_BIRTH_DATE = date(1900, 1, 1)
_AS_ENTERED = 1


class Language(StrEnum):
    """A language in which the service writes to people."""

    EN = "en"
    ES = "es"


class Channel(StrEnum):
    """How a person wants to hear from the clinic."""

    EMAIL = "EMAIL"
    SMS = "SMS"
    NONE = "NONE"


class PersonAction(StrEnum):
    CREATE = "CREATE"
    CHANGE = "CHANGE"
    SET_TYPE = "SET_TYPE"
    DEACTIVATE = "DEACTIVATE"
    REACTIVATE = "REACTIVATE"
    ERASE = "ERASE"
    # Somebody's account became this person's: by a verified e-mail, by a code, or by an operator.
    LINK = "LINK"
    LINK_CODE = "LINK_CODE"
    MERGE = "MERGE"
    # A reception proved who a patient of another clinic is, who now belongs to the reception's clinics too.
    JOIN = "JOIN"
    # A reception entered an identifier that another patient has.
    IDENTIFIER_REFUSED = "IDENTIFIER_REFUSED"
    # Of the patient: somebody may act for them, or no longer.
    ADD_GUARDIAN = "ADD_GUARDIAN"
    REMOVE_GUARDIAN = "REMOVE_GUARDIAN"
    # Of the guardian: they may act for somebody, or no longer.
    ADD_DEPENDANT = "ADD_DEPENDANT"
    REMOVE_DEPENDANT = "REMOVE_DEPENDANT"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """Somebody who is entered, or who has signed up and so has an account: `cognito_sub`. None in language, contact_by
    and recalls means by default.
    """

    user_name: str
    user_type: Role
    full_name: str
    email: str | None = None
    phone: str | None = None
    birth_date: date | None = None
    language: Language | None = None
    contact_by: Channel | None = None
    recalls: bool | None = None
    cognito_sub: str | None = None

    @property
    def fields_entered(self) -> list[str]:
        """The names of the fields that were filled in, for the history of the person."""
        entered = {each.name for each in fields(self)} - {"user_type", "cognito_sub"}
        return sorted(name for name in entered if getattr(self, name) is not None)


def check_birth_date(birth_date: date | None, today: date) -> None:
    """Raises InvalidInputError for a day on which no patient can have been born. `today` is the day in UTC."""
    if birth_date is not None and not EARLIEST_BIRTH_DATE <= birth_date <= today:
        raise InvalidInputError("Give a date of birth from 1900-01-01 to today.", field="birth_date")


def channel_used(
    chosen: Channel | None, *, email: str | None, phone: str | None, bounced_email_hash: str | None
) -> Channel:
    """Returns the channel by which a person can really be reached. The one that they chose comes first, then e-mail,
    then SMS, unless they chose none. An address from which mail has come back is no address, and a number without a
    country code gets no SMS.
    """
    if chosen is Channel.NONE:
        return Channel.NONE
    there = {
        Channel.EMAIL: email if not has_bounced(email, bounced_email_hash) else None,
        Channel.SMS: international(phone or ""),
    }
    wanted = [channel for channel in (chosen, Channel.EMAIL, Channel.SMS) if channel is not None]
    return next((channel for channel in wanted if there[channel]), Channel.NONE)


def has_bounced(email: str | None, bounced_email_hash: str | None) -> bool:
    """Whether this is the address from which mail has come back."""
    return bool(email and bounced_email_hash) and address_hash(str(email)) == bounced_email_hash


def trusts_email(*, trusted: bool | None, version: int) -> bool:
    """Whether the address was entered at registration or by the person, and no staff has changed it since. Earlier
    releases did not write that down (None), but raised the version with every change.
    """
    return version == _AS_ENTERED if trusted is None else trusted
