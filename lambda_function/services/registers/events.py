"""What a country's queue tells its processor, and what the processor tells about it on the bus. docs/events.md has the
contract of both.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from lambda_function.db.repositories.visits_to_register import VisitToRegister
from lambda_function.domain.messages import rfc3339
from lambda_function.domain.registration import REGISTERED, REGISTRATION_FAILED, FailureReason, Outcome, Registration
from lambda_function.services.bus import Message
from lambda_function.services.event_fields import (
    Fields,
    MalformedEventError,
    country,
    fields,
    instant,
    kind_and_detail,
    row_id,
    version,
)

_ABOUT_VISITS = "appointment."
_OUTCOMES: Mapping[str, Outcome] = MappingProxyType({REGISTERED: Outcome.DONE, REGISTRATION_FAILED: Outcome.FAILED})
# A reason of FailureReason, or of a later release.
_REASON = re.compile(r"[a-z_]{1,32}")


class Change(NamedTuple):
    """A version of a visit that is to be registered. The event says nothing else that matters: everything about the
    visit is read from the main database, and so is its country.
    """

    appointment_id: int
    version: int
    clinic_id: int
    at: datetime


def read_change(body: str) -> Change:
    """Raises MalformedEventError, also for an event that is not about a visit, so that no outcome of a processor can be
    a reason to register anything.
    """
    kind, detail = kind_and_detail(body)
    if not kind.startswith(_ABOUT_VISITS):
        raise MalformedEventError("The event is not about a visit.")
    told = fields(detail)
    return Change(
        row_id(told, "appointment_id"), version(told, "version"), row_id(told, "clinic_id"), instant(told, "at")
    )


class ToldOutcome(NamedTuple):
    """An outcome, and the country that tells it."""

    country: str
    registration: Registration


def outcome(visit: Change | VisitToRegister, code: str, reason: FailureReason | None, at: datetime) -> Message:
    """Returns the event that tells what became of a version of a visit."""
    detail: dict[str, Any] = {
        "appointment_id": visit.appointment_id,
        "version": visit.version,
        "country": code,
        "clinic_id": visit.clinic_id,
        "error": reason,
        "at": rfc3339(at),
    }
    return Message(visit.appointment_id, REGISTERED if reason is None else REGISTRATION_FAILED, at, detail)


def read_outcome(body: str) -> ToldOutcome:
    """Raises MalformedEventError."""
    kind, detail = kind_and_detail(body)
    if (status := _OUTCOMES.get(kind)) is None:
        raise MalformedEventError("The event is not an outcome.")
    told = fields(detail)
    error = _reason(told) if status is Outcome.FAILED else None
    appointment_id, number, at = row_id(told, "appointment_id"), version(told, "version"), instant(told, "at")
    return ToldOutcome(country(told, "country"), Registration(appointment_id, number, status, error, at))


def _reason(told: Fields) -> str:
    error = told.get("error")
    if not isinstance(error, str) or not _REASON.fullmatch(error):
        raise MalformedEventError("error is not a reason.")
    return error
