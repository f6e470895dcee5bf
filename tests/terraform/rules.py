"""Every rule for plans: a function that takes the plan and fails if it breaks the rule."""

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType, ModuleType

from tests.terraform import (
    rules_access,
    rules_database,
    rules_edge,
    rules_order,
    rules_releases,
    rules_running,
    rules_watched,
)
from tests.terraform.plan import Plan

Rule = Callable[[Plan], None]


def _rules(module: ModuleType) -> dict[str, Rule]:
    own = inspect.getmembers(module, lambda item: inspect.isfunction(item) and item.__module__ == module.__name__)
    return {name: rule for name, rule in own if not name.startswith("_")}


_MODULES = (
    rules_access,
    rules_database,
    rules_edge,
    rules_order,
    rules_releases,
    rules_running,
    rules_watched,
)
RULES: Mapping[str, Rule] = MappingProxyType(
    {name: rule for module in _MODULES for name, rule in _rules(module).items()}
)
