"""The drill finds every command block of a document, with its marks; see dev/drill/blocks.py."""

from pathlib import Path

import pytest

from dev.drill import blocks
from dev.drill.blocks import Block

_DOCUMENT = """\
# Page

Text:

    one \\
        continued

    still one

1. An item.

   <!-- drill: first: read the mail -->
   <!-- drill: shows: this -->
   <!-- drill: shows: that -->

        two

   Its second paragraph
       which is no code.

## Section

<!-- drill: not run: a formula -->

```
three
```

Text.
"""


def found(tmp_path: Path) -> list[Block]:
    (tmp_path / "page.md").write_text(_DOCUMENT)
    return blocks.read(tmp_path / "page.md")


def test_indented_code_and_fences_are_blocks_in_their_order(tmp_path: Path) -> None:
    assert [block.text for block in found(tmp_path)] == ["one \\\n    continued\n\nstill one", "two", "three"]


def test_a_block_knows_its_section_and_its_line(tmp_path: Path) -> None:
    assert [(block.section, block.line) for block in found(tmp_path)] == [("Page", 5), ("Page", 16), ("Section", 26)]


def test_marks_belong_to_the_next_block_only(tmp_path: Path) -> None:
    assert [block.marks for block in found(tmp_path)] == [
        {},
        {"first": ("read the mail",), "shows": ("this", "that")},
        {"not run": ("a formula",)},
    ]


def test_a_block_runs_unless_there_is_a_reason(tmp_path: Path) -> None:
    assert [block.reason_not_to_run for block in found(tmp_path)] == [None, None, "a formula"]


def test_a_mark_after_a_list_ends_the_list(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text("- An item.\n\n<!-- drill: shows: this -->\n\n    one\n")

    [block] = blocks.read(document)

    assert (block.text, block.marks) == ("one", {"shows": ("this",)})


def test_a_mark_above_something_else_than_a_block_is_refused(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text("<!-- drill: shows: this -->\n\nText.\n\n    one\n")

    with pytest.raises(ValueError, match="no block below a mark, but: Text"):
        blocks.read(document)
