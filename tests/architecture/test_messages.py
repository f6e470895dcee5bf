"""The message of every refusal, which people and clients read, is a plain sentence."""

import ast
from collections.abc import Iterator

import pytest

from lambda_function.aws.post_confirmation import SignUpError
from lambda_function.bootstrap.alembic_setup import MigrationLockedError
from lambda_function.bootstrap.migration_actions import UnknownActionError
from lambda_function.cli.yaml_file import YamlError
from lambda_function.domain import errors
from lambda_function.services import value_messages
from lambda_function.services.relay import NotPublishedError
from lambda_function.services.rotation import RotationError
from lambda_function.settings import SettingsError
from lambda_function.web.errors import EdgeError
from tests.architecture.source import ROOT, Function, Module
from tests.plain_words import BARE_OPENING, unclear

_OPERATORS_ERRORS = (
    MigrationLockedError,
    NotPublishedError,
    RotationError,
    SettingsError,
    SignUpError,
    UnknownActionError,
    YamlError,
)
# The position of the sentence among the arguments.
_SENTENCE = {
    **{
        name: 0
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.DomainError)
    },
    **{kind.__name__: 0 for kind in _OPERATORS_ERRORS},
    EdgeError.__name__: 1,
    "PydanticCustomError": 1,
}


def _text(node: ast.expr) -> str | None:
    """Returns a string with braces in place of its values, or None for any other expression."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)
    return None


def _sentence(node: ast.AST) -> ast.expr | None:
    """Returns what is written as a message: in an error, in the variable `detail`, or as the help of a command."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=arguments) if _SENTENCE.get(name, len(arguments)) < len(arguments):
            return arguments[_SENTENCE[name]]
        case ast.Assign(targets=[ast.Name(id="detail")], value=value) | ast.keyword(arg="help", value=value):
            return value
    return None


def messages(module: Module) -> Iterator[tuple[str, str]]:
    """Yields the place and the text of each message that people or clients can read."""
    for node in ast.walk(module.tree):
        sentence = _sentence(node)
        text = None if sentence is None else _text(sentence)
        if sentence is not None and text is not None and text.strip("{} "):
            yield module.at(sentence, ""), text


MODULES = [
    Module.of(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "lambda_function").rglob("*.py"))
]


def test_every_message_is_a_plain_sentence() -> None:
    found = [(place, text) for module in MODULES for place, text in messages(module)]
    assert len(found) > 100
    assert [f"{place}{text!r}: {wrong}" for place, text in found for wrong in unclear(text)] == []


def bare_docstrings(module: Module) -> list[str]:
    """Returns the docstrings of functions and classes that open with neither a subject nor a verb."""
    defined = [node for node in ast.walk(module.tree) if isinstance(node, Function | ast.ClassDef)]
    said = [(node, ast.get_docstring(node) or "") for node in defined]
    return [module.at(node, text.partition("\n")[0]) for node, text in said if BARE_OPENING.match(text)]


def test_every_docstring_opens_with_its_subject_or_its_verb() -> None:
    assert [place for module in MODULES for place in bare_docstrings(module)] == []


@pytest.mark.parametrize(
    "opening", ["Of the starts, the first.", "As the answer travels.", "To UTC.", "From `start` on."]
)
def test_a_bare_docstring_is_found(opening: str) -> None:
    assert bare_docstrings(Module.of("it.py", f'def it():\n    """{opening}"""\n'))


@pytest.mark.parametrize("code", value_messages.CODES)
def test_every_field_code_is_explained_in_a_plain_sentence(code: str) -> None:
    assert unclear(value_messages.CODES[code]) == []


@pytest.mark.parametrize(
    "sentence", ["Mend it.", "must be a number.", "There is none", "String should match pattern '^[a-z]'."]
)
def test_what_is_not_plain_is_found(sentence: str) -> None:
    assert unclear(sentence)
