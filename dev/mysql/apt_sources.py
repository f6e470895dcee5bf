"""Finds the distribution's own archive among the package sources of a Debian or Ubuntu machine."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Final, Literal
from urllib.parse import urlsplit

Distribution = Literal["debian", "ubuntu"]

# What says whom to trust and how; everything else in a source is about what to fetch, which we choose.
_TRUST: Final = ("signed-by", "trusted", "check-valid-until")
# By the last part of the address, for a source that names no keyring.
_BY_ADDRESS: Final[dict[str, Distribution]] = {
    "debian": "debian",
    "ubuntu": "ubuntu",
    "ubuntu-ports": "ubuntu",
}
# By the keyring's file, wherever the mirror is.
_BY_KEYRING: Final[dict[str, Distribution]] = {
    "debian-archive": "debian",
    "ubuntu-archive": "ubuntu",
}
_COMPONENTS: Final = ("main", "universe")
_OTHER_SUITES: Final = ("-security", "-backports", "-proposed", "-proposed-updates")
_CLASSIC: Final = re.compile(
    r"deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uris>\S+)\s+(?P<suites>\S+)\s+(?P<components>[^#]+)"
)


@dataclass(frozen=True)
class Archive:
    """The distribution's own packages as this machine is set up to fetch and to trust them."""

    distribution: Distribution
    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    trust: tuple[tuple[str, str], ...]

    def stanza(self, suites: Iterable[str] | None = None) -> str:
        """A source in the format of apt's *.sources files."""
        fields = [
            ("types", "deb"),
            ("uris", self.uri),
            ("suites", " ".join(self.suites if suites is None else suites)),
            ("components", " ".join(self.components)),
            *self.trust,
        ]
        return "".join(f"{name.title()}: {value}\n" for name, value in fields) + "\n"


def archives(folder: Path, architecture: str) -> list[Archive]:
    """The distribution's own among the sources in a folder like /etc/apt, for this architecture."""
    classic = [folder / "sources.list", *sorted(folder.glob("sources.list.d/*.list"))]
    fields = [entry for path in classic if path.is_file() for entry in parse_classic(path.read_text())]
    for path in sorted(folder.glob("sources.list.d/*.sources")):
        fields.extend(parse_deb822(path.read_text()))
    return [archive for entry in fields for archive in _own_archives(entry, architecture)]


def parse_deb822(text: str) -> Iterator[dict[str, str]]:
    """The stanzas of a *.sources file, field names in lower case."""
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    for blank, stanza in groupby(lines, key=lambda line: not line.strip()):
        if blank:
            continue
        fields: dict[str, str] = {}
        name = ""
        for line in stanza:
            if line[0].isspace():
                fields[name] += f"\n{line}"
            else:
                name, _, value = line.partition(":")
                name = name.strip().lower()
                fields[name] = value.strip()
        yield fields


def parse_classic(text: str) -> Iterator[dict[str, str]]:
    """The lines of a *.list file, as the stanzas that they stand for."""
    names = {"arch": "architectures"}
    for line in text.splitlines():
        if found := _CLASSIC.match(line.strip()):
            options = dict(option.split("=", 1) for option in (found["options"] or "").split())
            yield {
                "types": "deb",
                **{names.get(name, name): value.replace(",", " ") for name, value in options.items()},
                "uris": found["uris"],
                "suites": found["suites"],
                "components": found["components"].strip(),
            }


def _own_archives(fields: dict[str, str], architecture: str) -> Iterator[Archive]:
    if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() == "no":
        return
    if architecture not in fields.get("architectures", architecture).split():
        return
    components = tuple(name for name in fields.get("components", "").split() if name in _COMPONENTS)
    suites = tuple(name for name in fields.get("suites", "").split() if not name.endswith(_OTHER_SUITES))
    trust = tuple((name, fields[name]) for name in _TRUST if name in fields)
    for uri in fields.get("uris", "").split():
        distribution = _distribution(uri, fields.get("signed-by", ""))
        if distribution and suites and components:
            yield Archive(distribution, uri, suites, components, trust)


def _distribution(uri: str, signed_by: str) -> Distribution | None:
    """Other people's archives end in /debian too, but they are signed with a key of their own."""
    if signed_by:
        keyring = PurePosixPath(signed_by).name
        return next((name for start, name in _BY_KEYRING.items() if keyring.startswith(start)), None)
    return _BY_ADDRESS.get(PurePosixPath(urlsplit(uri).path).stem)
