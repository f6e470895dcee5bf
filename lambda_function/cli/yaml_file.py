"""A YAML file as plain data, read without YAML's surprises, and where in it each thing stands.

Only `true` and `false` are booleans, so that NO is Norway, and only whole decimal numbers are numbers, so that 10:30 is
not 630. Everything else is text, dates and prices too. A key that comes twice is refused, and so is a tag.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from lambda_function.domain.written_text import as_stored

MAX_BYTES = 4 * 1024 * 1024
# What to do, by words of the parser.
_ADVICE = {
    "'\\t'": "indent with spaces instead of tabs",
    "mapping values are not allowed": "put quotes around a text that holds a colon",
    "could not find expected ':'": "put a colon after the key",
    "quoted scalar": "close the quotes",
    "unexpected end of stream": "close the quotes or the bracket",
    "expected ',' or": "close the bracket, and separate its entries with commas",
    "expected <block end>": "indent the entries of one list, and the keys of one entry, alike",
    "another document": "remove the line ---",
    "undefined alias": "give the name after * to a part above, with &",
}
_OTHERWISE = "check the indentation, colons and quotes"


class YamlError(ValueError):
    """The message says what and, where known, the line."""


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - as its base declares it

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call] # PyYAML has no types here
        if getattr(event, "tag", None) is not None:
            raise YamlError(f"Line {event.start_mark.line + 1}: tags such as !!int are not allowed. Remove the tag.")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise YamlError(f"Line {_line(key)}: a list or a mapping cannot be a key. Use plain text.")
            if key.value in seen:
                raise YamlError(f"Line {_line(key)}: the key {key.value} comes twice. Remove one of them.")
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(null|~|)$"), ["n", "~", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?(0|[1-9][0-9]{0,17})$"), list("-0123456789"))


class YamlFile:
    """Raises YamlError when it cannot be read, and OSError when there is no such file."""

    def __init__(self, path: Path) -> None:
        self._known: dict[int, dict[str, tuple[yaml.Node, yaml.Node]]] = {}
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise YamlError(f"The file has more than {MAX_BYTES} bytes. Split it.")
        try:
            text = content.decode()
            loader = _Loader(text)
            self._top = loader.get_single_node()
            self.data: Any = None if self._top is None else loader.construct_document(self._top)
        except UnicodeDecodeError:
            raise YamlError("The file is not UTF-8. Save it as UTF-8.") from None
        except RecursionError:
            raise YamlError("The lists and keys are nested too deeply. Write them as docs/practice.md shows.") from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            place = f"Line {mark.line + 1}" if mark else "The file"
            raise YamlError(f"{place} is not YAML: {_syntax(str(error.problem))}.") from None
        except yaml.YAMLError:  # characters that YAML does not allow
            raise YamlError("The file holds control characters. Save it as plain text in UTF-8.") from None
        if self.data is None:
            raise YamlError("The file is empty. Start with a section such as clinics: (see docs/practice.md).")

    def _entries(self, node: yaml.MappingNode) -> dict[str, tuple[yaml.Node, yaml.Node]]:
        """Returns the entries by their keys as names are stored, since a place may be named so. They are kept, since
        each of thousands of wrong places may be asked for.
        """
        if id(node) not in self._known:
            self._known[id(node)] = {as_stored(key.value): (key, value) for key, value in node.value}
        return self._known[id(node)]

    def line_of(self, path: tuple[str | int, ...]) -> int | None:
        """Where the deepest part of the path that is there begins."""
        node, line = self._top, None
        for step in path:
            match node:
                case yaml.MappingNode():
                    found = self._entries(node).get(as_stored(str(step)))
                    if found is None:
                        return line
                    line, node = _line(found[0]), found[1]
                case yaml.SequenceNode() if isinstance(step, int) and step < len(node.value):
                    node = node.value[step]
                    line = _line(node)
                case _:
                    return line
        return line


def _syntax(problem: str) -> str:
    return next((advice for words, advice in _ADVICE.items() if words in problem), _OTHERWISE)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
