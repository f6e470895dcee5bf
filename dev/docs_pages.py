"""The API's documents, served on the local stack only: /openapi.json and Swagger UI on /docs."""

from collections.abc import Callable
from importlib.resources import files

from dev.http_event import Answer, Request

# Powertools carries Swagger UI, so the page needs no other host.
_ASSETS = "aws_lambda_powertools.event_handler.openapi.swagger_ui"
_SCRIPT = "swagger-ui-bundle.min.js"
_STYLE = "swagger-ui.min.css"
_PAGE = f"""<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>Dentist appointments</title>
  <link rel="icon" href="/favicon.ico">
  <link rel="stylesheet" href="/docs/{_STYLE}">
</head>
<body>
  <div id="swagger-ui"></div>
  <script src="/docs/{_SCRIPT}"></script>
  <script>SwaggerUIBundle({{url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true}});</script>
</body>
</html>
"""

# A tooth. Browsers ask for an icon by this name, and they accept an SVG.
_ICON = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">
<path fill="#2b7a9b" d="M8 3C6 1 2 1 2 5c0 3 1 4 1 6 0 2 1 4 2 4
 2 0 1-5 3-5s1 5 3 5c1 0 2-2 2-4 0-2 1-3 1-6 0-4-4-4-6-2z"/>
</svg>
"""

Page = Callable[[Request], Answer]


def pages(openapi: Callable[[], str]) -> dict[str, Page]:
    """Returns every page by its method and path."""
    return {
        "GET /openapi.json": lambda _: _answer("application/json", openapi().encode()),
        "GET /docs": lambda _: _answer("text/html; charset=utf-8", _PAGE.encode()),
        "GET /favicon.ico": lambda _: _answer("image/svg+xml", _ICON.encode()),
        f"GET /docs/{_SCRIPT}": lambda _: _answer("text/javascript; charset=utf-8", _asset(_SCRIPT)),
        f"GET /docs/{_STYLE}": lambda _: _answer("text/css; charset=utf-8", _asset(_STYLE)),
    }


def _answer(content_type: str, body: bytes) -> Answer:
    return Answer(200, (("content-type", content_type),), body)


def _asset(name: str) -> bytes:
    return (files(_ASSETS) / name).read_bytes()
