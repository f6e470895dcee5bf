"""The servers that stand in for RDS in a drill: MySQL that accepts only TLS, with a certificate for RDS's names."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from dev.drill import certificates
from dev.drill.database_action import CA_FILE, connect, run
from dev.mysql import running_server

# One for the service, one for the copy that is restored beside it, and one for the register of a country. While that
# moves to another server, nothing is restored.
_SERVERS: Final = 3


@contextmanager
def running(state: Path, region: str) -> Iterator[Path]:
    """Runs the servers until the block ends, lists them in servers.json, and returns the file of their authority."""
    folder = state / "certificates"
    folder.mkdir()
    certificates.make(folder, [f"*.drill.{region}.rds.amazonaws.com"])
    (folder / "server.key").chmod(0o644)  # MySQL runs as another user in a container, and the key lasts as long as this
    authority = state / CA_FILE
    authority.write_bytes((folder / CA_FILE).read_bytes())
    with ExitStack() as stack:
        servers = []
        for _ in range(_SERVERS):
            server = stack.enter_context(running_server(flavour="mysql", certificates=folder))
            url = server.url.render_as_string(hide_password=False)
            with connect(url, authority) as connection:
                run(connection, "SET GLOBAL require_secure_transport = ON")
            servers.append({"address": server.url.host, "port": server.url.port, "url": url})
        (state / "servers.json").write_text(json.dumps(servers))
        yield authority
