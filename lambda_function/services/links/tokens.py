"""The tokens of links. The address of a page is the only place that holds one."""

from hashlib import sha256
from secrets import token_urlsafe

PATH = "/visit/"
_BYTES = 32


def new_token() -> str:
    return token_urlsafe(_BYTES)


def address_of(public_url: str, token: str) -> str:
    """Returns the address of the page that the token opens, given the address that people see."""
    return f"{public_url}{PATH}{token}"


def hash_of(token: str) -> str:
    # The token is random and long: a plain hash cannot be guessed back, and can be looked up.
    return sha256(token.encode(errors="surrogatepass")).hexdigest()
