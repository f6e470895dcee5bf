"""The plan of every environment, and of every other shape of the stack, keeps every rule.

`make terraform-check` makes the plans first.
"""

import json
from functools import cache

import pytest

from dev.plans import ROOT, SHAPES
from tests.terraform.plan import Plan
from tests.terraform.rules import RULES

PLANS = ROOT / "build" / "terraform"


@cache
def the_plan(shape: str) -> Plan:
    file = PLANS / f"{shape}.json"
    assert file.exists(), "there is no plan: `make terraform-check` makes it"
    return Plan(json.loads(file.read_text()))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rule", RULES)
def test_every_shape_keeps_every_rule(rule: str, shape: str) -> None:
    RULES[rule](the_plan(shape))
