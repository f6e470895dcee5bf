"""A real MySQL or MariaDB for `make run` and for the tests, from whatever this machine offers."""

from dev.mysql.choose import running_server
from dev.mysql.server import Flavour, NoDatabaseServerError, Server

__all__ = ["Flavour", "NoDatabaseServerError", "Server", "running_server"]
