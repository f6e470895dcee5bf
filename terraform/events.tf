# The bus, a queue for each consumer, the schedules, and the queues for everything that could not be delivered.

resource "aws_cloudwatch_event_bus" "main" {
  name        = local.name
  description = "What happens to appointments: ids and words only (docs/events.md)"
}

# The archive replays past events for a new consumer, or for one that has lost its messages.
resource "aws_cloudwatch_event_archive" "main" {
  name             = local.name
  description      = "Everything that was sent"
  event_source_arn = aws_cloudwatch_event_bus.main.arn
  retention_days   = 90
}

# ---- queues --------------------------------------------------------------------------------------

locals {
  two_weeks = 14 * 24 * 3600

  event_source = "dentist-appointments"
  # A condition for whoever publishes. AWS has this key as a list, though an event always has one source.
  in_our_name = { test = "ForAllValues:StringEquals", variable = "events:source", values = [local.event_source] }

  # A queue each. Our own functions tell people of changes and offers (messages.tf), and keep the registers of countries
  # (countries.tf); the others are programs elsewhere, whose functions may take 30 s. Kinds that tell nobody are not sent
  # to the first.
  consumers = merge(
    { for name, kinds in var.event_consumers : name => { kinds = kinds, seconds = 30, receives = 5, detail = {} } },
    {
      for name, country in local.countries : "country-${name}" => {
        kinds    = local.registered_kinds
        seconds  = local.register_seconds
        receives = local.register_receives
        detail   = { country = [country.code] }
      }
    },
    local.registers ? {
      registration = {
        kinds    = local.outcomes
        seconds  = local.register_seconds
        receives = 5
        detail   = {}
      }
    } : {},
    {
      notifications = {
        kinds = [
          "appointment.requested",
          "appointment.booked",
          "appointment.confirmed",
          "appointment.moved",
          "appointment.cancelled",
          "waitlist.offered",
        ]
        seconds  = local.notifications_seconds
        receives = 5
        detail   = {}
      }
    },
  )
}

# Events of asynchronous calls and schedules that failed for good, and messages that a rule could not deliver.
resource "aws_sqs_queue" "failed" {
  name                      = "${local.name}-failed"
  kms_master_key_id         = aws_kms_key.service.arn
  message_retention_seconds = local.two_weeks
}

resource "aws_sqs_queue" "consumer" {
  for_each = local.consumers

  name                       = "${local.name}-${each.key}"
  kms_master_key_id          = aws_kms_key.service.arn
  message_retention_seconds  = local.two_weeks
  visibility_timeout_seconds = 6 * each.value.seconds # of one run, as Lambda asks of a queue
  receive_wait_time_seconds  = 20

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead[each.key].arn
    maxReceiveCount     = each.value.receives
  })
}

resource "aws_sqs_queue" "dead" {
  for_each = local.consumers

  name                      = "${local.name}-${each.key}-dead"
  kms_master_key_id         = aws_kms_key.service.arn
  message_retention_seconds = local.two_weeks
}

resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  for_each = local.consumers

  queue_url = aws_sqs_queue.dead[each.key].url
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.consumer[each.key].arn]
  })
}

resource "aws_cloudwatch_event_rule" "consumer" {
  for_each = local.consumers

  name           = "${local.name}-${each.key}"
  description    = "Events for ${each.key}"
  event_bus_name = aws_cloudwatch_event_bus.main.name
  event_pattern = jsonencode(merge(
    { source = [local.event_source], detail-type = each.value.kinds },
    length(each.value.detail) > 0 ? { detail = each.value.detail } : {},
  ))
}

resource "aws_cloudwatch_event_target" "consumer" {
  for_each = local.consumers

  rule           = aws_cloudwatch_event_rule.consumer[each.key].name
  event_bus_name = aws_cloudwatch_event_bus.main.name
  target_id      = each.key
  arn            = aws_sqs_queue.consumer[each.key].arn

  dead_letter_config {
    arn = aws_sqs_queue.failed.arn
  }

  depends_on = [aws_sqs_queue_policy.consumer, aws_sqs_queue_policy.failed]
}

data "aws_iam_policy_document" "queue" {
  for_each = merge(
    { failed = { arn = aws_sqs_queue.failed.arn, rules = values(merge(aws_cloudwatch_event_rule.consumer, aws_cloudwatch_event_rule.mail))[*].arn } },
    {
      for name, queue in aws_sqs_queue.consumer : name => {
        arn   = queue.arn
        rules = concat([aws_cloudwatch_event_rule.consumer[name].arn], name == "notifications" ? values(aws_cloudwatch_event_rule.mail)[*].arn : [])
      }
    },
  )

  statement {
    sid       = "OnlyOverTls"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [each.value.arn]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  dynamic "statement" {
    for_each = length(each.value.rules) > 0 ? [each.value.rules] : []

    content {
      sid       = "RulesSend"
      actions   = ["sqs:SendMessage"]
      resources = [each.value.arn]

      principals {
        type        = "Service"
        identifiers = ["events.amazonaws.com"]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = statement.value
      }
    }
  }
}

resource "aws_sqs_queue_policy" "failed" {
  queue_url = aws_sqs_queue.failed.url
  policy    = data.aws_iam_policy_document.queue["failed"].json
}

resource "aws_sqs_queue_policy" "consumer" {
  for_each = local.consumers

  queue_url = aws_sqs_queue.consumer[each.key].url
  policy    = data.aws_iam_policy_document.queue[each.key].json
}

# ---- from queues to functions --------------------------------------------------------------------

locals {
  # Lambda takes messages from these queues for the function. How many of its executions may do so depends on who else
  # calls it: the sweep and the messenger need two of `notifications`, and an operator's check one of a country.
  takers = merge(
    { notifications = { function = module.notifications.alias_arn, executions = local.application_concurrency.notifications - 2 } },
    { for function in module.registration : "registration" => { function = function.alias_arn, executions = local.application_concurrency.registration } },
    { for name, function in module.country_processor : "country-${name}" => { function = function.alias_arn, executions = local.country_concurrency - 1 } },
  )
}

moved {
  from = aws_lambda_event_source_mapping.notifications
  to   = aws_lambda_event_source_mapping.consumer["notifications"]
}

resource "aws_lambda_event_source_mapping" "consumer" {
  for_each = local.takers

  event_source_arn        = aws_sqs_queue.consumer[each.key].arn
  function_name           = each.value.function
  enabled                 = !var.maintenance
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = each.value.executions
  }
}

# ---- schedules -----------------------------------------------------------------------------------

locals {
  schedules = {
    relay = { every = "rate(1 minute)", function = module.outbox_relay.alias_arn, input = {} }
    # Handles lapsed offers, and freed time that nobody has been offered yet (services/waitlist_schedule.py).
    waitlist = { every = "rate(1 minute)", function = module.waitlist.alias_arn, input = {} }
    # Plans the reminders that will be due soon (services/notifications/sweeping.py).
    sweep = { every = "rate(5 minutes)", function = module.notifications.alias_arn, input = { action = "sweep" } }
    # Sends what is due.
    messenger = { every = "rate(1 minute)", function = module.messenger.alias_arn, input = {} }
    # Deletes claims, keys and tokens that are no longer needed (services/operators/purging.py).
    purge = { every = "cron(40 3 * * ? *)", function = module.operator.alias_arn, input = { action = "purge" } }
  }
}

data "aws_iam_policy_document" "scheduler_trust" {
  statement {
    sid     = "TheSchedulerAssumesTheRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    sid       = "CallFunctions"
    actions   = ["lambda:InvokeFunction"]
    resources = [for schedule in local.schedules : schedule.function]
  }

  statement {
    sid       = "KeepWhatCouldNotBeCalled"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.failed.arn]
  }

  statement {
    sid       = "EncryptIt"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [aws_kms_key.service.arn]
  }
}

resource "aws_iam_role" "scheduler" {
  name               = "${local.name}-scheduler-${var.region}"
  description        = "Calls functions by the clock"
  assume_role_policy = data.aws_iam_policy_document.scheduler_trust.json
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "scheduler"
  role   = aws_iam_role.scheduler.id
  policy = data.aws_iam_policy_document.scheduler.json
}

resource "aws_scheduler_schedule_group" "main" {
  name = local.name
}

resource "aws_scheduler_schedule" "main" {
  for_each = local.schedules

  name                = each.key
  group_name          = aws_scheduler_schedule_group.main.name
  schedule_expression = each.value.every
  state               = var.maintenance ? "DISABLED" : "ENABLED"
  kms_key_arn         = aws_kms_key.service.arn

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = each.value.function
    role_arn = aws_iam_role.scheduler.arn
    input    = jsonencode(each.value.input)

    # The next run does the work of a run that failed.
    retry_policy {
      maximum_event_age_in_seconds = 60
      maximum_retry_attempts       = 1
    }

    dead_letter_config {
      arn = aws_sqs_queue.failed.arn
    }
  }

  depends_on = [aws_iam_role_policy.scheduler]
}
