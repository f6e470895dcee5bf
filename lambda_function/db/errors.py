"""Expected database errors, recognised by their numbers, which MySQL and MariaDB share."""

import re

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

# A deadlock rolls back the transaction, a lock wait timeout only the statement. Both times all of it may be repeated.
_CONTENTION = {1205, 1213}

_UNAVAILABLE = {
    1040,  # too many connections
    1044,  # the user may not use this database
    1045,  # wrong credentials, even after they were fetched again
    1049,  # no such database
    1053,  # the server is shutting down
    1129,  # the server blocks this host
    1130,  # the server does not accept this host
    1146,  # a table is missing: the schema is older than the build
    1203,
    1226,  # the user has too many connections
    1290,  # the server is read-only, as an old primary is after a failover
    1698,  # wrong credentials (MariaDB, for some names that no user has)
    1792,  # the transaction is read-only, likewise
    1836,  # the server runs in read-only mode
    1862,  # the password has expired
    1927,  # the connection was killed (MariaDB)
    1969,  # the statement took longer than the server lets it (MariaDB)
    2002,
    2003,
    2005,
    2006,
    2013,  # the server cannot be reached or went away
    3024,  # the statement took longer than the server lets it
    3118,  # the account is locked
    4031,  # the server closed an idle connection
}

DUPLICATE = 1062
# MySQL writes 'table.key', and MariaDB 'key'.
_DUPLICATE = re.compile(r"Duplicate entry '(?P<entry>.*)' for key '(?:[^'.]+\.)?(?P<key>[^']+)'", re.DOTALL)


def _number(error: DBAPIError) -> int | None:
    arguments = error.orig.args if error.orig else ()
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def is_contention(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and _number(error) in _CONTENTION


def is_unavailable(error: Exception) -> bool:
    if isinstance(error, PoolTimeoutError | InterfaceError):
        return True
    return isinstance(error, DBAPIError) and (error.connection_invalidated or _number(error) in _UNAVAILABLE)


def duplicate(error: IntegrityError) -> tuple[str, str] | None:
    """Returns the key and the entry of a duplicate, or None for any other violation. The entry holds the caller's data,
    so never show or log it.
    """
    number, message = error.orig.args[:2] if error.orig else (0, "")
    match = _DUPLICATE.search(str(message)) if number == DUPLICATE else None
    return (match["key"], match["entry"]) if match else None
