# Messages to people: where their e-mails come from, and how bounces and complaints come back. The functions are in
# functions.tf; the queue, what takes from it, and the schedules in events.tf.

locals {
  notifications_seconds = 60
  mail_domain           = reverse(split("@", var.mail_sender))[0]
}

# ---- e-mail ------------------------------------------------------------------------------------------

# SES signs with a key whose public half is in the domain's DNS (the output mail_dns_records).
resource "aws_sesv2_email_identity" "messages" {
  email_identity         = local.mail_domain
  configuration_set_name = aws_sesv2_configuration_set.messages.configuration_set_name

  dkim_signing_attributes {
    next_signing_key_length = "RSA_2048_BIT"
  }
}

# The domain to which mail servers return what they cannot deliver. Without its MX record SES takes one of its own.
resource "aws_sesv2_email_identity_mail_from_attributes" "messages" {
  email_identity         = aws_sesv2_email_identity.messages.email_identity
  mail_from_domain       = "bounces.${local.mail_domain}"
  behavior_on_mx_failure = "USE_DEFAULT_VALUE"
}

resource "aws_sesv2_configuration_set" "messages" {
  configuration_set_name = "${local.name}-messages"

  delivery_options {
    tls_policy = "REQUIRE"
  }

  # SES itself sends nothing more to an address that has bounced for good or complained.
  suppression_options {
    suppressed_reasons = ["BOUNCE", "COMPLAINT"]
  }
}

# ---- bounces and complaints --------------------------------------------------------------------------

# SES publishes to the default bus only.
resource "aws_sesv2_configuration_set_event_destination" "bus" {
  configuration_set_name = aws_sesv2_configuration_set.messages.configuration_set_name
  event_destination_name = "default-bus"

  event_destination {
    enabled              = true
    matching_event_types = ["BOUNCE", "COMPLAINT"]

    event_bridge_destination {
      event_bus_arn = "arn:${local.partition}:events:${var.region}:${local.account}:event-bus/default"
    }
  }
}

locals {
  # What SES calls it, what the function calls it, and of which kind it is. The lists of tags have one value each.
  mail_events = {
    bounced = {
      from_ses = "Email Bounced"
      paths    = { notification = "$.detail.mail.tags.notification_id[0]", kind = "$.detail.bounce.bounceType" }
      kind     = "<kind>"
    }
    # The kind of a complaint is often missing, and nothing depends on it.
    complained = {
      from_ses = "Email Complaint Received"
      paths    = { notification = "$.detail.mail.tags.notification_id[0]" }
      kind     = "\"Complaint\""
    }
  }
}

resource "aws_cloudwatch_event_rule" "mail" {
  for_each = local.mail_events

  name        = "${local.name}-mail-${each.key}"
  description = "E-mails to people that were ${each.key == "bounced" ? "returned" : "complained about"}"
  event_pattern = jsonencode({
    source      = ["aws.ses"]
    detail-type = [each.value.from_ses]
    detail = {
      mail = {
        tags = {
          "ses:configuration-set" = [aws_sesv2_configuration_set.messages.configuration_set_name]
          notification_id         = [{ exists = true }]
        }
      }
    }
  })
}

# SES tells the whole e-mail's headers and addresses. Only the message's number and the kind of bounce are passed on.
resource "aws_cloudwatch_event_target" "mail" {
  for_each = local.mail_events

  rule      = aws_cloudwatch_event_rule.mail[each.key].name
  target_id = "notifications"
  arn       = aws_sqs_queue.consumer["notifications"].arn

  input_transformer {
    input_paths    = each.value.paths
    input_template = "{\"detail-type\":\"mail.${each.key}\",\"detail\":{\"notification_id\":<notification>,\"kind\":${each.value.kind}}}"
  }

  dead_letter_config {
    arn = aws_sqs_queue.failed.arn
  }

  depends_on = [aws_sqs_queue_policy.consumer, aws_sqs_queue_policy.failed]
}
