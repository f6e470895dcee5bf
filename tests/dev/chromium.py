"""A real browser that a test drives as a person does, with mouse and keyboard, over the pipe of its DevTools."""

import fcntl
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.dev.browser import FLAGS, browser
from tests.dev.reception import soon

_SECONDS = 60
# The browser reads commands from descriptor 3 and writes to 4.
_START = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)
_END = b"\0"
_OWN_FLAGS = (
    "--remote-debugging-pipe",
    "--no-startup-window",
    "--window-size=1200,900",
    # Going back asks the server again, as some browsers do and others do not. Sandboxed frames have no processes of
    # their own, which makes them parts of their pages for a test.
    "--disable-features=BackForwardCache,IsolateSandboxedIframes",
)
_KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " "), "ArrowUp": (38, "")}
# The middle of the first element that can be seen, is matched by a selector and begins with a text.
_MIDDLE = """(() => {
  const found = [...document.querySelectorAll(SELECTOR)].find(
    each => each.checkVisibility() && each.textContent.trim().startsWith(TEXT));
  if (!found) return null;
  found.scrollIntoView({ block: "center" });
  const box = found.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
})()"""
_CHOOSE = """(() => {
  const list = document.querySelector(SELECTOR);
  const option = [...list.options].find(each => each.text.startsWith(TEXT));
  if (!option) return false;
  list.value = option.value;
  return list.dispatchEvent(new Event("change", { bubbles: true }));
})()"""


class Chromium:
    """The browser, whose tabs are opened by the test or by what it clicks on."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands = commands
        self._answers = answers
        self._last = 0
        self._rest = b""
        self._events: list[Any] = []
        self.call("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=False, flatten=True)

    def tab(self, address: str) -> "Tab":
        """Opens a page in a new tab."""
        self.call("Target.createTarget", url="about:blank")
        tab = self.opened_tab()
        tab.go(address)
        return tab

    def opened_tab(self) -> "Tab":
        """Returns the tab that has been opened, as soon as its page is there."""
        while (told := self.event("Target.attachedToTarget"))["targetInfo"]["type"] != "page":
            pass
        return Tab(self, told["sessionId"])

    def send(self, method: str, session: str | None = None, **parameters: Any) -> int:
        """Sends a command without waiting for its answer, and returns its number."""
        self._last += 1
        command = {"id": self._last, "method": method, "params": parameters}
        os.write(self._commands, json.dumps(command | ({"sessionId": session} if session else {})).encode() + _END)
        return self._last

    def call(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        """Returns the answer to a command."""
        return self.answer(self.send(method, session, **parameters), method)

    def answer(self, number: int, what: str) -> Any:
        """Waits for the answer to the command of that number, and returns it."""
        answer = self._wait(lambda message: message.get("id") == number, what)
        assert "error" not in answer, (what, answer["error"])
        return answer["result"]

    def event(self, method: str, session: str | None = None) -> Any:
        """Waits for an event, unless it has come already, and returns what it says."""
        kept = next((number for number, event in enumerate(self._events) if _is(event, method, session)), None)
        if kept is not None:
            return self._events.pop(kept)["params"]
        return self._wait(lambda message: _is(message, method, session), method)["params"]

    def forget(self, session: str) -> None:
        """Forgets what has come from a tab until now."""
        self._events = [event for event in self._events if event.get("sessionId") != session]

    def value(self, session: str, script: str, **where: Any) -> Any:
        """Returns the value of an expression in a page."""
        answer = self.call("Runtime.evaluate", session, expression=script, returnByValue=True, **where)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def _wait(self, is_it: Callable[[Any], bool], what: str) -> Any:
        deadline = time.monotonic() + _SECONDS
        while not is_it(message := self._read(deadline, what)):
            if "method" in message:
                self._events.append(message)
        return message

    def _read(self, deadline: float, what: str) -> Any:
        while _END not in self._rest:
            ready, _, _ = select.select([self._answers], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"the browser does not answer {what}"
            part = os.read(self._answers, 1 << 16)
            assert part, f"the browser has ended during {what}"
            self._rest += part
        message, self._rest = self._rest.split(_END, 1)
        return json.loads(message)


class Tab:
    """A tab. Its methods do what a person does, and tell what a person sees."""

    def __init__(self, chromium: Chromium, session: str) -> None:
        self._chromium = chromium
        self._session = session
        self._call("Page.enable")

    @property
    def heading(self) -> str:
        return str(self.value("document.querySelector('h1').textContent"))

    @property
    def text(self) -> str:
        """What can be seen."""
        return str(self.value("document.body.innerText"))

    @property
    def status(self) -> int:
        """The status of the answer that the page came in."""
        return int(self.value("performance.getEntriesByType('navigation')[0].responseStatus"))

    @property
    def focused(self) -> str:
        """The text of what has the focus, or its name if it has no text."""
        return str(self.value("document.activeElement.innerText.trim() || document.activeElement.name || ''"))

    def value(self, script: str) -> Any:
        """Returns the value of an expression in the page."""
        return self._chromium.value(self._session, script)

    def go(self, address: str) -> None:
        with self._loading():
            self._call("Page.navigate", url=address)

    def reload(self) -> None:
        """Loads the page again. If it was the answer to a form, the browser sends the form again."""
        with self._loading():
            self._call("Page.reload")

    def back(self) -> None:
        history = self._call("Page.getNavigationHistory")
        entry = history["entries"][history["currentIndex"] - 1]
        with self._loading():
            self._call("Page.navigateToHistoryEntry", entryId=entry["id"])

    def click(self, text: str) -> None:
        """Clicks on what begins with the text, and waits until the page has taken it in."""
        self._chromium.answer(self._click_at(self._middle(text)), "a click")

    def submit(self, text: str, *, clicks: int = 1) -> None:
        """Clicks on what leads to another page, and waits for it."""
        place = self._middle(text)
        with self._loading():
            for _ in range(clicks):
                self._click_at(place)

    def click_in_frame(self, selector: str) -> "Tab":
        """Clicks on a link in the frame of the page. Returns the tab that this opens, when its page is there."""
        x, y = soon(lambda: self._in_frame(_middle("", selector)))
        left, top = self.value(
            "(() => { const box = document.querySelector('iframe').getBoundingClientRect(); return [box.x, box.y] })()"
        )
        self._click_at((left + x, top + y))
        opened = self._chromium.opened_tab()
        soon(lambda: opened.value("location.protocol.startsWith('http') && document.readyState === 'complete'"))
        return opened

    def choose(self, selector: str, text: str) -> None:
        """Chooses what begins with the text from a list, as soon as the list has it."""
        script = _CHOOSE.replace("SELECTOR", json.dumps(selector)).replace("TEXT", json.dumps(text))
        soon(lambda: self.value(script))

    def write(self, text: str) -> None:
        """Writes into what has the focus."""
        self._call("Input.insertText", text=text)

    def press(self, key: str) -> None:
        code, text = _KEYS[key]
        name = {"windowsVirtualKeyCode": code, "key": key, "code": "Space" if key == " " else key}
        self._chromium.send("Input.dispatchKeyEvent", self._session, type="keyDown", text=text, **name)
        self._call("Input.dispatchKeyEvent", type="keyUp", **name)

    def press_tab_until(self, text: str) -> None:
        """Presses Tab until what begins with the text has the focus."""
        for _ in range(200):
            self.press("Tab")
            if self.focused.startswith(text):
                return
        raise AssertionError(f"Tab never comes to {text}")

    def press_enter(self) -> None:
        """Presses Enter, which leads to another page, and waits for it."""
        with self._loading():
            self.press("Enter")

    def close(self) -> None:
        self._call("Page.close")

    @contextmanager
    def _loading(self) -> Iterator[None]:
        self._chromium.forget(self._session)
        yield
        self._chromium.event("Page.loadEventFired", self._session)

    def _call(self, method: str, **parameters: Any) -> Any:
        return self._chromium.call(method, self._session, **parameters)

    def _middle(self, text: str) -> Any:
        place = self.value(_middle(text, "a, button, summary, label"))
        assert place, f"there is no {text} in: {self.text}"
        return place

    def _in_frame(self, script: str) -> Any:
        """Returns the value of an expression in the frame of the page, or None as long as it has none."""
        frames = self._call("Page.getFrameTree")["frameTree"].get("childFrames")
        if not frames:
            return None
        world = self._call("Page.createIsolatedWorld", frameId=frames[-1]["frame"]["id"])["executionContextId"]
        return self._chromium.value(self._session, script, contextId=world)

    def _click_at(self, place: tuple[float, float]) -> int:
        """Clicks without waiting, and returns the number of the last command for it."""
        x, y = place
        click = partial(
            self._chromium.send, "Input.dispatchMouseEvent", self._session, x=x, y=y, button="left", clickCount=1
        )
        click(type="mousePressed")
        return click(type="mouseReleased")


@contextmanager
def chromium(folder: Path) -> Iterator[Chromium]:
    """Starts a browser whose profile is in the folder."""
    program = browser()
    assert program, "there is no browser"
    commands, to_browser = _pipe()
    from_browser, answers = _pipe()
    arguments = [str(commands), str(answers), program, *FLAGS, *_OWN_FLAGS, f"--user-data-dir={folder / 'profile'}"]
    with (folder / "browser.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", _START, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(commands, answers),
        )
    os.close(commands)
    os.close(answers)
    try:
        yield Chromium(to_browser, from_browser)
    finally:
        process.terminate()
        process.wait()
        os.close(to_browser)
        os.close(from_browser)


def _middle(text: str, selector: str) -> str:
    return _MIDDLE.replace("SELECTOR", json.dumps(selector)).replace("TEXT", json.dumps(text))


def _is(message: Any, method: str, session: str | None) -> bool:
    return (message.get("method"), message.get("sessionId")) == (method, session)


def _pipe() -> tuple[int, int]:
    """Returns both ends of a pipe, out of the way of the descriptors 3 and 4."""
    ends = os.pipe()
    read, write = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return read, write
