"""The bills in docs/operations.md count what the plans hold. `make terraform-check` makes the plans first."""

import json
from decimal import Decimal

import pytest

from dev.plans import ROOT
from tests.docs.documents import OPERATIONS, rows, section
from tests.terraform.plan import Plan, Resource

HOURS = 730
# The key and the secret that the environment does not hold itself: the state's, and the master's, which RDS makes.
ELSEWHERE = 1
SHAPES = {"clinic-smallest": 3, "clinic-small": 5, "clinic-full": 7}


@pytest.fixture(params=SHAPES)
def plan_and_bill(request: pytest.FixtureRequest) -> tuple[Plan, dict[str, Decimal]]:
    """A plan, and the quantities of its bill by the first words of their rows."""
    column = SHAPES[request.param]
    items = [row for row in rows(section(OPERATIONS, "Cost")) if len(row) == 9]
    bill = {row[0].split(":")[0].split(",")[0]: row[column].replace(",", "") for row in items}
    return plan_of(request.param), {
        what: Decimal(quantity) for what, quantity in bill.items() if quantity.replace(".", "").isdigit()
    }


def plan_of(shape: str) -> Plan:
    return Plan(json.loads((ROOT / "build" / "terraform" / f"{shape}.json").read_text()))


def read_by(alarm: Resource) -> int:
    """Returns how many metrics an alarm is billed for. A band adds two for each metric that it is made of."""
    queries = alarm.values.get("metric_query") or []
    metrics = len([query for query in queries if query.get("metric")]) or 1
    bands = len([query for query in queries if "ANOMALY_DETECTION_BAND" in (query.get("expression") or "")])
    return metrics + 2 * bands


def test_the_bill_counts_what_is_planned(plan_and_bill: tuple[Plan, dict[str, Decimal]]) -> None:
    plan, bill = plan_and_bill
    [database] = plan.all("aws_db_instance")
    standby = " with standby" if database.values["multi_az"] else ""
    copies = 2 if standby else 1
    addresses = sum(len(endpoint.values["subnet_ids"]) for endpoint in plan.all("aws_vpc_endpoint"))
    snapshots = [function for function in plan.functions().values() if function.values.get("snap_start")]
    assert bill[f"RDS {database.values['instance_class']}{standby}"] == HOURS
    assert bill["Storage"] == copies * database.values["allocated_storage"]
    assert bill["Interface endpoints"] == HOURS * addresses
    assert bill["Secrets"] == len(plan.all("aws_secretsmanager_secret")) + ELSEWHERE
    assert bill["KMS keys"] == len(plan.all("aws_kms_key")) + ELSEWHERE
    assert bill["Metrics that alarms read"] == sum(map(read_by, plan.all("aws_cloudwatch_metric_alarm")))
    assert bill["Composite alarms"] == len(plan.all("aws_cloudwatch_composite_alarm"))
    assert bill["Dashboard"] == len(plan.all("aws_cloudwatch_dashboard"))
    assert ("SnapStart" in bill) is bool(snapshots)
    assert ("E-mails" in bill) is bool(plan.some("aws_sesv2_email_identity"))


@pytest.mark.parametrize(
    ("column", "without", "with_it"), [(3, "prod", "prod-country"), (5, "prod-country", "prod-countries")]
)
def test_the_bill_of_a_country_counts_what_it_adds(column: int, without: str, with_it: str) -> None:
    rows_of_a_country = [row for row in rows(section(OPERATIONS, "Cost")) if len(row) == 7]
    bill = {row[0].split(":")[0]: row[column] for row in rows_of_a_country}
    before, after = plan_of(without), plan_of(with_it)

    def added(*types: str) -> list[Resource]:
        there = {resource.address for resource in before.some(*types)}
        return [resource for resource in after.some(*types) if resource.address not in there]

    [database] = added("aws_db_instance")
    assert database.values["multi_az"] is False
    assert int(bill[f"RDS {database.values['instance_class']}"]) == HOURS
    assert int(bill["Storage"]) == database.values["allocated_storage"]
    assert int(bill["Secrets"]) == len(added("aws_secretsmanager_secret")) + ELSEWHERE
    assert int(bill["Metrics that alarms read"]) == sum(map(read_by, added("aws_cloudwatch_metric_alarm")))
    assert not added("aws_kms_key", "aws_vpc_endpoint", "aws_cloudwatch_dashboard")
