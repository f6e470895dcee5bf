"""The registration of visits in the register of their country. docs/decisions/0026 says how it works."""

from datetime import timedelta
from enum import StrEnum


class Outcome(StrEnum):
    """What became of registering one version of a visit."""

    DONE = "DONE"
    FAILED = "FAILED"


class RegistrationStatus(StrEnum):
    """The state of a visit's registration. It is PENDING while there is no outcome for the visit's present version."""

    PENDING = "PENDING"
    DONE = "DONE"
    FAILED = "FAILED"


class FailureReason(StrEnum):
    """Why a visit could not be registered. None of them names anybody."""

    # The country's database, or ours, could not be reached.
    UNAVAILABLE = "unavailable"
    # The country's database did not accept the row.
    REFUSED = "refused"
    # There is no such visit.
    NO_SUCH_VISIT = "no_such_visit"
    # The visit is at a clinic in another country.
    OTHER_COUNTRY = "other_country"
    # Anything else. The function's log says more.
    INTERNAL = "internal"


# The kinds of events that tell of an outcome. No queue of a country gets them: see docs/events.md.
REGISTERED = "visit.registered"
REGISTRATION_FAILED = "visit.registration_failed"

# The message of a change may be on its way for so long. Its visit is no difference between a register and us.
ON_ITS_WAY = timedelta(hours=1)
