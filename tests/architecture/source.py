"""The project's source, parsed."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_IN_USE = {".venv", ".terraform", "__pycache__", "node_modules", "build", "dist"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """A parsed module. `path` is relative to the repository, with slashes."""

    path: str
    text: str
    tree: ast.Module

    @classmethod
    def of(cls, path: str, text: str) -> "Module":
        return cls(path, text, ast.parse(text))

    def at(self, node: ast.AST, message: str) -> str:
        """Returns a finding with a position to which an editor can jump."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {message}"

    def lies_in(self, *places: str) -> bool:
        """Returns whether the module is one of these, or lies in one of the folders (which end in a slash)."""
        return any(self.path == place or (place.endswith("/") and self.path.startswith(place)) for place in places)

    def functions(self) -> Iterator[tuple[str, Function]]:
        """Yields each function with its qualified name."""
        yield from _functions(self.tree, "")

    def place_of(self, node: ast.AST) -> str:
        """Returns `path::qualified_name` of the innermost function that contains the node."""
        around = [name for name, function in self.functions() if node in ast.walk(function)]
        return f"{self.path}::{around[-1] if around else '<module>'}"


def _functions(parent: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for node in ast.iter_child_nodes(parent):
        inner = prefix
        if isinstance(node, Function | ast.ClassDef):
            inner = f"{prefix}{node.name}."
        if isinstance(node, Function):
            yield f"{prefix}{node.name}", node
        yield from _functions(node, inner)


def files(folders: Iterable[str], suffixes: Iterable[str]) -> list[Path]:
    return sorted(
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in set(suffixes) and not _IN_USE & set(path.parts)
    )


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    return tuple(Module.of(path.relative_to(ROOT).as_posix(), path.read_text()) for path in files(folders, {".py"}))


def imported_names(module: Module) -> Iterator[tuple[ast.stmt, str]]:
    """Yields the full name of everything that the module imports: `a.b` for `from a import b`. A relative import starts
    with a dot.
    """
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            yield from ((node, f"{source}.{alias.name}") for alias in node.names)


def dotted(node: ast.AST) -> str:
    """Returns an expression such as `a.b.c` as text, with `?` for the parts that are not names."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return "?"


def strings(module: Module) -> Iterator[ast.Constant]:
    """Yields string constants that are not docstrings."""
    prose = {id(node.value) for node in ast.walk(module.tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node
