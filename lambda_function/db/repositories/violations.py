"""Which constraint a write broke, by its name."""

import re

from sqlalchemy.exc import IntegrityError

DUPLICATE = 1062
# MySQL says 'table.key', MariaDB 'key'.
_DUPLICATE = re.compile(r"Duplicate entry '(?P<entry>.*)' for key '(?:[^'.]+\.)?(?P<key>[^']+)'", re.DOTALL)


def duplicate(error: IntegrityError) -> tuple[str, str] | None:
    """The key and the entry of a duplicate; None for any other violation. The entry holds the caller's data:
    never show or log it.
    """
    number, message = error.orig.args[:2] if error.orig else (0, "")
    match = _DUPLICATE.search(str(message)) if number == DUPLICATE else None
    return (match["key"], match["entry"]) if match else None
