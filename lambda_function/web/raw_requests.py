"""The query and the body of a request as the client sent them."""

import base64
from urllib.parse import parse_qsl

from lambda_function.web.errors import EdgeError
from lambda_function.web.events import Event

MAX_BODY_BYTES = 64 * 1024


def body_bytes(event: Event) -> bytes:
    """The body as the client sent it. Raises EdgeError: malformed_json."""
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode("utf-8", errors="surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except ValueError:
        raise EdgeError("malformed_json", "The body cannot be decoded.") from None


def limited_body(event: Event) -> bytes:
    """The body as the client sent it, of at most MAX_BODY_BYTES. Raises EdgeError: malformed_json, too_large."""
    body = body_bytes(event)
    if len(body) > MAX_BODY_BYTES:
        raise EdgeError("too_large", f"Send a body of at most {MAX_BODY_BYTES} bytes.")
    return body


def pairs_of(raw: str | bytes, place: str) -> list[tuple[str, str]]:
    """The names and values of a query or a form. Raises EdgeError on `place`: validation_error."""
    try:
        text = raw if isinstance(raw, str) else raw.decode()
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        detail = "Write parameters as name=value pairs in percent-encoded UTF-8, at most 50 of them."
        raise EdgeError("validation_error", detail, field=place, field_code="malformed") from None
