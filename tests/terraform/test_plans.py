"""The plan of every environment keeps every rule. `make terraform-check` makes the plans first."""

import json
from functools import cache

import pytest

from dev.plans import ENVIRONMENTS, ROOT
from tests.terraform.plan import Plan
from tests.terraform.rules import RULES

PLANS = ROOT / "build" / "terraform"


@cache
def the_plan(environment: str) -> Plan:
    file = PLANS / f"{environment}.json"
    assert file.exists(), "there is no plan: `make terraform-check` makes it"
    return Plan(environment, json.loads(file.read_text()))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("rule", RULES)
def test_every_environment_keeps_every_rule(rule: str, environment: str) -> None:
    RULES[rule](the_plan(environment))
