"""What people write, in the form in which it is stored: NFC, and without the characters that nobody can see and that no
script needs.
"""

import re
import unicodedata

BLANKS = "\t\n\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
# What Unicode lets a display ignore (Default_Ignorable_Code_Point), such as soft hyphens, zero-width spaces, byte order
# marks, fillers and tags, without what the expressions below keep and what names may not hold.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)
# Joiners and variation selectors give the character before them its shape: Persian and Malayalam names are spelled with
# joiners, Japanese names with selectors, Mongolian names with both kinds of their own.
_SHAPING = "\u180b-\u180f\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef"
_SHAPING_NOTHING = re.compile(rf"(?:^|(?<=\s))[{_SHAPING}]+")
# Marks that say in which direction the neighbouring blanks and punctuation are read.
_DIRECTION_MARKS = re.compile("[\u061c\u200e\u200f]")
_DIRECTIONS = {"L": "left to right", "R": "right to left", "AL": "right to left"}
_NOTHING_TO_SEE = re.compile(rf"[{BLANKS}\u2028\u2029\u2800{_SHAPING}]")
# Embeddings, overrides and isolates turn whatever stands after them.
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Control characters, and the separators of lines and paragraphs.
BREAKING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def as_stored(name: str) -> str:
    """Returns a name as it is stored: empty if there is nothing to see. Blanks inside it stay as they were written,
    those around it do not.
    """
    seen = _without_idle_marks(_UNSEEN.sub("", name))
    return trimmed(unicodedata.normalize("NFC", _SHAPING_NOTHING.sub("", seen)))


def without_refused(name: str) -> str:
    """Returns as much of a name as can be stored: blanks take the places of line breaks and control characters."""
    encodable = name.encode(errors="ignore").decode()
    return as_stored(TURNING.sub("", BREAKING.sub(" ", encodable)))


def trimmed(text: str) -> str:
    """Returns a text without the blanks around it, which is empty if there is nothing to see."""
    return text.strip(BLANKS) if is_seen(text) else ""


def is_seen(text: str) -> bool:
    """Returns whether a text has anything that can be seen. Control characters count, so that they can be refused."""
    bare = _NOTHING_TO_SEE.sub("", _UNSEEN.sub("", text))
    return any(unicodedata.category(char) != "Cf" for char in bare)


def has_letter(name: str) -> bool:
    """Returns whether a name has a letter of any script that can be seen."""
    return any(unicodedata.category(char).startswith("L") for char in _UNSEEN.sub("", name))


def _without_idle_marks(name: str) -> str:
    """Drops the marks of direction, unless the name has letters of both directions, whose parts they may order."""
    bare = _DIRECTION_MARKS.sub("", name)
    if bare == name:
        return name
    directions = {_DIRECTIONS.get(unicodedata.bidirectional(char)) for char in bare} - {None}
    return name if len(directions) > 1 else bare
