"""What can happen to a person, as it is written down for operators."""

from enum import StrEnum


class PersonAction(StrEnum):
    CREATE = "CREATE"
    CHANGE = "CHANGE"
    SET_TYPE = "SET_TYPE"
    DEACTIVATE = "DEACTIVATE"
    ERASE = "ERASE"
    # Somebody's account became this person's: by a verified e-mail, by a code, or by an operator.
    LINK = "LINK"
