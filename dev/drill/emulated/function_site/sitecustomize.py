"""What a function finds on AWS and not on this machine: the names of the databases, and the folder of its package.

Python imports this by itself at its start, since the emulator's PYTHONPATH names this folder. The file DRILL_NAMES
holds {name: [address, port]}; it is read for every question, because a restore gives a name to another server.
"""

import json
import os
import socket
from pathlib import Path
from typing import Any

_PACKAGE = "/var/task/"  # where Lambda unpacks it
_ask_the_machine = socket.getaddrinfo


def _ask(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
    names = Path(os.environ["DRILL_NAMES"])
    known = json.loads(names.read_text()) if names.exists() else {}
    if host in known:
        host, port = known[host]
    return _ask_the_machine(host, port, *arguments, **options)


socket.getaddrinfo = _ask
for _name, _value in os.environ.items():
    if _value.startswith(_PACKAGE):
        os.environ[_name] = f"{os.environ['LAMBDA_TASK_ROOT']}/{_value.removeprefix(_PACKAGE)}"
