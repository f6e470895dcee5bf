"""Guardians: who may act for a patient, and until when. Days are those of UTC.

Acting is not passed on: whoever has a guardian is nobody's guardian.
"""

from dataclasses import dataclass
from datetime import date

from lambda_function.domain.errors import InvalidInputError

OF_AGE = 18
MAX_GUARDIANS = 10
MAX_DEPENDANTS = 50


def comes_of_age(birth_date: date) -> date:
    """Returns the eighteenth birthday. In years without 29 February, that birthday is on 1 March."""
    year = birth_date.year + OF_AGE
    try:
        return birth_date.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def ends_on(birth_date: date | None, *, granted_on: date, reason: str | None) -> date | None:
    """Returns the day on which a guardian may act no longer, or None if no day ends it.

    A guardian of a minor acts until the patient is of age, whatever the reason is: what was entered for a child says
    nothing about an adult. Whoever was made guardian later, or of somebody whose age nobody knows, acts for the reason
    that was given, and without one not at all.
    """
    if birth_date is not None and granted_on < comes_of_age(birth_date):
        return comes_of_age(birth_date)
    return granted_on if reason is None else None


def check_reason(birth_date: date | None, *, granted_on: date, reason: str | None) -> None:
    """Raises InvalidInputError if a reason is needed and missing."""
    if ends_on(birth_date, granted_on=granted_on, reason=reason) == granted_on:
        raise InvalidInputError(
            f"Give a reason: the patient is {OF_AGE} or older, or has no birth date.", field="reason"
        )


@dataclass(frozen=True, slots=True)
class Ties:
    """How many guardians and dependants two patients have now, without the tie that is asked for."""

    guardians_of_patient: int
    dependants_of_patient: int
    guardians_of_guardian: int
    dependants_of_guardian: int


def check_ties(ties: Ties) -> None:
    """Raises InvalidInputError if the one patient may not become the guardian of the other."""
    if ties.guardians_of_guardian:
        raise InvalidInputError(
            "Choose another person: this one has a guardian, and can be the guardian of nobody.", field="guardian_id"
        )
    if ties.dependants_of_patient:
        raise InvalidInputError(
            "The patient is the guardian of somebody, and can have no guardian. Remove that first.", field="user_id"
        )
    if ties.guardians_of_patient >= MAX_GUARDIANS:
        raise InvalidInputError(
            f"The patient has {MAX_GUARDIANS} guardians already. Remove one who is not needed any more.",
            field="user_id",
        )
    if ties.dependants_of_guardian >= MAX_DEPENDANTS:
        raise InvalidInputError(
            f"This person is the guardian of {MAX_DEPENDANTS} patients already. Remove one of these first.",
            field="guardian_id",
        )
