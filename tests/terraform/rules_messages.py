"""Messages to people: who may send them, what reaches their queue, and what of a bounce is passed on."""

import json
import re

from lambda_function.services.messenger import RESERVE
from tests.terraform import code
from tests.terraform.plan import Plan, Resource, Statement, parsed

_MESSENGER = "messenger"
_QUEUE = "notifications"
# What calls other services of AWS than the network has endpoints for.
_OUTSIDE = {"before_traffic", _MESSENGER}
_OF_EVERY_FUNCTION = {"WriteLogs", "KeepFailedEvents", "UseTheKeyOfQueueAndEnvironment"}
_OF_THE_MESSENGER = {"lambda:InvokeFunction", "ses:SendEmail", "ses:SendRawEmail", "sns:Publish"}
_NAMED_BY_THE_MESSENGER = {
    "module.notifications.alias_arn",
    "aws_sesv2_email_identity.messages.arn",
    "aws_sesv2_configuration_set.messages.arn",
}
_KIND = re.compile(r'"((?:appointment|waitlist)\.[a-z_]+)"')
_TAG = "notification_id"
# The sweep and the messenger's claims, and an operator's check of a country.
_OTHER_CALLERS = {"notifications": 2, "country": 1}
_MOST_OF_A_MINUTE, _MINUTE = 50, 60
_TWO_WEEKS = 14 * 24 * 3600
_RUNS_BEFORE_A_REPEAT = 6  # AWS's own advice about the visibility of a queue that Lambda reads


def only_what_calls_other_services_stands_outside_the_network(plan: Plan) -> None:
    """Inside, it would not reach them; and outside, the others would have a way out. So it has none to the database."""
    outside = {name: function for name, function in plan.functions().items() if not function.values.get("vpc_config")}
    assert outside.keys() == _OUTSIDE
    for name, function in outside.items():
        variables = function.block("environment")["variables"]
        assert not [variable for variable in variables if variable.startswith("DATABASE_")], name
        for statement in _own(plan, name):
            assert not [action for action in statement.actions if action.startswith("secretsmanager:")], name


def the_messenger_may_only_ask_and_send(plan: Plan) -> None:
    own = _own(plan, _MESSENGER)
    assert {action for statement in own for action in statement.actions} == _OF_THE_MESSENGER
    statements = plan.configuration["root_module"]["module_calls"][_MESSENGER]["expressions"]["statements"]
    assert {name for name in statements["references"] if name.count(".") > 1} == _NAMED_BY_THE_MESSENGER
    assert plan.functions()[_MESSENGER].values["reserved_concurrent_executions"] == 1, "two would send at once"


def the_messenger_works_for_most_of_each_minute(plan: Plan) -> None:
    """Its time-out has what it keeps for hanging providers beyond the minute, since it claims nothing in that time."""
    working = plan.functions()[_MESSENGER].values["timeout"] - RESERVE
    assert _MOST_OF_A_MINUTE <= working < _MINUTE, f"it claims for {working} s, and is called every {_MINUTE} s"


def the_messenger_writes_as_the_sender_alone(plan: Plan) -> None:
    sends = [statement for statement in plan.statements if any("ses:Send" in action for action in statement.actions)]
    assert {statement.document.split(".")[1] for statement in sends} == {_MESSENGER}
    for statement in sends:
        assert "ses:FromAddress" in statement.conditions, statement.name
        assert not [resource for resource in statement.resources if "*" in resource], statement.name
    variables = plan.functions()[_MESSENGER].block("environment")["variables"]
    assert variables["MAIL_SENDER"] == plan.choice("mail_sender")


def the_messenger_publishes_to_no_topic(plan: Plan) -> None:
    publishing = [statement for statement in _own(plan, _MESSENGER) if "sns:Publish" in statement.actions]
    denied = {resource for statement in publishing if not statement.allows for resource in statement.resources}
    assert denied == {"arn:aws:sns:*:*:*"}
    assert {condition for statement in publishing for condition in statement.conditions} == set()


def _own(plan: Plan, function: str) -> list[Statement]:
    """Returns what this function may do beside what all may."""
    document = f"module.{function}.data.aws_iam_policy_document.this"
    return [
        statement
        for statement in plan.statements
        if statement.document.startswith(document) and statement.sid not in _OF_EVERY_FUNCTION
    ]


def people_hear_of_changes_and_offers_and_nothing_else(plan: Plan) -> None:
    [rule] = [rule for rule in plan.all("aws_cloudwatch_event_rule") if rule.key == _QUEUE]
    read = (code.PACKAGE / "services" / "notifications" / "bus_events.py").read_text()
    assert set(parsed(rule.values["event_pattern"])["detail-type"]) == set(_KIND.findall(read))


def one_bad_message_holds_up_no_other(plan: Plan) -> None:
    for mapping in plan.all("aws_lambda_event_source_mapping"):
        assert mapping.values["function_response_types"] == ["ReportBatchItemFailures"], mapping.key
        assert mapping.values["enabled"] is (not plan.choice("maintenance")), mapping.key
        queue = plan.named(f'aws_sqs_queue.consumer["{mapping.key}"]')
        run = _taker(plan, mapping.key).values["timeout"]
        assert queue.values["visibility_timeout_seconds"] >= _RUNS_BEFORE_A_REPEAT * run, mapping.key
        assert queue.values["message_retention_seconds"] == _TWO_WEEKS, mapping.key


def our_own_queues_are_read(plan: Plan) -> None:
    queues = {queue.key for queue in plan.all("aws_sqs_queue") if ".consumer" in queue.address}
    read = {mapping.key for mapping in plan.all("aws_lambda_event_source_mapping")}
    assert read == queues - set(plan.choice("event_consumers"))


def the_queue_leaves_room_for_other_callers(plan: Plan) -> None:
    """Otherwise a busy queue would keep the messenger from what is due, or an operator from a country's check."""
    for mapping in plan.all("aws_lambda_event_source_mapping"):
        reserved = _taker(plan, mapping.key).values["reserved_concurrent_executions"]
        taken = mapping.block("scaling_config")["maximum_concurrency"]
        others = _OTHER_CALLERS.get(mapping.key.partition("-")[0], 0)
        assert taken >= 2, "Lambda takes no smaller number"
        assert (plan.choice("maintenance") and not reserved) or taken <= reserved - others, mapping.key


def _taker(plan: Plan, queue: str) -> Resource:
    """Returns the function that a queue is for. It has the same name."""
    name = f"dentist-{plan.environment}-{queue}"
    [function] = [each for each in plan.functions().values() if each.values["function_name"] == name]
    return function


def reminders_are_planned_every_five_minutes(plan: Plan) -> None:
    [sweep] = [schedule for schedule in plan.all("aws_scheduler_schedule") if schedule.key == "sweep"]
    assert sweep.values["schedule_expression"] == "rate(5 minutes)"
    assert parsed(sweep.block("target")["input"]) == {"action": "sweep"}


def a_bounce_tells_a_number_and_a_kind_alone(plan: Plan) -> None:
    """SES tells addresses, subjects and headers, which no queue may hold."""
    targets = [target for target in plan.all("aws_cloudwatch_event_target") if ".mail" in target.address]
    assert {target.key for target in targets} == {"bounced", "complained"}
    for target in targets:
        transformer = target.block("input_transformer")
        paths = set(transformer["input_paths"].values())
        assert paths <= {f"$.detail.mail.tags.{_TAG}[0]", "$.detail.bounce.bounceType"}, target.address
        passed_on = json.loads(re.sub(r"<([\w.]+)>", r'"\1"', transformer["input_template"]))
        assert passed_on.keys() == {"detail-type", "detail"}, target.address
        assert passed_on["detail-type"] == f"mail.{target.key}"
        assert passed_on["detail"].keys() == {_TAG, "kind"}, target.address


def bounces_are_those_of_our_own_messages(plan: Plan) -> None:
    """Every environment of the account, and Cognito, has its e-mails on the same bus."""
    rules = [rule for rule in plan.all("aws_cloudwatch_event_rule") if ".mail" in rule.address]
    assert rules
    for rule in rules:
        pattern = parsed(rule.values["event_pattern"])
        assert pattern["source"] == ["aws.ses"]
        tags = pattern["detail"]["mail"]["tags"]
        assert tags == {"ses:configuration-set": [f"dentist-{plan.environment}-messages"], _TAG: [{"exists": True}]}
    for destination in plan.all("aws_sesv2_configuration_set_event_destination"):
        sent = destination.block("event_destination")
        assert sent["enabled"] is True
        assert set(sent["matching_event_types"]) == {"BOUNCE", "COMPLAINT"}
        assert sent["event_bridge_destination"][0]["event_bus_arn"].endswith(":event-bus/default")


def mails_travel_encrypted_and_not_to_bounced_addresses(plan: Plan) -> None:
    for messages in plan.all("aws_sesv2_configuration_set"):
        assert messages.block("delivery_options")["tls_policy"] == "REQUIRE"
        assert set(messages.block("suppression_options")["suppressed_reasons"]) == {"BOUNCE", "COMPLAINT"}


def whoever_runs_the_domain_learns_what_to_enter(plan: Plan) -> None:
    domain = plan.choice("mail_sender").partition("@")[2]
    [identity] = plan.all("aws_sesv2_email_identity")
    assert identity.values["email_identity"] == domain
    [returned] = plan.all("aws_sesv2_email_identity_mail_from_attributes")
    assert returned.values["mail_from_domain"] == f"bounces.{domain}"
    told = plan.configuration["root_module"]["outputs"]["mail_dns_records"]["expression"]["references"]
    assert "aws_sesv2_email_identity.messages.dkim_signing_attributes" in told
