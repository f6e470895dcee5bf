"""What the code needs from the stack, read from its source. Only the routes have to be imported."""

import ast
import re
from functools import cache
from pathlib import Path

from lambda_function.api.app import gateway_keys
from lambda_function.pages.app import PAGE_KEYS

PACKAGE = Path(__file__).parents[2] / "lambda_function"
ENTRYPOINTS = PACKAGE / "entrypoints"
_SETTINGS = "lambda_function.settings"
_BOOTSTRAP = "lambda_function.bootstrap."
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]+")


@cache
def routes() -> frozenset[str]:
    return gateway_keys() | PAGE_KEYS


@cache
def kinds_of_changes() -> frozenset[str]:
    """Returns every kind of event that tells of an appointment."""
    domain = "\n".join(file.read_text() for file in sorted((PACKAGE / "domain").glob("*.py")))
    return frozenset(re.findall(r'"(appointment\.[a-z_]+)"', domain))


def entrypoints() -> frozenset[str]:
    return frozenset(file.stem for file in ENTRYPOINTS.glob("*.py") if file.stem != "__init__")


@cache
def source() -> str:
    return "\n".join(file.read_text() for file in sorted(PACKAGE.rglob("*.py")))


@cache
def environment_of(entrypoint: str) -> frozenset[str]:
    """Returns every variable that settings.py reads for this entrypoint, through all its calls to bootstrap."""
    names: set[str] = set()
    seen: set[tuple[str, str]] = set()
    waiting = [(f"lambda_function.entrypoints.{entrypoint}", "")]
    while waiting:
        module, function = waiting.pop()
        if (module, function) in seen:
            continue
        seen.add((module, function))
        names |= _variables(module, function)
        waiting += _used(module, function)
    return frozenset(names)


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse((PACKAGE.parent / f"{module.replace('.', '/')}.py").read_text())


def _definitions(module: str) -> dict[str, ast.stmt]:
    """Returns functions, classes and constants by name."""
    found: dict[str, ast.stmt] = {}
    for statement in _tree(module).body:
        match statement:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AnnAssign(target=ast.Name(name)):
                found[name] = statement
            case ast.Assign(targets=[ast.Name(name)]):
                found[name] = statement
    return found


def _imports(module: str) -> dict[str, tuple[str, str]]:
    return {
        alias.asname or alias.name: (statement.module, alias.name)
        for statement in _tree(module).body
        if isinstance(statement, ast.ImportFrom) and statement.module
        for alias in statement.names
        if statement.module == _SETTINGS or statement.module.startswith(_BOOTSTRAP)
    }


def _used(module: str, function: str) -> list[tuple[str, str]]:
    """Returns the functions of settings and bootstrap that this function mentions, or the whole module if there is no
    function.
    """
    own, imported = _definitions(module), _imports(module)
    scope = own.get(function, ast.Pass()) if function else _tree(module)
    mentioned = {node.id for node in ast.walk(scope) if isinstance(node, ast.Name)}
    return [(module, name) for name in mentioned & own.keys() if function] + [
        imported[name] for name in mentioned & imported.keys()
    ]


def _variables(module: str, function: str) -> set[str]:
    """Returns the variables that a function of settings.py mentions. Nothing else there is written in capitals."""
    if module != _SETTINGS or function not in _definitions(module):
        return set()
    texts = (node.value for node in ast.walk(_definitions(module)[function]) if isinstance(node, ast.Constant))
    return {text for text in texts if isinstance(text, str) and _VARIABLE.fullmatch(text)}
