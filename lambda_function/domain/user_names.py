"""User names are the same in capital and small letters, as in the user pool of Cognito."""

from string import ascii_lowercase, ascii_uppercase

# Names are ASCII (services/text_rules.py). Folding nothing else keeps apart whatever merely looks like one.
_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)


def folded(user_name: str) -> str:
    """A form of the user name that is equal for user names that count as the same."""
    return user_name.translate(_SMALL)
