"""The API's documents, served on the local stack only: /openapi.json and Swagger UI on /docs."""

from collections.abc import Callable
from importlib.resources import files

from dev.http_event import Answer

# Powertools carries Swagger UI, so the page needs no other host.
_ASSETS = "aws_lambda_powertools.event_handler.openapi.swagger_ui"
_SCRIPT = "swagger-ui-bundle.min.js"
_STYLE = "swagger-ui.min.css"
_PAGE = f"""<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>Dentist appointments</title>
  <link rel="stylesheet" href="/docs/{_STYLE}">
</head>
<body>
  <div id="swagger-ui"></div>
  <script src="/docs/{_SCRIPT}"></script>
  <script>SwaggerUIBundle({{url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true}});</script>
</body>
</html>
"""

Page = Callable[[], Answer]


def pages(openapi: Callable[[], str]) -> dict[str, Page]:
    """Every page by its path."""
    return {
        "/openapi.json": lambda: _answer("application/json", openapi().encode()),
        "/docs": lambda: _answer("text/html; charset=utf-8", _PAGE.encode()),
        f"/docs/{_SCRIPT}": lambda: _answer("text/javascript; charset=utf-8", _asset(_SCRIPT)),
        f"/docs/{_STYLE}": lambda: _answer("text/css; charset=utf-8", _asset(_STYLE)),
    }


def _answer(content_type: str, body: bytes) -> Answer:
    return Answer(200, (("content-type", content_type),), body)


def _asset(name: str) -> bytes:
    return (files(_ASSETS) / name).read_bytes()
