"""What can happen to a person, as it is written down for operators, and whose word an e-mail address is."""

from enum import StrEnum

_AS_ENTERED = 1


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


def trusts_email(*, trusted: bool | None, version: int) -> bool:
    """Whether the address was entered at registration or by the person, and no staff has changed it since. Earlier
    releases did not write that down (None), but raised the version with every change.
    """
    return version == _AS_ENTERED if trusted is None else trusted
