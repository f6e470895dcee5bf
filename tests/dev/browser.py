"""A page in a real browser. It is served on its own port, and reports the results of its requests to the test."""

import json
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_SECONDS = 120
_PAGE = """<!doctype html><meta charset="utf-8"><title>A client</title><script type="module">
const given = GIVEN;
async function run() { SCRIPT }
const outcome = await run().catch(error => ({ error: String(error) }));
await fetch("/outcome", { method: "POST", body: JSON.stringify(outcome) });
</script>"""


def browser() -> str | None:
    """Returns the browser's program, if there is one."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


def outcome(script: str, given: object, folder: Path, host: str = "localhost") -> Any:
    """Returns what the body of an async function returns in a page of `host`, where it can use `given`, or the `error`
    that it throws.

    Args:
        script: JavaScript.
        given: any value that can be written as JSON.
        folder: the folder of the browser's new profile.
        host: localhost or 127.0.0.1, which browsers treat as two origins.
    """
    # What is given may hold a whole page, whose `</script>` would end this one.
    page = _PAGE.replace("SCRIPT", script).replace("GIVEN", json.dumps(given).replace("<", "\\u003c"))
    with _served(page) as (port, outcomes):
        program = browser()
        assert program, "there is no browser"
        with (folder / "browser.log").open("wb") as log:
            process = subprocess.Popen(
                [program, *FLAGS, f"--user-data-dir={folder / 'profile'}", f"http://{host}:{port}/"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                return outcomes.get(timeout=_SECONDS)
            except queue.Empty:
                raise AssertionError((folder / "browser.log").read_text(errors="replace")[-2000:]) from None
            finally:
                process.terminate()
                process.wait()


def dom(url: str, folder: Path) -> str:
    """Returns the page as HTML, some seconds of its own time after it was loaded, in a window of 1200 by 900."""
    program = browser()
    assert program, "there is no browser"
    flags = [*FLAGS, f"--user-data-dir={folder / 'profile'}", "--window-size=1200,900"]
    command = [program, *flags, "--virtual-time-budget=5000", "--dump-dom", url]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=_SECONDS).stdout


@contextmanager
def _served(page: str) -> Iterator[tuple[int, "queue.Queue[Any]"]]:
    outcomes: queue.Queue[Any] = queue.Queue()

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/"
            self._answer(200 if found else 404, page.encode() if found else b"")

        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(204, b"")
            outcomes.put(told)

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            if body:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
            """Logs nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port, outcomes
        finally:
            server.shutdown()
            thread.join()
