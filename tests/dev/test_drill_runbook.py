"""Every command block of docs/operations.md either runs in `make drill` or says why not; see dev/drill/blocks.py."""

from typing import Final

from dev.drill import blocks
from dev.drill.__main__ import DOCUMENT, account
from dev.drill.by_hand import ACTIONS
from dev.drill.emulator import ROOT

_BLOCKS: Final = blocks.read(ROOT / DOCUMENT)
# A block that is not run proves nothing, so another one is a decision.
_NOT_RUN: Final = [*["The loss of the region"] * 4, "Scale up", *["Logs"] * 3]


def test_only_these_sections_have_blocks_that_do_not_run() -> None:
    assert [block.section for block in _BLOCKS if block.reason_not_to_run is not None] == _NOT_RUN


def test_what_the_drill_does_by_hand_exists_and_is_used() -> None:
    assert {name for block in _BLOCKS for name in block.marks.get("first", ())} == set(ACTIONS)


def test_the_drill_says_how_many_blocks_ran_and_why_the_others_did_not() -> None:
    said = "\n".join(account(_BLOCKS))
    assert said.startswith(f"{len(_BLOCKS) - len(_NOT_RUN)} blocks were run, and {len(_NOT_RUN)} were not:")
    for block in _BLOCKS:
        reason = block.reason_not_to_run
        assert reason is None or f"{block.title}\n    {reason}" in said
