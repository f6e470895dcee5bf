"""Cognito's trigger after somebody has confirmed their account, or a new password for it.

The second heals what the first could not do: Cognito tries three times, and then the account is confirmed all the same.
"""

from collections.abc import Callable
from typing import Any

from lambda_function.domain.written_text import has_letter
from lambda_function.observability import logger, stack
from lambda_function.services.sign_up import Account


class SignUpError(RuntimeError):
    """Its message is what Cognito shows to the person."""


class PostConfirmation:
    def __init__(self, sign_up: Callable[[Account], None]) -> None:
        self._sign_up = sign_up

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        """Returns the event, which Cognito expects. Raises SignUpError for every failure; the log has the cause."""
        try:
            self._sign_up(_account(event))
        except Exception as error:  # noqa: BLE001 - the outer edge: Cognito shows the text to the person
            logger.error(
                "sign-up failed",
                trigger=event.get("triggerSource"),
                error=type(error).__name__,
                stack=stack(error.__traceback__),
            )
            raise SignUpError("Your account could not be set up. Please try again later.") from None
        return event


def _account(event: dict[str, Any]) -> Account:
    attributes = event["request"]["userAttributes"]
    parts = [attributes.get(part) for part in ("given_name", "middle_name", "family_name")]
    names = (attributes.get("name") or "", " ".join(filter(None, parts)), attributes.get("nickname") or "")
    return Account(
        sub=attributes["sub"],
        user_name=event["userName"],
        full_name=next(filter(has_letter, names), None),
        email=attributes.get("email") if attributes.get("email_verified") == "true" else None,
    )
