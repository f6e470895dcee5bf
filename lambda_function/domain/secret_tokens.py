"""Secrets that open something to whoever has them, of which only a hash is kept."""

from hashlib import sha256
from secrets import token_urlsafe

_BYTES = 32


def new_token() -> str:
    """Returns 256 random bits as text that may stand in an address."""
    return token_urlsafe(_BYTES)


def hash_of(secret: str) -> str:
    """Returns the SHA-256 as hex. As the secret is random and long, a plain hash cannot be guessed back, and it can be
    looked up.
    """
    return sha256(secret.encode(errors="surrogatepass")).hexdigest()
