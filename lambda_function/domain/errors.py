"""The errors that the rules raise. Each error carries the stable `code` that callers of the API see.

`detail` is a sentence for a person and never holds personal data; `field` names the input at fault.
"""

from collections.abc import Sequence


class DomainError(Exception):
    """Base of every error that the rules raise; api/problems.py turns each code into a status."""

    code: str
    # Whether what was written before the error is committed all the same, such as a count of wrong codes.
    commits_writes = False

    def __init__(self, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field


class ForbiddenError(DomainError):
    code = "forbidden"


class NotFoundError(DomainError):
    """The thing does not exist, or the caller may not see it: both look the same."""

    code = "not_found"


class InvalidInputError(DomainError):
    """A value that is well formed but names nothing that the caller may use."""

    code = "validation_error"


class NameTakenError(DomainError):
    """Something else has this name, or another user has this user name."""

    code = "name_taken"


class PossibleDuplicateError(DomainError):
    """The person may be entered already. `user_ids` are visible patients who may be the same."""

    code = "possible_duplicate"

    def __init__(self, detail: str, user_ids: Sequence[int]) -> None:
        super().__init__(detail)
        self.user_ids = list(user_ids)


class IdentifierTakenError(DomainError):
    """Somebody else has an identifier. Whoever raises this has counted it."""

    code = "identifier_taken"
    commits_writes = True


class DoctorBusyError(DomainError):
    code = "doctor_busy"


class PatientBusyError(DomainError):
    code = "patient_busy"


class ChairBusyError(DomainError):
    code = "chair_busy"


class HasBookingsError(DomainError):
    """`appointment_ids` are the appointments in the way that the caller may see; `elsewhere` is the number of those
    that the caller may not see.
    """

    code = "has_bookings"

    def __init__(self, detail: str, appointment_ids: Sequence[int], *, elsewhere: int = 0) -> None:
        super().__init__(detail)
        self.appointment_ids = list(appointment_ids)
        self.elsewhere = elsewhere


class InvalidTransitionError(DomainError):
    code = "invalid_transition"


class StaleVersionError(DomainError):
    code = "stale_version"


class TooSoonError(DomainError):
    code = "too_soon"


class TooLateError(DomainError):
    code = "too_late"


class PastCutoffError(DomainError):
    code = "past_cutoff"


class OffGridError(DomainError):
    code = "off_grid"


class AmbiguousTimeError(DomainError):
    code = "ambiguous_time"


class NonexistentTimeError(DomainError):
    code = "nonexistent_time"


class OutsideHoursError(DomainError):
    code = "outside_hours"


class UnknownZoneError(OutsideHoursError):
    """No doctor can be said to work at a time in a clinic whose time zone nobody knows."""

    def __init__(self, *, field: str) -> None:
        super().__init__("The time zone of this clinic is not known. Ask its operators to correct it.", field=field)


class RangeTooWideError(DomainError):
    code = "range_too_wide"


class TreatmentNotOfferedError(DomainError):
    code = "treatment_not_offered"


class AlreadyWaitingError(DomainError):
    code = "already_waiting"


class RemindedRecentlyError(DomainError):
    code = "reminded_recently"


class AlreadyRecalledError(DomainError):
    """The patient has an open recall for the treatment already."""

    code = "already_recalled"


class NoRegisterError(DomainError):
    code = "no_register"


class LinkRefusedError(DomainError):
    code = "link_refused"

    def __init__(self, detail: str, *, commits_writes: bool = False) -> None:
        super().__init__(detail)
        self.commits_writes = commits_writes


class ThrottledError(DomainError):
    code = "throttled"


class TooManyWaitingError(DomainError):
    code = "too_many_waiting"


class OfferExpiredError(DomainError):
    code = "offer_expired"


class TooManyRequestsOpenError(DomainError):
    code = "too_many_requests_open"


class TooManyOpenVisitsError(DomainError):
    code = "too_many_open_visits"


class ContentionError(DomainError):
    """Other transactions held the rows in question each time this one was tried."""

    code = "contention"


class IdempotencyInFlightError(ContentionError):
    """Another request held the key each time this one was tried."""

    code = "idempotency_in_flight"


class IdempotencyMismatchError(DomainError):
    code = "idempotency_mismatch"


class UnavailableError(DomainError):
    """The database cannot be reached or does not take our credentials."""

    code = "unavailable"
