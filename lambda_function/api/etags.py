"""Entity tags: the version of an appointment, quoted, or a mark of a whole answer."""

import re

_TAG = re.compile(r'"([1-9][0-9]{0,17})"')


def etag(version: int) -> str:
    return f'"{version}"'


def expected_versions(if_match: str | None) -> frozenset[int] | None:
    """The versions that an If-Match header accepts; None for any. What is not one of our tags matches nothing."""
    if if_match is None or if_match.strip() == "*":
        return None
    tags = (_TAG.fullmatch(tag.strip()) for tag in if_match.split(","))
    return frozenset(int(tag[1]) for tag in tags if tag)


def names_tag(if_none_match: str, opaque: str) -> bool:
    """Whether an If-None-Match header names the tag, weakly, as RFC 9110 compares there."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return bool(tags & {"*", f'"{opaque}"'})
