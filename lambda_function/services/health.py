"""Whether this build can serve."""

from lambda_function.db.repositories.schema import is_ready
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.errors import UnavailableError


def check_ready(work: UnitOfWork) -> None:
    """Raises UnavailableError unless the database answers and its schema is at or after what this build needs."""
    if not is_ready(work.session):
        raise UnavailableError("The database is being prepared.")
