"""Keeps what the processors of countries tell: the last outcome of each visit's registration. Outcomes may come more
than once and in any order; which of two is kept does not depend on that.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from lambda_function.db.repositories import registrations
from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.registration import Registration
from lambda_function.services.event_fields import MalformedEventError
from lambda_function.services.queue import Record, SecondsLeft, note_failure, together_or_each
from lambda_function.services.registers.events import read_outcome

_FAILED = "RegistrationOutcomesFailed"


class _Told(NamedTuple):
    record: Record
    outcome: Registration


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
    def keep(work: UnitOfWork) -> None:
        registrations.keep(work.session, [each.outcome for each in told])

    database.transact(keep)
