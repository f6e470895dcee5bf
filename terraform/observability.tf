# Alarms, all of which send mail. docs/operations.md explains each alarm and what to do first.

locals {
  # The burn rate is how many times faster than allowed the error budget of 30 days is spent. The long window shows that
  # it matters, and the short window that it still goes on. Both have to agree.
  burn_rates = {
    fast = { rate = 14.4, long_seconds = 3600, short_seconds = 300 } # 2 % of the budget in an hour
    slow = { rate = 6, long_seconds = 21600, short_seconds = 1800 }  # 5 % of the budget in six hours
  }
  # With fewer requests in a window, one unlucky caller would set off the alarm.
  enough_requests = 20

  gateway_dimensions = { ApiId = aws_apigatewayv2_api.main.id, Stage = aws_apigatewayv2_stage.default.name }

  # `bad` is the percentage of requests that count against the objective.
  indicators = {
    availability = {
      budget      = 100 - var.objectives.available_percent
      metric      = "5xx"
      stat        = "Sum"
      bad         = "100 * measured / requests"
      description = "Requests end with 5xx"
    }
    latency = {
      budget      = 100 - var.objectives.fast_percent
      metric      = "Latency"
      stat        = "PR(${var.objectives.fast_ms}:)"
      bad         = "measured"
      description = "Requests take longer than ${var.objectives.fast_ms} ms"
    }
  }

  windows = merge([
    for indicator, measure in local.indicators : merge([
      for speed, burn in local.burn_rates : {
        for length, seconds in { long = burn.long_seconds, short = burn.short_seconds } :
        "${indicator}-${speed}-${length}" => merge(measure, { seconds = seconds, threshold = min(burn.rate * measure.budget, 99) })
      }
    ]...)
  ]...)

  burns = merge([
    for indicator, measure in local.indicators : {
      for speed, burn in local.burn_rates : "${indicator}-${speed}" => "${measure.description}: ${burn.rate} times what the objective allows"
    }
  ]...)
}

resource "aws_sns_topic" "alarms" {
  name              = "${local.name}-alarms"
  kms_master_key_id = aws_kms_key.service.arn
}

data "aws_iam_policy_document" "alarms" {
  statement {
    sid       = "AlarmsAndBudgetPublish"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms.arn]

    principals {
      type        = "Service"
      identifiers = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = data.aws_iam_policy_document.alarms.json
}

resource "aws_sns_topic_subscription" "mail" {
  for_each = toset(var.alarm_emails)

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.key
}

# ---- objectives ----------------------------------------------------------------------------------

# Halves of the alarms below, which notify nobody by themselves.
resource "aws_cloudwatch_metric_alarm" "window" {
  for_each = local.windows

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = "Half of the alarm of the same name; see there"
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "bad"
    label       = "% of requests"
    expression  = "IF(requests >= ${local.enough_requests}, ${each.value.bad}, 0)"
    return_data = true
  }

  metric_query {
    id = "requests"

    metric {
      namespace   = "AWS/ApiGateway"
      metric_name = "Count"
      dimensions  = local.gateway_dimensions
      period      = each.value.seconds
      stat        = "Sum"
    }
  }

  metric_query {
    id = "measured"

    metric {
      namespace   = "AWS/ApiGateway"
      metric_name = each.value.metric
      dimensions  = local.gateway_dimensions
      period      = each.value.seconds
      stat        = each.value.stat
    }
  }
}

resource "aws_cloudwatch_composite_alarm" "burn" {
  for_each = local.burns

  alarm_name        = "${local.name}-${each.key}"
  alarm_description = each.value
  alarm_rule        = join(" AND ", [for length in ["long", "short"] : "ALARM(\"${aws_cloudwatch_metric_alarm.window["${each.key}-${length}"].alarm_name}\")"])
  actions_enabled   = !var.maintenance
  alarm_actions     = [aws_sns_topic.alarms.arn]
  ok_actions        = [aws_sns_topic.alarms.arn]

  depends_on = [aws_sns_topic_policy.alarms]
}

# ---- everything else -----------------------------------------------------------------------------

locals {
  # The defaults of the alarms below. Each alarm states only how it differs.
  usual = { statistic = "Sum", comparison = "GreaterThanThreshold", threshold = 0, seconds = 300, periods = 1, missing = "notBreaching" }

  function_alarms = merge(
    {
      for key, function in local.functions : "${replace(key, "_", "-")}-throttled" => merge(local.usual, {
        namespace   = "AWS/Lambda", metric = "Throttles", dimensions = { FunctionName = function.name },
        description = "Calls of ${function.name} are refused: its reserved concurrency is used up"
      })
    },
    {
      for key, function in local.functions : "${replace(key, "_", "-")}-failed" => merge(local.usual, {
        namespace   = "AWS/Lambda", metric = "Errors", dimensions = { FunctionName = function.name },
        seconds     = key == "api" ? 60 : local.usual.seconds # a deployment of the API has only minutes
        description = "${function.name} ended with an exception or ran out of time"
      })
    },
    {
      for key in ["api", "operator"] : "${key}-internal-error" => merge(local.usual, {
        namespace   = "DentistAppointments", metric = "InternalError", dimensions = { service = local.functions[key].name },
        seconds     = 60,
        description = "An exception that nobody expected, in ${local.functions[key].name}"
      })
    },
    {
      for name, function in module.country_processor : "country-${name}-lag" => merge(local.usual, {
        namespace   = "DentistAppointments", metric = "RegisterLagSeconds", dimensions = { service = function.name },
        statistic   = "Maximum", threshold = 900, periods = 3,
        description = "Visits have come into the register of ${upper(name)} over a quarter of an hour after they were changed"
      })
    },
    {
      for name, function in module.country_processor : "country-${name}-registrations-failed" => merge(local.usual, {
        namespace   = "DentistAppointments", metric = "RegistrationFailed", dimensions = { service = function.name },
        description = "Visits could not be brought into the register of ${upper(name)}"
      })
    },
    {
      api-canary = merge(local.usual, {
        namespace   = "AWS/ApiGateway", metric = "5xx", dimensions = local.gateway_dimensions,
        seconds     = 60, threshold = 2,
        description = "More than two answers with 5xx in a minute: a deployment in progress is rolled back"
      })
      api-nearly-full = merge(local.usual, {
        namespace   = "AWS/Lambda", metric = "ConcurrentExecutions", dimensions = { FunctionName = module.api.name },
        statistic   = "Maximum", threshold = 0.8 * var.api_concurrency, seconds = 60, periods = 5,
        description = "The API uses over 80 % of its reserved concurrency"
      })
      freed-time-lag = merge(local.usual, {
        namespace   = "DentistAppointments", metric = "FreedTimeLagSeconds", dimensions = { service = module.waitlist.name },
        statistic   = "Maximum", threshold = 300, seconds = 60, periods = 5, missing = "breaching",
        description = "Freed time has waited over five minutes to be offered, or the schedule is silent"
      })
      offers-failed = merge(local.usual, {
        namespace   = "DentistAppointments", metric = "OffersFailed", dimensions = { service = module.api.name },
        threshold   = 5,
        description = "Requests could not offer the time that they have freed"
      })
      # A single message fails now and then: a number that is wrong, words that nobody can fill in.
      messages-failed = merge(local.usual, {
        namespace   = "DentistAppointments", metric = "MessagesFailed", dimensions = { service = module.notifications.name },
        threshold   = 20, seconds = 3600,
        description = "Over twenty messages to people have failed in an hour"
      })
      messages-lag = merge(local.usual, {
        namespace   = "DentistAppointments", metric = "OldestDueMessageSeconds", dimensions = { service = module.notifications.name },
        statistic   = "Maximum", threshold = 900, seconds = 300, periods = 3, missing = "breaching",
        description = "A message to somebody is over a quarter of an hour late, or nothing says how late they are"
      })
      outbox-lag = merge(local.usual, {
        namespace   = "DentistAppointments", metric = "OutboxLagSeconds", dimensions = { service = module.outbox_relay.name },
        statistic   = "Maximum", threshold = 300, seconds = 60, periods = 5, missing = "breaching",
        description = "Events have waited for over five minutes, or the relay is silent"
      })
    },
  )

  failure_queues = merge({ failed = aws_sqs_queue.failed }, { for name, queue in aws_sqs_queue.dead : "${name}-dead" => queue })
  queue_alarms = merge(
    {
      for name, queue in local.failure_queues : "queue-${name}" => merge(local.usual, {
        namespace   = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = queue.name },
        statistic   = "Maximum",
        description = "${queue.name} holds messages that could not be processed"
      })
    },
    {
      # SQS deletes messages after two weeks and tells nobody. People wait for what is in the queues of our own functions,
      # in which a message that fails stays for half an hour.
      for name, queue in merge(local.failure_queues, aws_sqs_queue.consumer) : "queue-${name}-age" => merge(local.usual, {
        namespace   = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", dimensions = { QueueName = queue.name },
        statistic   = "Maximum", threshold = contains(keys(local.takers), name) ? 3600 : 24 * 3600,
        description = "A message has been in ${queue.name} for over ${contains(keys(local.takers), name) ? "an hour" : "a day"}; after 14 days it is lost"
      })
    },
  )

  # AWS examines an account whose e-mails bounce at 5 % or are complained about at 0.1 %, and may stop them.
  mail_alarms = {
    mail-bounces = merge(local.usual, {
      namespace   = "AWS/SES", metric = "Reputation.BounceRate", dimensions = {},
      statistic   = "Maximum", threshold = 0.04, seconds = 3600,
      description = "Over 4 % of the account's e-mails bounce; from 5 % on AWS may stop them all"
    })
    mail-complaints = merge(local.usual, {
      namespace   = "AWS/SES", metric = "Reputation.ComplaintRate", dimensions = {},
      statistic   = "Maximum", threshold = 0.0008, seconds = 3600,
      description = "Over 0.08 % of the account's e-mails are complained about; from 0.1 % on AWS may stop them all"
    })
  }

  # The instances of RDS, by the beginning of their alarms' names.
  instances = merge(
    { for instance in aws_db_instance.main : "database" => instance },
    aws_db_instance.register,
  )

  instance_alarms = merge(
    {
      # RDS adds storage when less than a tenth is free, so half of that shows that it could not add enough.
      for key, instance in local.instances : "${key}-storage" => merge(local.database_usual, {
        dimensions  = { DBInstanceIdentifier = instance.identifier },
        metric      = "FreeStorageSpace", statistic = "Minimum", comparison = "LessThanThreshold",
        threshold   = 0.05 * instance.allocated_storage * local.gib,
        description = "Less than ${0.05 * instance.allocated_storage} GiB are free: storage has grown to its maximum, or fills faster than it grows"
      })
    },
    {
      # Burstable classes run on at full speed when their credits are used up, and bill it. From then on a larger class is
      # cheaper.
      for key, instance in local.instances : "${key}-credits" => merge(local.database_usual, {
        dimensions  = { DBInstanceIdentifier = instance.identifier },
        metric      = "CPUSurplusCreditsCharged", statistic = "Maximum",
        description = "${instance.identifier} needs more CPU than its class has, and the surplus is billed"
      })
      if startswith(instance.instance_class, "db.t")
    },
  )

  database_dimensions = local.aurora ? { DBClusterIdentifier = local.database.id } : { DBInstanceIdentifier = local.database.id }
  database_usual      = merge(local.usual, { namespace = "AWS/RDS", dimensions = local.database_dimensions, statistic = "Average", periods = 3 })
  gib                 = 1024 * 1024 * 1024

  database_alarms = merge(
    {
      database-cpu = merge(local.database_usual, {
        metric = "CPUUtilization", threshold = 80, description = "The database's CPU has been over 80 % for a quarter of an hour"
      })
      database-connections = merge(local.database_usual, {
        metric      = "DatabaseConnections", statistic = "Maximum", threshold = floor(0.8 * local.max_connections),
        description = "Over 80 % of ${local.max_connections} connections are in use"
      })
      database-memory = merge(local.database_usual, {
        metric      = "FreeableMemory", comparison = "LessThanThreshold", threshold = 0.05 * local.memory_gib * local.gib,
        description = "Less than 5 % of the database's memory is free"
      })
      database-deadlocks = merge(local.usual, {
        namespace   = "DentistAppointments", metric = "TransactionRetried", dimensions = { service = module.api.name },
        threshold   = 50,
        description = "Over 50 transactions in five minutes met a lock or a deadlock and were repeated"
      })
    },
    local.aurora ? {
      database-capacity = merge(local.database_usual, {
        metric = "ACUUtilization", threshold = 90, description = "The cluster is close to aurora_capacity.maximum"
      })
    } : {},
    # Only a cluster has readers: RDS makes no replica of an instance whose master password it manages.
    local.aurora && var.aurora_capacity.instances > 1 ? {
      database-replica-lag = merge(local.database_usual, {
        metric      = "AuroraReplicaLagMaximum", statistic = "Maximum", threshold = 1000,
        description = "A reader is over a second behind the writer"
      })
    } : {},
  )

  alarms = merge(local.function_alarms, local.queue_alarms, local.mail_alarms, local.database_alarms, local.instance_alarms)

  # Calls are refused, schedules are silent and messages wait. The alarms on objectives follow from the same refusals.
  set_off_by_maintenance = concat(
    ["api-canary", "api-throttled", "cognito-throttled", "freed-time-lag", "messages-lag", "outbox-lag"],
    [for name in keys(local.takers) : "queue-${name}-age"],
  )
}

resource "aws_cloudwatch_metric_alarm" "main" {
  for_each = local.alarms

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.seconds
  evaluation_periods  = each.value.periods
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  actions_enabled     = !(var.maintenance && contains(local.set_off_by_maintenance, each.key))
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  depends_on = [aws_sns_topic_policy.alarms]
}

# How many requests are refused differs between clinics, hours and days of the week, so CloudWatch learns what is usual
# from the last two weeks.
resource "aws_cloudwatch_metric_alarm" "refusals" {
  alarm_name          = "${local.name}-refusals"
  alarm_description   = "For two hours a larger share of requests has ended with 4xx than is usual at this time of the week"
  comparison_operator = "GreaterThanUpperThreshold"
  threshold_metric_id = "usual"
  evaluation_periods  = 2
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "usual"
    label       = "Usual"
    expression  = "ANOMALY_DETECTION_BAND(refused, 3)"
    return_data = true
  }

  metric_query {
    id          = "refused"
    label       = "% of requests"
    expression  = "IF(requests >= ${local.enough_requests}, 100 * errors / requests, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { requests = "Count", errors = "4xx" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/ApiGateway"
        metric_name = metric_query.value
        dimensions  = local.gateway_dimensions
        period      = 3600
        stat        = "Sum"
      }
    }
  }

  depends_on = [aws_sns_topic_policy.alarms]
}

# ---- dashboard -----------------------------------------------------------------------------------

locals {
  gateway = flatten([for key, value in local.gateway_dimensions : [key, value]])

  charts = concat(local.own_charts, local.registers ? [
    { title = "Registers of countries: seconds behind", stat = "Maximum", metrics = [for function in module.country_processor : ["DentistAppointments", "RegisterLagSeconds", "service", function.name]] },
    { title = "Registers of countries: registrations that failed", stat = "Sum", metrics = [for function in module.country_processor : ["DentistAppointments", "RegistrationFailed", "service", function.name]] },
  ] : [])
  own_charts = [
    { title = "Requests", stat = "Sum", metrics = [for metric in ["Count", "4xx", "5xx"] : concat(["AWS/ApiGateway", metric], local.gateway)] },
    { title = "Latency, ms", stat = "p99", metrics = [for metric in ["Latency", "IntegrationLatency"] : concat(["AWS/ApiGateway", metric], local.gateway)] },
    { title = "Functions at the same time", stat = "Maximum", metrics = [for function in local.functions : ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", function.name]] },
    { title = "Functions that failed", stat = "Sum", metrics = [for function in local.functions : ["AWS/Lambda", "Errors", "FunctionName", function.name]] },
    { title = "Database", stat = "Average", metrics = [for metric in ["CPUUtilization", "DatabaseConnections"] : concat(["AWS/RDS", metric], flatten([for key, value in local.database_dimensions : [key, value]]))] },
    { title = "Outbox: seconds behind", stat = "Maximum", metrics = [["DentistAppointments", "OutboxLagSeconds", "service", module.outbox_relay.name]] },
    { title = "Waitlist: seconds behind", stat = "Maximum", metrics = [["DentistAppointments", "FreedTimeLagSeconds", "service", module.waitlist.name]] },
    { title = "Messages to people: seconds behind", stat = "Maximum", metrics = [["DentistAppointments", "OldestDueMessageSeconds", "service", module.notifications.name]] },
    { title = "Messages to people", stat = "Sum", metrics = [for metric in ["MessagesFailed", "MessageOutcomeUnknown", "MessageLeaseExpired"] : ["DentistAppointments", metric, "service", module.notifications.name]] },
  ]
}

resource "aws_cloudwatch_dashboard" "main" {
  dashboard_name = local.name
  dashboard_body = jsonencode({
    widgets = [
      for index, chart in local.charts : {
        type       = "metric"
        x          = index % 2 * 12
        y          = floor(index / 2) * 6
        width      = 12
        height     = 6
        properties = merge(chart, { region = var.region, period = 60, view = "timeSeries" })
      }
    ]
  })
}

# ---- money ---------------------------------------------------------------------------------------

# Budgets know no region, and two regions may hold an environment of this name while one is replaced by the other.
resource "aws_budgets_budget" "monthly" {
  name         = "${local.name}-${var.region}"
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(var.monthly_budget_usd)
  limit_unit   = "USD"

  # `environment` has to be switched on as a cost allocation tag, once in an account.
  cost_filter {
    name   = "TagKeyValue"
    values = [format("user:environment$%s", var.environment)]
  }

  dynamic "notification" {
    for_each = { ACTUAL = 80, FORECASTED = 100 }

    content {
      notification_type         = notification.key
      comparison_operator       = "GREATER_THAN"
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      subscriber_sns_topic_arns = [aws_sns_topic.alarms.arn]
    }
  }
  # Budgets may publish only once the topic's policy says so.
  depends_on = [aws_sns_topic_policy.alarms]
}
