"""Clinics and treatments as operators name them."""

from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from lambda_function.db.repositories import directory
from lambda_function.domain.errors import InvalidInputError

# Of names or codes, so many are shown.
MOST_LISTED = 20


def unknown_clinic(session: Session, field: str) -> InvalidInputError:
    """Returns the refusal of a name that no clinic has, with the names that there are."""
    names = directory.clinic_names(session, MOST_LISTED + 1)
    if not names:
        return InvalidInputError("There is no clinic yet. Make one with `practice apply`.", field=field)
    return InvalidInputError(f"There is no such clinic. There are: {listed(names)}.", field=field)


def no_treatment(codes: Iterable[str]) -> str:
    """Returns what to say about a code that no active treatment has, with the codes that there are."""
    shown = listed(list(codes))
    return f"There is no such treatment. There are: {shown}." if shown else "There is no treatment yet."


def listed(names: Sequence[str]) -> str:
    """Returns the first MOST_LISTED names, and that there are more if there are."""
    return ", ".join([*names[:MOST_LISTED], *(["and more"] if len(names) > MOST_LISTED else [])])
