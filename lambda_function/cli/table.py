"""A table as a person reads it."""

from collections.abc import Sequence


def table_text(rows: Sequence[Sequence[str]]) -> str:
    """Returns the rows, the first of which is the head, in columns of equal width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
