# There are two keys, so that people who read logs and queues cannot read the database and its secrets.

locals {
  log_groups_arn = "arn:${local.partition}:logs:${var.region}:${local.account}:log-group:*"
}

data "aws_iam_policy_document" "database_key" {
  # In a key's policy `*` means the key itself.
  statement {
    sid       = "TheAccountDecidesByIam"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }
}

resource "aws_kms_key" "database" {
  description             = "${local.name}: database, its backups and secrets, exports"
  enable_key_rotation     = true
  deletion_window_in_days = var.secret_recovery_days
  policy                  = data.aws_iam_policy_document.database_key.json
}

resource "aws_kms_alias" "database" {
  name          = "alias/${local.name}-database"
  target_key_id = aws_kms_key.database.key_id
}

data "aws_iam_policy_document" "service_key" {
  source_policy_documents = [data.aws_iam_policy_document.database_key.json]

  statement {
    sid       = "CloudWatchEncryptsLogs"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = [local.log_groups_arn]
    }
  }

  statement {
    sid       = "SendersUseEncryptedQueuesAndTopics"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]

    principals {
      type = "Service"
      identifiers = [
        "budgets.amazonaws.com",
        "cloudwatch.amazonaws.com",
        "events.amazonaws.com",
      ]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_kms_key" "service" {
  description             = "${local.name}: logs, queues, topics, environment variables, packages"
  enable_key_rotation     = true
  deletion_window_in_days = var.secret_recovery_days
  policy                  = data.aws_iam_policy_document.service_key.json
}

resource "aws_kms_alias" "service" {
  name          = "alias/${local.name}-service"
  target_key_id = aws_kms_key.service.key_id
}
