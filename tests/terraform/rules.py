"""Every rule for plans: a function of a module rules_… that takes the plan and fails if it breaks the rule."""

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, ModuleType

from tests.terraform.plan import Plan

Rule = Callable[[Plan], None]


def _rules(module: ModuleType) -> dict[str, Rule]:
    own = inspect.getmembers(module, lambda item: inspect.isfunction(item) and item.__module__ == module.__name__)
    return {name: rule for name, rule in own if not name.startswith("_")}


_MODULES = [import_module(f"{__package__}.{file.stem}") for file in sorted(Path(__file__).parent.glob("rules_*.py"))]
RULES: Mapping[str, Rule] = MappingProxyType(
    {name: rule for module in _MODULES for name, rule in _rules(module).items()}
)
