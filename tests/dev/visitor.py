"""A person who has nothing but an inbox, in a real browser."""

from typing import Any

from tests.dev.chromium import Chromium, Tab
from tests.dev.reception import Reception


class Visitor:
    """Opens the links of mails as a person does who has got them."""

    def __init__(self, reception: Reception, browser: Chromium) -> None:
        self.reception = reception
        self._inbox = f"http://127.0.0.1:{reception.client.port}/dev/inbox"
        self._mails = browser.tab(self._inbox)

    def open(self, person: Any, kind: str, number: int = 1) -> Tab:
        """Waits until the person has that many mails of the kind, and clicks on the button of the last one. Returns the
        tab that this opens.
        """
        mail = self.reception.mail(person, kind, number)
        self._mails.go(self._inbox)
        self._mails.choose("#person", person["email"])
        self._mails.click(mail["subject"])
        return self._mails.click_in_frame("a.button")


def shown_start(page: Tab) -> str:
    return str(page.value("document.querySelector('time').dateTime"))


def choose_last_time(page: Tab) -> str:
    """Clicks on the last of the free times that a page offers, and returns it. It is days away from now."""
    last = "[...document.querySelectorAll('[name=starts_at]')].at(-1)"
    page.value(f"{last}.scrollIntoView({{ block: 'center' }})")
    page.value(f"{last}.click()")
    return str(page.value(f"{last}.value"))
