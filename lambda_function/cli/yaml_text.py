"""A document as YAML text, which `yaml_file` reads back as it was.

A text that some reader of YAML could take for something else, such as NO, 10:30 or 1e3, stands in quotes, so that
other tools read the same.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import yaml

_WIDTH = 120
_BOOL, _FLOAT, _STR = (f"tag:yaml.org,2002:{kind}" for kind in ("bool", "float", "str"))


class _Dumper(yaml.SafeDumper):
    """A list of plain values takes one line, and so does each entry of any other list."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002
        super().increase_indent(flow, indentless=False)

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> yaml.SequenceNode:  # noqa: FBT001
        node = super().represent_sequence(tag, sequence, flow_style)
        for item in node.value:
            item.flow_style = True
        node.flow_style = all(isinstance(item, yaml.ScalarNode) for item in node.value)
        return node


def _represent_decimal(dumper: _Dumper, value: Decimal) -> yaml.Node:
    return dumper.represent_scalar(_FLOAT, f"{value:f}")


def _represent_text(dumper: _Dumper, value: str) -> yaml.Node:
    """Keeps a text with line breaks on one line, with escapes, instead of folding it as YAML does."""
    return dumper.represent_scalar(_STR, value, style='"' if "\n" in value else None)


_Dumper.add_representer(Decimal, _represent_decimal)
_Dumper.add_representer(str, _represent_text)
# PyYAML knows neither the numbers of YAML 1.2 nor the shortest booleans of YAML 1.1.
_NUMBER = re.compile(r"^([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+)$")
_Dumper.add_implicit_resolver(_FLOAT, _NUMBER, list("-+.0123456789"))
_Dumper.add_implicit_resolver(_BOOL, re.compile(r"^[yYnN]$"), list("yYnN"))


def yaml_text(document: Mapping[str, Any]) -> str:
    """Returns the text of a document, with a blank line between its sections and no line break at its end."""
    return "\n".join(_dumped({key: value}) for key, value in document.items()).removesuffix("\n")


def _dumped(value: Mapping[str, Any]) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_WIDTH)
    return text
