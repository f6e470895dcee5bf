"""People who change visits by many threads, while the programs of a chain are killed."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count

from lambda_function.db.unit_of_work import Database, UnitOfWork
from lambda_function.domain.actor import Actor, Role
from lambda_function.domain.appointment import Step
from lambda_function.domain.errors import DomainError
from lambda_function.domain.identifiers import Identifier, IdentifierSystem
from lambda_function.services import attendance
from lambda_function.services.booking import BookingRequest, book
from lambda_function.services.lifecycle import take
from lambda_function.services.moving import ChangeRequest, change
from lambda_function.services.person_changes import change_patient

TREATMENT = 1
# A reason that must not be found anywhere but in the history.
REASON = "Zqgrund"
# How often each change is made, in proportion to the others.
VISITS: Mapping[str, int] = {"book": 2, "move": 2, "cancel": 1}
EVERYTHING: Mapping[str, int] = {
    "book": 6,
    "move": 6,
    "cancel": 2,
    "request": 3,
    "confirm": 3,
    "attend": 2,
    "insure": 1,
}
# A treatment for which patients need the approval of the reception.
APPROVED_TREATMENT = 3
_numbers = count(1)


class Changer:
    """Changes visits as a receptionist, and requests some as a patient, with a connection, a doctor and patients of its
    own.
    """

    def __init__(
        self,
        database: Database,
        actor: Actor,
        doctor_id: int,
        patients: Sequence[int],
        first: datetime,
        *,
        shares: Mapping[str, int] = VISITS,
    ) -> None:
        self._database, self._actor = database, actor
        self._doctor_id, self._patients, self._first = doctor_id, list(patients), first
        self._kinds, self._weights = list(shares), list(shares.values())
        self._random = random.Random(doctor_id)  # noqa: S311 - the run has to be able to repeat
        self._visits: list[int] = []
        self._requested: list[int] = []

    def change(self, number: int) -> int:
        """Makes so many changes, and returns how many of them were accepted."""
        return sum(self._accepted() for _ in range(number))

    def _accepted(self) -> bool:
        try:
            self._database.transact(self._change)
        except DomainError:
            return False
        return True

    def _change(self, work: UnitOfWork) -> None:
        (kind,) = self._random.choices(self._kinds, self._weights)
        start = self._first + timedelta(minutes=30 * self._random.randrange(1000))
        patient_id = self._random.choice(self._patients)
        work.act_as(Actor(patient_id, Role.PATIENT) if kind == "request" else self._actor)
        if kind == "request":
            self._requested.append(self._booked(work, BookingRequest(self._doctor_id, APPROVED_TREATMENT, start)))
        elif kind == "insure":
            change_patient(work, patient_id, {}, None, identifiers=[insurance()])
        elif kind == "book" or not self._visits:
            self._booked(work, BookingRequest(self._doctor_id, TREATMENT, start, patient_id=patient_id))
        else:
            self._change_visit(work, kind, start)

    def _booked(self, work: UnitOfWork, request: BookingRequest) -> int:
        appointment_id = book(work, request).appointment_id
        self._visits.append(appointment_id)
        return appointment_id

    def _change_visit(self, work: UnitOfWork, kind: str, start: datetime) -> None:
        match kind:
            case "move":
                change(work, self._random.choice(self._visits), ChangeRequest(start, None, None, None, {}))
            case "cancel":
                take(work, self._visits.pop(), Step.CANCEL, reason=REASON)
            case "confirm":
                take(work, self._requested.pop() if self._requested else self._visits[-1], Step.CONFIRM)
            case "attend":
                attendance.confirm(work, self._random.choice(self._visits))


def insurance() -> Identifier:
    """Returns a number that nobody has yet."""
    return Identifier(IdentifierSystem.INSURANCE, f"ZQINS{next(_numbers)}")
