"""Keeps what the processors of countries tell: the last outcome of each visit's registration. Outcomes may come more
than once and in any order; which of two is kept does not depend on that. Whoever may publish on the bus can tell one,
so what does not fit the visit as the main database has it is dropped.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from lambda_function.db.repositories import registrations
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.registration import Misfit, Registration, misfit
from lambda_function.observability import count, logger
from lambda_function.services.event_fields import MalformedEventError
from lambda_function.services.queue import Record, SecondsLeft, note_failure, together_or_each
from lambda_function.services.registers.events import ToldOutcome, read_outcome

_FAILED = "RegistrationOutcomesFailed"
_DROPPED = "RegistrationOutcomesDropped"


class _Told(NamedTuple):
    record: Record
    outcome: ToldOutcome


def keep_outcomes(database: Database, records: Sequence[Record], seconds_left: SecondsLeft) -> list[str]:
    """Returns the ids of the records that have to come again."""
    failed: set[str] = set()
    told: list[_Told] = []
    for record in records:
        try:
            told.append(_Told(record, read_outcome(record.body)))
        except MalformedEventError as error:
            note_failure(record, error, _FAILED)
            failed.add(record.record_id)
    for each, failure in together_or_each(told, partial(_keep, database), seconds_left).items():
        note_failure(each.record, failure, _FAILED)
        failed.add(each.record.record_id)
    return [record.record_id for record in records if record.record_id in failed]


def _keep(database: Database, told: Sequence[_Told]) -> None:
    dropped = database.transact(partial(_keep_what_fits, told=told))
    for each, reason in dropped:
        logger.warning(
            "outcome dropped",
            record_id=each.record.record_id,
            visit=each.outcome.registration.appointment_id,
            reason=reason,
        )
    if dropped:
        count(_DROPPED, len(dropped))


def _keep_what_fits(work: UnitOfWork, *, told: Sequence[_Told]) -> list[tuple[_Told, Misfit]]:
    """Returns what does not fit, with the reason."""
    visits = registrations.visits(work.session, {each.outcome.registration.appointment_id for each in told})
    # After a restore, and of former releases, some may be left of versions that there are not.
    too_high = {
        (appointment_id, visit.told_version)
        for appointment_id, visit in visits.items()
        if visit.told_version is not None and visit.told_version > visit.version
    }
    fitting: list[Registration] = []
    dropped: list[tuple[_Told, Misfit]] = []
    for each in told:
        country, outcome = each.outcome
        reason = misfit(outcome, country, visits.get(outcome.appointment_id))
        if reason is None:
            fitting.append(outcome)
        else:
            dropped.append((each, reason))
    registrations.forget_versions(work.session, too_high)
    registrations.keep(work.session, fitting)
    return dropped
