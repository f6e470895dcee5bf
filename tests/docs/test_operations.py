"""docs/operations.md agrees with Terraform, with the code, and with itself."""

import json
import re
from decimal import Decimal

import pytest

from dev.plans import SHAPES, Shape
from lambda_function.bootstrap import migration_actions
from lambda_function.services.operators import actions
from tests.docs import limits, stack
from tests.docs.documents import DOCUMENTS, OPERATIONS, ROOT, code, rows, section, spans


def test_every_alarm_has_a_row_and_every_row_an_alarm() -> None:
    assert {name for row in rows(section(OPERATIONS, "Alarms")) for name in spans(row[0])} == stack.alarms()


def test_every_row_of_an_alarm_says_what_it_means_and_what_to_do() -> None:
    assert all(len(row) == 3 and all(row) for row in rows(section(OPERATIONS, "Alarms")))


def test_outputs_that_commands_read_exist() -> None:
    named = set(re.findall(r"(?:output -raw|invoke) ([a-z_]+)", "\n".join(code(OPERATIONS))))
    assert {"migrate_function", "operator_function"} <= named <= stack.outputs()


def test_variables_that_are_given_on_the_command_line_exist() -> None:
    named = set(re.findall(r"-var '?(\w+)=", "\n".join(code(OPERATIONS))))
    assert {"rotation", "package_path"} <= named <= stack.variables() | {"region"}


def test_actions_of_the_functions_exist() -> None:
    known = set(actions.ACTIONS) | set(migration_actions.ACTIONS)
    for path in DOCUMENTS:
        assert set(re.findall(r'"action": "([a-z.-]+)"', path.read_text())) <= known, path.name


def test_every_action_of_the_migrating_function_is_described() -> None:
    text = section(OPERATIONS, "Migrate: expand, then contract")
    assert set(re.findall(r'^\| `\{"action": "([^"]+)"\}`', text, re.MULTILINE)) == set(migration_actions.ACTIONS)


def test_every_variable_of_the_environment_is_described() -> None:
    source = (ROOT / "lambda_function" / "settings.py").read_text()
    read = set(re.findall(r'"([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)*)"', source))
    assert {name for row in rows(section(OPERATIONS, "Environment variables")) for name in spans(row[0])} == read
    assert read <= set(spans(source.split('"""')[1]))


def test_connections_of_each_class_are_what_the_plan_counts_with() -> None:
    shown = {name: row[1:] for row in rows(section(OPERATIONS, "Scale up")) for name in row[0].split(", ")}
    for name, (gib, most, api) in shown.items():
        assert int(gib) == stack.memory_gib()[name]
        assert int(most) == min(64 * int(gib), 4000)
        assert int(api) == int(most) - stack.connections_beside_the_api()


def test_the_quota_counts_every_other_function() -> None:
    needed = re.search(r"`api_concurrency` \+ (\d+) \+ 100", section(OPERATIONS, "What you need"))
    assert needed is not None
    assert int(needed[1]) == stack.concurrency_beside_the_api()


def test_the_quota_counts_the_functions_of_countries() -> None:
    needed = re.search(
        r"(\d+) more for the\s+first of `countries`, and (\d+) for each", section(OPERATIONS, "What you need")
    )
    assert needed is not None
    # A country's function, its migrations, and the rotation of two secrets; once the outcomes, and the reader's secret.
    each = stack.numbers("country_concurrency", "countries") + stack.numbers("concurrency", "countries") + 2
    assert int(needed[2]) == each
    assert int(needed[1]) == each + stack.numbers("outcomes_concurrency", "countries") + 1


def test_the_costs_add_up() -> None:
    total = Decimal(0)
    tables = 0
    for what, quantity, _, price, month in rows_of(5):
        if what == "**together**":
            assert number(month) == total
            total = Decimal(0)
            tables += 1
        else:
            assert number(month) == round(number(quantity) * Decimal(price), 2), what
            total += number(month)
    assert tables == 1


@pytest.mark.parametrize("column", [3, 5, 7], ids=["smallest", "small", "full"])
def test_the_costs_of_a_small_clinic_add_up(column: int) -> None:
    *items, together = rows_of(9)
    for item in items:
        assert number(item[column + 1]) == round(number(item[column]) * Decimal(item[2]), 2), item[0]
    assert together[0] == "**together**"
    assert number(together[column + 1]) == sum(number(item[column + 1]) for item in items)


@pytest.mark.parametrize("column", [3, 5], ids=["first", "further"])
def test_the_costs_of_a_country_add_up(column: int) -> None:
    *items, together = rows_of(7)
    for item in items:
        assert number(item[column + 1]) == round(number(item[column]) * Decimal(item[2]), 2), item[0]
    assert together[0] == "**together**"
    assert number(together[column + 1]) == sum(number(item[column + 1]) for item in items)


def test_the_costs_of_text_messages_follow_from_their_parts() -> None:
    found = rows_of(6)
    assert found
    for country, visits, messages, parts, price, month in found:
        assert number(month) == round(number(visits) * number(messages) * number(parts) * Decimal(price), 2), country


def test_the_costs_count_the_same_messages_a_visit() -> None:
    stated = re.search(r"3 doctors, ([\d,]+) visits", section(OPERATIONS, "Cost"))
    assert stated is not None
    [mails] = [row for row in rows_of(9) if row[0].startswith("E-mails")]
    [messages] = re.findall(r"(\d+) a visit", mails[0])
    assert number(mails[3]) * 1000 == number(stated[1]) * int(messages)
    assert {row[2] for row in rows_of(6)} == {messages}


def test_the_costs_of_a_small_clinic_are_named_where_they_are_chosen() -> None:
    named = re.search(r"^\| variable \|.*$", section(OPERATIONS, "Cost"), re.MULTILINE)
    assert named is not None
    sums = [number(rows_of(9)[-1][column]) for column in (4, 6, 8)]
    assert re.findall(r": (\d+) dollars", named[0]) == [str(round(total)) for total in sums]


def test_the_clinics_with_a_bill_are_planned() -> None:
    for column, shape in enumerate(["clinic-smallest", "clinic-small", "clinic-full"], start=1):
        stated = {spans(row[0])[0]: json.loads(as_json(spans(row[column])[0])) for row in rows_of(4)}
        assert SHAPES[shape] == Shape("prod", stated)


def rows_of(columns: int) -> list[list[str]]:
    """Returns the rows of the section on costs that have so many columns."""
    return [row for row in rows(section(OPERATIONS, "Cost")) if len(row) == columns]


def number(cell: str) -> Decimal:
    """Returns the number in a cell. A dash is none."""
    return Decimal(cell.strip("*").replace(",", "").replace("\N{EN DASH}", "0"))


def as_json(value: str) -> str:
    return re.sub(r"(\w+) = ", r'"\1": ', value)


def test_the_requests_of_all_routes_are_those_of_the_example() -> None:
    assert sum(limit.requests_a_visit * limit.times for limit in limits.limits()) == limits.requests_a_visit()
    assert sum(limit.at_peak * limit.times for limit in limits.limits()) == limits.requests_at_peak()


def test_the_peak_of_a_route_follows_from_its_requests() -> None:
    for limit in limits.limits():
        assert limit.at_peak == limits.requests_at_peak() / limits.requests_a_visit() * limit.requests_a_visit


def test_prod_takes_the_peak_of_the_example_on_every_route() -> None:
    assert stack.rate_of_prod() >= limits.requests_at_peak()
    for limit in limits.limits():
        assert limit.share is None or limit.share * stack.rate_of_prod() >= limit.at_peak, limit.routes


def test_the_limits_of_routes_are_those_of_the_stack() -> None:
    own = [limit for limit in limits.limits() if limit.share is not None]
    assert {route: limit.share for limit in own for route in limit.routes} == stack.route_shares()
    assert all(limit.limit == limit.share * limits.rate_of_the_table() for limit in own if limit.share)
