"""Sweeps clinics one after the other, for reminders and for recalls."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from lambda_function.domain.errors import ContentionError, UnavailableError
from lambda_function.observability import count, logger, stack

# No batch begins with fewer seconds left than this, which is enough for the lock waits of one and its repetition.
RESERVE = 15.0

_RANDOM = secrets.SystemRandom()
_Clinic = TypeVar("_Clinic")


def in_turn(
    clinics: Sequence[_Clinic], sweep_clinic: Callable[[_Clinic], Iterable[int]], *, planned: str, called: str
) -> int:
    """Sweeps each of these clinics, and returns how many messages were planned, which it counts as `planned`. A sweep
    yields how many it has planned in each of its transactions. It begins with any of the clinics, so that it is not
    always the same ones that get no turn if time runs out.

    A failure in one clinic does not hold up the others. Raises ContentionError at the end if there was any; errors call
    the messages `called`.
    """
    number = missed = 0
    first = _RANDOM.randrange(len(clinics)) if clinics else 0
    for clinic in (*clinics[first:], *clinics[:first]):
        try:
            for more in sweep_clinic(clinic):
                number += more
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - as the docstring says; it is logged, counted and raised at the end
            logger.error(
                "messages not planned", kind=called, error=type(error).__qualname__, stack=stack(error.__traceback__)
            )
            missed += 1
    count(planned, number)
    if missed:
        raise ContentionError(f"The {called} of {missed} clinics could not be planned.")
    return number
