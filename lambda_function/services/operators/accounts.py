"""What operators need from the provider of the accounts with which people log in. aws/cognito.py implements it.

The database decides: a person who is inactive there may do nothing, whatever the account says. It is therefore changed
first, and the account after it. If the account fails, running the same command again does just what is missing.
"""

from typing import Protocol


class Accounts(Protocol):
    """The accounts of a user pool. Every method may raise UnavailableError. Repeating a method that has done its work
    is not an error.
    """

    def check_free(self, user_name: str, email: str) -> None:
        """Raises NameTakenError if another user has an account with this user name."""

    def create(self, user_name: str, email: str) -> str:
        """Returns the `sub` of a new account, to which the pool invites its owner by e-mail, or of one that was made so
        before and that nobody has used yet. An account that somebody has made for themselves under this name is not
        linked: it raises NameTakenError.
        """

    def disable(self, sub: str) -> bool:
        """Ends all log-ins, and returns whether there is such an account."""

    def enable(self, sub: str) -> bool:
        """Allows log-ins again, and returns whether there is such an account."""

    def delete(self, sub: str) -> bool:
        """Deletes the account, and returns whether there was one."""
