"""Everything that runs on other machines is pinned so that nobody can exchange it."""

import re

from tests.docs.documents import ROOT

_USED = re.compile(r"^\s*(?:- )?uses:\s*(.*)$", re.MULTILINE)
_PINNED = re.compile(r"[\w-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def test_actions_are_pinned_by_commit_with_the_version_beside_it() -> None:
    used = [line for file in (ROOT / ".github").rglob("*.y*ml") for line in _USED.findall(file.read_text())]

    assert used
    assert [line for line in used if not _PINNED.fullmatch(line)] == []
