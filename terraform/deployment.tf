# A new version of the API is tried, then gets a tenth of the requests, and an alarm in those minutes rolls it back.

data "aws_iam_policy_document" "codedeploy_trust" {
  statement {
    sid     = "CodeDeployAssumesTheRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["codedeploy.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "codedeploy" {
  statement {
    sid       = "ShiftTheAlias"
    actions   = ["lambda:GetAlias", "lambda:GetFunction", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"]
    resources = [module.api.arn, "${module.api.arn}:*"]
  }

  statement {
    sid       = "TryTheVersionFirst"
    actions   = ["lambda:InvokeFunction"]
    resources = [module.before_traffic.arn]
  }

  # CloudWatch allows this for all alarms or for none.
  statement {
    sid       = "WatchAlarms"
    actions   = ["cloudwatch:DescribeAlarms"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "codedeploy" {
  name               = "${local.name}-codedeploy-${var.region}"
  description        = "Shifts the API's alias"
  assume_role_policy = data.aws_iam_policy_document.codedeploy_trust.json
}

resource "aws_iam_role_policy" "codedeploy" {
  name   = "codedeploy"
  role   = aws_iam_role.codedeploy.id
  policy = data.aws_iam_policy_document.codedeploy.json
}

resource "aws_codedeploy_app" "api" {
  name             = module.api.name
  compute_platform = "Lambda"
}

resource "aws_codedeploy_deployment_group" "api" {
  app_name               = aws_codedeploy_app.api.name
  deployment_group_name  = "live"
  deployment_config_name = var.deployment_config
  service_role_arn       = aws_iam_role.codedeploy.arn

  deployment_style {
    deployment_option = "WITH_TRAFFIC_CONTROL"
    deployment_type   = "BLUE_GREEN"
  }

  alarm_configuration {
    enabled = true
    alarms  = [for key in ["api-canary", "api-failed", "api-internal-error"] : aws_cloudwatch_metric_alarm.main[key].alarm_name]
  }

  auto_rollback_configuration {
    enabled = true
    events  = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]
  }

  depends_on = [aws_iam_role_policy.codedeploy]
}
