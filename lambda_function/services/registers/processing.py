"""Handles a batch of a country's queue: registers the visits, and tells what became of them.

The register is committed before the outcomes are published, and a message is done only when its outcome was taken.
Whatever ends in between, the message comes again: then the register is right already, and its outcome is told again.
Of a visit that the country does not have, nothing is told: its own country does that.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError

from lambda_function.domain.errors import ContentionError, UnavailableError
from lambda_function.domain.registration import FailureReason
from lambda_function.observability import count, gauge_seconds, logger, stack
from lambda_function.services.bus import Bus, Message
from lambda_function.services.event_fields import MalformedEventError
from lambda_function.services.queue import Record, SecondsLeft, note_failure, together_or_each
from lambda_function.services.registers.events import Change, outcome, read_change
from lambda_function.services.registers.registering import Country, Registering, read_visits, register_visits, row_of

_MALFORMED = "RegisterEventsMalformed"


class _Received(NamedTuple):
    record_id: str
    change: Change
    is_last: bool


@dataclass(frozen=True, slots=True)
class Processor:
    """Registers the visits of one country. A message that was received `max_receives` times does not come again."""

    country: Country
    bus: Bus
    max_receives: int
    clock: Callable[[], datetime]

    def process(self, records: Sequence[Record], seconds_left: SecondsLeft) -> list[str]:
        """Returns the ids of the records that have to come again. A visit of this country whose record does not has
        FAILED.
        """
        received = self._read(records)
        registered = self._register({each.change.appointment_id for each in received}, seconds_left)
        _report_lag(received, registered)
        taken = self.bus.publish(self._outcomes(received, registered))
        done = {
            each.record_id
            for each in received
            if _is_done(registered[each.change.appointment_id], told=each.change.appointment_id in taken)
        }
        return [record.record_id for record in records if record.record_id not in done]

    def _read(self, records: Sequence[Record]) -> list[_Received]:
        received = []
        for record in records:
            try:
                change = read_change(record.body)
            except MalformedEventError as error:
                note_failure(record, error, _MALFORMED)
            else:
                received.append(_Received(record.record_id, change, record.receives >= self.max_receives))
        return received

    def _register(self, appointment_ids: set[int], seconds_left: SecondsLeft) -> dict[int, Registering]:
        registered: dict[int, Registering] = {}

        def run(some: Sequence[int]) -> None:
            registered.update(register_visits(self.country, some))

        failures = together_or_each(sorted(appointment_ids), run, seconds_left)
        for appointment_id, error in failures.items():
            logger.error("register not written", reason=type(error).__name__, stack=stack(error.__traceback__))
            registered[appointment_id] = Registering(None, _reason(error), written=False, at=self.clock())
        return registered

    def _outcomes(self, received: Sequence[_Received], registered: dict[int, Registering]) -> list[Message]:
        """Returns one outcome for each visit of which there is something to tell by now. If the visit could be read,
        the outcome is that of its present version, which may be a later one than the message's.
        """
        outcomes: dict[int, Message] = {}
        elsewhere = self._elsewhere([each.change.appointment_id for each in received if each.is_last], registered)
        for record_id, change, is_last in received:
            visit, reason, _, at = registered[change.appointment_id]
            if reason is not None:
                logger.error("visit not registered", record_id=record_id, visit=change.appointment_id, reason=reason)
            told = visit is not None if reason is None else is_last and change.appointment_id not in elsewhere
            if told:
                outcomes[change.appointment_id] = outcome(visit or change, self.country.code, reason, at)
        if failed := sum(registered[appointment_id].reason is not None for appointment_id in outcomes):
            count("RegistrationFailed", failed)
        return list(outcomes.values())

    def _elsewhere(self, appointment_ids: Sequence[int], registered: Mapping[int, Registering]) -> set[int]:
        """Returns those of the visits that the country does not have, of all that were not read. While the main
        database is away, nobody knows.
        """
        unread = {key for key in appointment_ids if registered[key].reason and registered[key].visit is None}
        if not unread:
            return set()
        try:
            visits = read_visits(self.country.main, unread)
        except (UnavailableError, ContentionError, DBAPIError):
            return set()
        return {key for key in unread if row_of(visits.get(key), self.country.code) is None}


def _is_done(registering: Registering, *, told: bool) -> bool:
    return registering.reason is None and (told or registering.visit is None)


def _report_lag(received: Sequence[_Received], registered: dict[int, Registering]) -> None:
    """Reports how old the oldest change was that has just come into the register."""
    lags = [
        (each.at - change.at).total_seconds()
        for _, change, _ in received
        if (each := registered[change.appointment_id]).written
    ]
    if lags:
        gauge_seconds("RegisterLagSeconds", max(0.0, *lags))


def _reason(error: Exception) -> FailureReason:
    match error:
        case UnavailableError() | ContentionError():
            return FailureReason.UNAVAILABLE
        case DBAPIError():
            return FailureReason.REFUSED
        case _:
            return FailureReason.INTERNAL
