"""A clinic's own words: a small language, of names between double braces and conditions such as `{% if phone %}`.

Jinja2 reads it, and whatever else Jinja2 knows is refused before anything is rendered: attributes, calls, filters and
loops. So a text can neither find out how the service is made nor keep it busy.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from jinja2 import Template, TemplateError, TemplateSyntaxError, nodes

from lambda_function.domain.notifications import NotificationKind
from lambda_function.domain.people import Channel
from lambda_function.services.notifications.environment import ENVIRONMENT
from lambda_function.services.practice.suggestions import did_you_mean

MAX_SUBJECT = 200
MAX_TEXT = 4000
# Deeper ones are written by no person, and would be too deep for Python.
_MAX_DEPTH = 8

# They are true or false, so they can be conditions, and nobody would want to read them.
_YES_OR_NO = frozenset({"for_guardian", "attending", "changeable"})
_ALWAYS = frozenset({"name", "patient", "for_guardian", "clinic", "address", "phone", "email", "link"})
_OF_A_TIME = _ALWAYS | {"doctor", "day", "time", "when"}
# Others may see these words: on a locked screen, and in a list of messages.
_PRIVATE = "treatment"
_HOW = "Write names as {{ clinic }} and conditions as {% if phone %} … {% endif %}"
_NOT_HERE = "this is not possible here"
_CONNECTIVES = (nodes.Not, nodes.And, nodes.Or)
_REFUSED: Mapping[type[nodes.Node], str] = MappingProxyType(
    {
        nodes.Getattr: "names have no attributes",
        nodes.Getitem: "names have no parts",
        nodes.Call: "nothing can be called",
        nodes.Filter: "there are no filters",
        nodes.For: "there are no loops",
    }
)


class OwnWords(NamedTuple):
    """A clinic's own words for one kind of message, in one channel and language. An SMS has no subject."""

    subject: str | None
    text: str


class BrokenWordsError(Exception):
    """A clinic's own words cannot be used. The message says what to change, and has nothing of what they would say."""


def names_for(kind: NotificationKind, channel: Channel, *, in_subject: bool) -> frozenset[str]:
    """Returns the names that words may use there."""
    match kind:
        case NotificationKind.RECALL:
            names = _ALWAYS | {"day"}
        case NotificationKind.OFFER:
            names = _OF_A_TIME | {"until"}
        case _:
            names = _OF_A_TIME | {"attending", "changeable"}
    return names if in_subject or channel is Channel.SMS else names | {_PRIVATE}


def rendered(
    source: str, names: Mapping[str, object], kind: NotificationKind, channel: Channel, *, in_subject: bool = False
) -> str:
    """Returns what a clinic's subject or text says with these names. Raises BrokenWordsError."""
    template = _template(source, kind, channel, in_subject=in_subject)
    try:
        text = template.render(names)
    except TemplateError:
        raise BrokenWordsError(
            "prints a name that may be missing; write it as in {% if phone %} Call {{ phone }}. {% endif %}"
        ) from None
    if not text.strip():
        raise BrokenWordsError("may say nothing at all; add words outside of its conditions")
    return text


@lru_cache(maxsize=512)
def _template(source: str, kind: NotificationKind, channel: Channel, *, in_subject: bool) -> Template:
    """Returns the template of a clinic's subject or text, which are few. Raises BrokenWordsError."""
    limit = MAX_SUBJECT if in_subject else MAX_TEXT
    if len(source) > limit:
        raise BrokenWordsError(f"is too long; write at most {limit} characters")
    known = names_for(kind, channel, in_subject=in_subject)
    try:
        tree = ENVIRONMENT.parse(source)
    except TemplateSyntaxError as error:
        raise BrokenWordsError(f"cannot be read in line {error.lineno}. {_HOW}") from None
    except RecursionError:
        raise BrokenWordsError(f"is nested too deeply. {_HOW}") from None
    for problem in (*_untraceable(source), *_problems(tree, known, 0)):
        raise BrokenWordsError(problem)
    return ENVIRONMENT.from_string(source)


def _untraceable(source: str) -> Iterator[str]:
    """Finds `raw` and `print`, of which what Jinja2 has read shows no trace."""
    before = ""
    for line, kind, value in ENVIRONMENT.lex(source):
        if kind == "raw_begin" or (before, value) == ("block_begin", "print"):
            yield _impossible(line)
        if kind != "whitespace":
            before = kind


def _problems(node: nodes.Node, known: Collection[str], depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        yield f"is nested too deeply in line {node.lineno}. Write conditions side by side"
        return
    match node:
        case nodes.TemplateData():
            return
        case nodes.Name(name=name):
            if name not in known:
                yield _unknown(name, node.lineno, known)
            return
        case nodes.Output():
            allowed: tuple[type[nodes.Node], ...] = (nodes.TemplateData, nodes.Name)
        case nodes.If(test=test):
            yield from _problems_of_condition(test, known, depth)
            allowed = (nodes.Output, nodes.If)
        case _:
            allowed = (nodes.Output, nodes.If)
    for part in node.iter_child_nodes(exclude=("test",)):
        if isinstance(part, nodes.Name) and part.name in _YES_OR_NO & set(known):
            yield f"prints a condition in line {part.lineno}; write it as in {{% if {part.name} %}} … {{% endif %}}"
        elif isinstance(part, allowed):
            yield from _problems(part, known, depth + 1)
        else:
            yield _refused(part, node)


def _problems_of_condition(node: nodes.Node, known: Collection[str], depth: int) -> Iterator[str]:
    if isinstance(node, nodes.Name):
        yield from _problems(node, known, depth)
    elif isinstance(node, _CONNECTIVES) and depth < _MAX_DEPTH:
        for part in node.iter_child_nodes():
            yield from _problems_of_condition(part, known, depth + 1)
    else:
        yield _refused(node, node)


def _refused(node: nodes.Node, around: nodes.Node) -> str:
    return _impossible(node.lineno or around.lineno, _REFUSED.get(type(node), _NOT_HERE))


def _impossible(line: int, why: str = _NOT_HERE) -> str:
    return f"cannot be used because of line {line}: {why}. {_HOW}, and nothing else"


def _unknown(name: str, line: int, known: Collection[str]) -> str:
    if name == _PRIVATE:
        return f"names the treatment in line {line}, which others may see in an SMS or a subject; leave it out"
    hint = did_you_mean(name, known) or f"the names are {', '.join(sorted(known))}"
    return f"has an unknown name in line {line}; {hint}"
