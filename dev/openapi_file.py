"""Writes openapi.json again: `make openapi`."""

from pathlib import Path

from lambda_function.api.openapi.document import document

FILE = Path(__file__).parents[1] / "openapi.json"

if __name__ == "__main__":
    FILE.write_text(document(), encoding="utf-8")
