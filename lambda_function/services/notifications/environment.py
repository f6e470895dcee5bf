"""The one place where templates are set up. All of them run in a sandbox, and print no name that is missing."""

from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

_WORDS = Path(__file__).with_name("words")


def _present(value: object) -> object:
    """Stands before everything that is printed: nobody is told to call None."""
    if value is None:
        raise UndefinedError("has no value")
    return value


ENVIRONMENT = ImmutableSandboxedEnvironment(
    loader=FileSystemLoader(_WORDS),
    undefined=StrictUndefined,
    finalize=_present,
    autoescape=lambda name: name is not None and name.endswith(".html.jinja"),
    auto_reload=False,
)
# What Jinja2 brings along for loops and the like. No text of ours or of a clinic has a use for it.
ENVIRONMENT.globals.clear()
