"""Another time for programs that ask the real clock: Python, `date` and node, each in its own way. The machine's clock
stays, and only programs with this environment are affected.

INSTANTS are moments at which something that worked yesterday may fail.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

INSTANTS: Mapping[str, datetime] = {
    name: datetime.fromisoformat(text).replace(tzinfo=UTC)
    for name, text in {
        "Monday noon": "2026-11-30T12:00:00",
        "Tuesday morning": "2026-12-01T07:15:00",
        "Wednesday evening": "2026-12-02T21:40:00",
        "Thursday night": "2026-12-03T03:05:00",
        "Friday evening": "2026-11-27T22:50:00",
        "Saturday before midnight": "2026-11-28T23:59:30",
        "Sunday after midnight": "2026-11-29T00:00:30",
        "the year's last minute": "2026-12-31T23:59:00",
        "the new year": "2027-01-01T00:00:00",
        "a leap day": "2028-02-29T12:00:00",
        "before a leap day": "2028-02-28T23:59:59",
        "clocks go forward in the US": "2027-03-14T06:59:30",
        "clocks go back in Europe": "2027-10-31T00:30:00",
        "clocks go back in Chile": "2027-04-04T02:59:00",
    }.items()
}

_PYTHON = """\
import datetime as module
_INSTANT = {seconds!r}
class datetime(module.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(_INSTANT, tz)
class date(module.date):
    @classmethod
    def today(cls):
        return cls.fromtimestamp(_INSTANT)
module.datetime, module.date = datetime, date
"""
# This understands GNU's form: `date -u -d "2 days" +FORMAT`.
_DATE = """\
#!/bin/sh
[ "$1 $2" = "-u -d" ] || {{ echo "the moved clock has no date $*" >&2; exit 2; }}
exec {date} -u -d "{instant} $3" "$4"
"""
_NODE = "Date.now = () => {milliseconds};\n"


def moved_to(instant: datetime, folder: Path) -> dict[str, str]:
    """Returns the environment of programs for which it is that instant. Its files are in `folder`."""
    programs = folder / "bin"
    programs.mkdir()
    (folder / "sitecustomize.py").write_text(_PYTHON.format(seconds=instant.timestamp()))
    node = folder / "clock.cjs"
    node.write_text(_NODE.format(milliseconds=int(instant.timestamp() * 1000)))
    date = programs / "date"
    date.write_text(_DATE.format(date="/bin/date", instant=f"{instant:%Y-%m-%dT%H:%M:%SZ}"))
    date.chmod(0o755)
    return {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(folder),
        "NODE_OPTIONS": f"--require={node}",
        "TZ": "UTC",
    }
