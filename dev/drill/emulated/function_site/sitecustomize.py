"""What a function finds inside a VPC and not on this machine: the names of the databases.

Python imports this by itself at its start, since the emulator's PYTHONPATH names this folder. The file DRILL_NAMES
holds {name: [address, port]}; it is read for every question, because a restore gives a name to another server.
"""

import json
import os
import socket
from pathlib import Path
from typing import Any

_ask_the_machine = socket.getaddrinfo


def _ask(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
    names = Path(os.environ["DRILL_NAMES"])
    known = json.loads(names.read_text()) if names.exists() else {}
    if host in known:
        host, port = known[host]
    return _ask_the_machine(host, port, *arguments, **options)


socket.getaddrinfo = _ask
