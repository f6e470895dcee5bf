"""The data of a new user, the events of a person, and when an e-mail address is trusted."""

from dataclasses import dataclass, fields
from enum import StrEnum

from lambda_function.domain.actor import Role

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


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """Somebody who is entered, or who has signed up and so has an account: `cognito_sub`."""

    user_name: str
    user_type: Role
    full_name: str
    email: str | None = None
    phone: str | None = None
    cognito_sub: str | None = None

    @property
    def fields_entered(self) -> list[str]:
        """The names of the fields that were filled in, for the history of the person."""
        entered = {each.name for each in fields(self)} - {"user_type", "cognito_sub"}
        return sorted(name for name in entered if getattr(self, name) is not None)


def trusts_email(*, trusted: bool | None, version: int) -> bool:
    """Whether the address was entered at registration or by the person, and no staff has changed it since. Earlier
    releases did not write that down (None), but raised the version with every change.
    """
    return version == _AS_ENTERED if trusted is None else trusted
