# Three buckets: packages of the functions, exports that operators hand out, and the access logs of both.

locals {
  buckets = {
    packages = { key = aws_kms_key.service.arn, expire_days = null }
    # Personal data on its way to somebody: gone after a month.
    exports = { key = aws_kms_key.database.arn, expire_days = 30 }
    # S3 delivers its access logs only to buckets with S3's own key.
    logs = { key = null, expire_days = 365 }
  }
  package_sha256 = filesha256(var.package_path)
}

resource "aws_s3_bucket" "main" {
  for_each = local.buckets

  bucket        = "${local.name}-${each.key}-${local.account}-${var.region}"
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_public_access_block" "main" {
  for_each = local.buckets

  bucket                  = aws_s3_bucket.main[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "main" {
  for_each = local.buckets

  bucket = aws_s3_bucket.main[each.key].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "main" {
  for_each = local.buckets

  bucket = aws_s3_bucket.main[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "main" {
  for_each = local.buckets

  bucket = aws_s3_bucket.main[each.key].id

  rule {
    bucket_key_enabled = each.value.key != null

    apply_server_side_encryption_by_default {
      sse_algorithm     = each.value.key == null ? "AES256" : "aws:kms"
      kms_master_key_id = each.value.key
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "main" {
  for_each = local.buckets

  bucket = aws_s3_bucket.main[each.key].id

  rule {
    id     = "tidy"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }

    dynamic "expiration" {
      for_each = each.value.expire_days[*]

      content {
        days = expiration.value
      }
    }
  }
}

resource "aws_s3_bucket_logging" "main" {
  for_each = toset(["packages", "exports"])

  bucket        = aws_s3_bucket.main[each.key].id
  target_bucket = aws_s3_bucket.main["logs"].id
  target_prefix = "${each.key}/"

  depends_on = [aws_s3_bucket_policy.main]
}

data "aws_iam_policy_document" "bucket" {
  for_each = aws_s3_bucket.main

  statement {
    sid       = "OnlyOverTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [each.value.arn, "${each.value.arn}/*"]

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
    for_each = each.key == "logs" ? ["logs"] : []

    content {
      sid       = "S3DeliversAccessLogs"
      actions   = ["s3:PutObject"]
      resources = ["${each.value.arn}/*"]

      principals {
        type        = "Service"
        identifiers = ["logging.s3.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [local.account]
      }
    }
  }
}

resource "aws_s3_bucket_policy" "main" {
  for_each = local.buckets

  bucket = aws_s3_bucket.main[each.key].id
  policy = data.aws_iam_policy_document.bucket[each.key].json

  depends_on = [aws_s3_bucket_public_access_block.main]
}

resource "aws_s3_object" "package" {
  bucket      = aws_s3_bucket.main["packages"].id
  key         = "${local.package_sha256}.zip"
  source      = var.package_path
  source_hash = local.package_sha256

  depends_on = [aws_s3_bucket_versioning.main, aws_s3_bucket_server_side_encryption_configuration.main]
}
