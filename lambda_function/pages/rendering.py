"""Puts pages into HTML."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from lambda_function.domain.errors import DomainError
from lambda_function.domain.people import Language
from lambda_function.services.links.opening import LinkEndedError
from lambda_function.services.links.showing import Shown
from lambda_function.web.events import Event

# A page runs no script and loads nothing. Its forms go back to where it came from, and its address goes nowhere else.
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
        "X-Content-Type-Options": "nosniff",
        "Strict-Transport-Security": "max-age=63072000",
    }
)
_SPANISH_FIRST = re.compile(r"\s*es\b", re.IGNORECASE)


def visit_page(page: Shown, refusal: DomainError | None = None) -> str:
    """Returns the page of a visit or an offer. `refusal` is why what was asked for was not done."""
    return f"<!DOCTYPE html><title>{page.seen}</title>{refusal and refusal.code}"


def error_page(refusal: DomainError, event: Event) -> str:
    """Returns the page for somebody who cannot be shown what the link leads to."""
    return f"<!DOCTYPE html><html lang={_language(refusal, event)}><title>{refusal.code}</title>"


def _language(refusal: DomainError, event: Event) -> Language:
    """The person's language, or, as long as nobody knows who it is, the browser's first choice."""
    if isinstance(refusal, LinkEndedError):
        return refusal.language
    accepted = event.get("headers", {}).get("accept-language", "")
    return Language.ES if _SPANISH_FIRST.match(accepted) else Language.EN
