"""Words that plain English does without."""

import re

# Literal translations from German, and riddles that a reader has to decode.
RIDDLES = re.compile(
    r"\b(mend(s|ed|ing)?|so many|somebody else|the own|hangs? on|save (those|that)|not any more|no users"
    r"|of then|of now|right now|(is|are|was|were|be) told|say (for )?whom|another's|belongs to a move)\b",
    re.IGNORECASE,
)
# What regular expressions, pydantic and click look like.
FOREIGN = re.compile(r"\^(?![0-9])|\\d|\[a-z|Input should|Field required|Extra inputs|should match")
# A docstring that opens so is no sentence, and leaves the reader to find what it is about.
BARE_OPENING = re.compile(
    r"(About|After|As|At|Before|Between|By|During|For|From|In|Into|Of|On|Over|Per|Since|Through|To|Until|Upon|With|Within"
    r"|Without)\b"
)


def unclear(sentence: str) -> list[str]:
    """Returns what is wrong with a message for people, which must be a plain sentence."""
    found = [match[0] for pattern in (RIDDLES, FOREIGN) for match in [pattern.search(sentence)] if match]
    if not re.match(r"[A-Z`{]", sentence):
        found.append("begins with a small letter")
    if not sentence.endswith("."):
        found.append("ends without a full stop")
    return found
