"""Every rule for plans: a function that takes the plan and fails if it breaks the rule."""

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType, ModuleType

from tests.terraform import rules_access, rules_running, rules_watched
from tests.terraform.plan import Plan

Rule = Callable[[Plan], None]


def _rules(module: ModuleType) -> dict[str, Rule]:
    own = inspect.getmembers(module, lambda item: inspect.isfunction(item) and item.__module__ == module.__name__)
    return {name: rule for name, rule in own if not name.startswith("_")}


RULES: Mapping[str, Rule] = MappingProxyType(_rules(rules_access) | _rules(rules_running) | _rules(rules_watched))
