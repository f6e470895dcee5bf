# One Lambda with its log group, its role, its versions and the alias `live`, through which it is called.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

locals {
  arn = "${var.common.arn_prefix}${var.name}"
  network_actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
  ]
}

# The log group is declared before the function, which would otherwise create one without retention and our key.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.common.log_retention_days
  kms_key_id        = var.common.kms_key_arn
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "LambdaAssumesTheRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = "${var.name}-${var.common.region}"
  description        = "Execution role of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }

  # These actions do not support resources: AWS takes them only with `*`.
  dynamic "statement" {
    for_each = var.in_vpc ? [local.network_actions] : []

    content {
      sid       = "AttachToTheNetwork"
      actions   = statement.value
      resources = ["*"]
    }
  }

  # Lambda itself needs the statement above; the code that runs in the function does not get it.
  dynamic "statement" {
    for_each = var.in_vpc ? [local.network_actions] : []

    content {
      sid       = "KeepTheNetworkFromTheCode"
      effect    = "Deny"
      actions   = statement.value
      resources = ["*"]

      condition {
        test     = "ArnEquals"
        variable = "lambda:SourceFunctionArn"
        values   = [local.arn]
      }
    }
  }

  statement {
    sid       = "KeepFailedEvents"
    actions   = ["sqs:SendMessage"]
    resources = [var.common.failure_queue_arn]
  }

  statement {
    sid       = "UseTheKeyOfQueueAndEnvironment"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.common.kms_key_arn]
  }

  dynamic "statement" {
    for_each = var.statements

    content {
      sid       = statement.value.sid
      effect    = statement.value.effect
      actions   = statement.value.actions
      resources = statement.value.resources

      dynamic "condition" {
        for_each = statement.value.conditions

        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}

resource "aws_iam_role_policy" "this" {
  name   = "function"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this.json
}

resource "aws_lambda_function" "this" {
  function_name                  = var.name
  description                    = var.description
  role                           = aws_iam_role.this.arn
  handler                        = var.handler
  runtime                        = "python3.13"
  architectures                  = ["arm64"]
  s3_bucket                      = var.common.package.bucket
  s3_key                         = var.common.package.key
  source_code_hash               = var.common.package.sha256
  publish                        = true
  memory_size                    = var.memory_mib
  timeout                        = var.timeout_seconds
  reserved_concurrent_executions = var.concurrency
  kms_key_arn                    = var.common.kms_key_arn

  environment {
    variables = merge(var.environment, {
      POWERTOOLS_SERVICE_NAME = var.name
      POWERTOOLS_LOG_LEVEL    = "INFO"
    })
  }

  dynamic "vpc_config" {
    for_each = var.in_vpc ? [var.common] : []

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = [vpc_config.value.security_group_id]
    }
  }

  dynamic "snap_start" {
    for_each = var.snapstart ? ["PublishedVersions"] : []

    content {
      apply_on = snap_start.value
    }
  }

  depends_on = [aws_iam_role_policy.this]
}

resource "aws_lambda_alias" "live" {
  count = var.shifted_by_codedeploy ? 0 : 1

  name             = "live"
  description      = "The version that is called"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
}

resource "aws_lambda_alias" "shifted" {
  count = var.shifted_by_codedeploy ? 1 : 0

  name             = "live"
  description      = "The version that is called; CodeDeploy shifts it"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version

  lifecycle {
    # Terraform creates the alias and publishes versions. If it also moved the alias, every request would get the new
    # version at once, and the next apply after a rollback would undo the rollback.
    ignore_changes = [function_version, routing_config]
  }
}

# It belongs to the alias, so that it follows whatever version the alias leads to.
resource "aws_lambda_provisioned_concurrency_config" "this" {
  count = var.provisioned > 0 ? 1 : 0

  function_name                     = aws_lambda_function.this.function_name
  qualifier                         = local.alias.name
  provisioned_concurrent_executions = var.provisioned
}

resource "aws_lambda_function_event_invoke_config" "this" {
  function_name          = aws_lambda_function.this.function_name
  qualifier              = local.alias.name
  maximum_retry_attempts = var.retries

  destination_config {
    on_failure {
      destination = var.common.failure_queue_arn
    }
  }
}

locals {
  alias = one(concat(aws_lambda_alias.live, aws_lambda_alias.shifted))
}
