"""Clinics as operators name them."""

from sqlalchemy.orm import Session

from lambda_function.db.repositories import directory
from lambda_function.domain.errors import InvalidInputError

_LISTED = 20


def unknown_clinic(session: Session, field: str) -> InvalidInputError:
    """Returns the refusal of a name that no clinic has, with the names that there are."""
    names = directory.clinic_names(session, _LISTED + 1)
    if not names:
        return InvalidInputError("There is no clinic yet. Make one with `practice apply`.", field=field)
    listed = [*names[:_LISTED], *(["and more"] if len(names) > _LISTED else [])]
    return InvalidInputError(f"There is no such clinic. There are: {', '.join(listed)}.", field=field)
