"""The registration of visits in the register of their country. docs/decisions/0026 says how it works."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """What became of registering one version of a visit."""

    DONE = "DONE"
    FAILED = "FAILED"


class RegistrationStatus(StrEnum):
    """The state of a visit's registration. It is PENDING while there is no outcome for the visit's present version."""

    PENDING = "PENDING"
    DONE = "DONE"
    FAILED = "FAILED"


class RegistrationState(NamedTuple):
    """The state of a visit's registration. `version` is the visit's; `error` and `at` are those of its outcome."""

    status: RegistrationStatus
    version: int
    error: str | None = None
    at: datetime | None = None


def registration_of(version: int, outcome: Outcome | None, error: str | None, at: datetime | None) -> RegistrationState:
    """Returns the state of a visit of this version. `outcome` is the one for this version, if there is one."""
    if outcome is None:
        return RegistrationState(RegistrationStatus.PENDING, version)
    return RegistrationState(RegistrationStatus(outcome), version, error, at)


class FailureReason(StrEnum):
    """Why a visit could not be registered. None of them names anybody."""

    # The country's database, or ours, could not be reached.
    UNAVAILABLE = "unavailable"
    # The country's database, or ours, did not accept a statement.
    REFUSED = "refused"
    # Nobody knows the time zone of the visit's clinic, so the visit has no local times.
    UNKNOWN_TIME_ZONE = "unknown_time_zone"
    # Anything else. The function's log says more.
    INTERNAL = "internal"


class DifferenceKind(StrEnum):
    """How a register differs from the main database about a visit."""

    # The visit is not in the register.
    MISSING = "missing"
    # The register has an earlier version.
    BEHIND = "behind"
    # The register has a later version, because the main database was restored.
    AHEAD = "ahead"
    # The register has the same version, and something else in it.
    DIFFERENT = "different"
    # The country has no such visit.
    ORPHAN = "orphan"


# The kinds of events that tell of an outcome. No queue of a country gets them: see docs/events.md.
REGISTERED = "visit.registered"
REGISTRATION_FAILED = "visit.registration_failed"

# The message of a change may be on its way for so long. Its visit is no difference between a register and us.
ON_ITS_WAY = timedelta(hours=1)


class Registration(NamedTuple):
    """The outcome of registering a version of a visit. `error` is the reason of one that has FAILED."""

    appointment_id: int
    version: int
    status: Outcome
    error: str | None
    at: datetime


class RegisteredThere(NamedTuple):
    """What the main database says of a visit now, for its outcomes. `told_version` is that of the one that is kept."""

    version: int
    country: str
    told_version: int | None


class Misfit(StrEnum):
    """Why an outcome belongs to no version that a visit has had in the country that tells it."""

    NO_VISIT = "no_visit"
    OTHER_COUNTRY = "other_country"
    LATER_VERSION = "later_version"


def misfit(outcome: Registration, country: str, visit: RegisteredThere | None) -> Misfit | None:
    """Returns None for an outcome that fits the visit. One that does not is never kept: it would hide the outcome of
    that version if the visit ever gets it, or of the visit that gets the id.
    """
    if visit is None:
        return Misfit.NO_VISIT
    if visit.country != country:
        return Misfit.OTHER_COUNTRY
    return Misfit.LATER_VERSION if outcome.version > visit.version else None


def outranks(new: Registration, old: Registration) -> bool:
    """Whether an outcome replaces another of the same visit. The later version counts; of one version, that it is DONE,
    since a register does not lose it again; and otherwise the later time. It is an order of all outcomes, so it makes
    no difference in which order they come, or how often.
    """
    return _rank(new) > _rank(old)


def _rank(outcome: Registration) -> tuple[int, bool, datetime, str]:
    return outcome.version, outcome.status is Outcome.DONE, outcome.at, outcome.error or ""
