"""What operators need from whoever keeps the accounts that people log in with. aws/cognito.py implements it.

The database decides every question of truth: a person who is inactive there may do nothing, whatever the account says.
So it is changed first, and what happens to the account follows; where the account fails, the same command run again
does just what is missing.
"""

from typing import Protocol


class Accounts(Protocol):
    """Every method may raise UnavailableError. What has been done already is not done again, and is no error."""

    def check_free(self, user_name: str, email: str) -> None:
        """Raises NameTakenError when somebody else has an account with this user name."""

    def create(self, user_name: str, email: str) -> str:
        """The `sub` of a new account, to which the pool invites its owner by e-mail; or of one that was made so before
        and that nobody has used yet. A name that somebody has chosen for an account of their own links nothing: that
        raises NameTakenError.
        """

    def disable(self, sub: str) -> bool:
        """Ends all log-ins, and answers whether there is such an account."""

    def enable(self, sub: str) -> bool:
        """Allows log-ins again, and answers whether there is such an account."""

    def delete(self, sub: str) -> bool:
        """Deletes the account, and answers whether there was one."""
