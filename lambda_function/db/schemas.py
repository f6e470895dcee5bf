"""The schemas that there are."""

from enum import StrEnum


class Schema(StrEnum):
    """What a database holds: the service itself, or the register of one country."""

    MAIN = "main"
    REGISTER = "register"
