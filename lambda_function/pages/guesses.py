"""Counts wrong tokens by the address they come from, in the memory of one process.

No guess ever hits one of 2^256 tokens. The count only slows guessers down, and costs no write to the database. API
Gateway limits the number of requests. A right token is never refused.
"""

from collections import OrderedDict
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=1)
MAX_GUESSES = 30
_MOST_ADDRESSES = 10_000


class Guesses:
    """Keeps, for each address, since when it has guessed and how often. The address that began first is forgotten
    first.
    """

    def __init__(self) -> None:
        self._counts: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def one_more_is_too_many(self, address: str, now: datetime) -> bool:
        """Counts one more wrong token, and returns whether that was one too many within a minute."""
        since, number = self._counts.get(address, (now, 0))
        if not timedelta(0) <= now - since < WINDOW:
            self._counts.pop(address, None)
            since, number = now, 0
        self._counts[address] = (since, number + 1)
        if len(self._counts) > _MOST_ADDRESSES:
            self._counts.popitem(last=False)
        return number >= MAX_GUESSES
