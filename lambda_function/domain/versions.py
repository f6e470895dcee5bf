"""Checks that a caller changes the version that they have seen."""

from lambda_function.domain.errors import StaleVersionError


def check_version(current: int, expected: frozenset[int] | None) -> None:
    """Raises StaleVersionError unless the version is one that the caller has seen (If-Match). None accepts any."""
    if expected is not None and current not in expected:
        raise StaleVersionError("This has changed since you read it. Read it again, then repeat the change.")
