"""openapi.json keeps the recommended rules of Spectral and Redocly, and both linters are able to complain."""

import json
import shutil
from pathlib import Path

import pytest

from dev.openapi_file import FILE
from dev.openapi_lint import findings

pytestmark = pytest.mark.skipif(
    not shutil.which("npm"), reason="Spectral and Redocly need Node.js, which is not on this machine"
)


def test_spectral_and_redocly_find_nothing_wrong() -> None:
    assert findings(FILE) == ""


def test_both_complain_of_a_document_that_breaks_their_rules(tmp_path: Path) -> None:
    poor = tmp_path / "openapi.json"
    operation = {"operationId": "get_x", "responses": {"200": {"description": "Success"}}}
    poor.write_text(
        json.dumps({"openapi": "3.1.0", "info": {"title": "X", "version": "1"}, "paths": {"/x": {"get": operation}}})
    )

    found = findings(poor)

    assert "operation-description" in found  # a rule of Spectral
    assert "operation-4xx-response" in found  # a rule of Redocly
