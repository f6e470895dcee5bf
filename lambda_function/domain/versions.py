"""A change is meant for what its caller has seen."""

from lambda_function.domain.errors import StaleVersionError


def check_version(current: int, expected: frozenset[int] | None) -> None:
    """Raises StaleVersionError unless the version is one that the caller has seen (If-Match); None is any."""
    if expected is not None and current not in expected:
        raise StaleVersionError("It has changed since you read it.")
