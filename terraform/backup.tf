# A second copy of the automated backups, in another region, for the loss of the whole first one. docs/operations.md says
# how to restore from it.

resource "aws_kms_key" "backup" {
  count = var.backup_region == null ? 0 : 1

  # The key of the first region is lost with it.
  region                  = var.backup_region
  description             = "${local.name}: copies of the database's backups from ${var.region}"
  enable_key_rotation     = true
  deletion_window_in_days = var.secret_recovery_days
  policy                  = data.aws_iam_policy_document.database_key.json
}

resource "aws_kms_alias" "backup" {
  count = var.backup_region == null ? 0 : 1

  region        = var.backup_region
  name          = "alias/${local.name}-backup"
  target_key_id = aws_kms_key.backup[0].key_id
}

resource "aws_db_instance_automated_backups_replication" "main" {
  count = var.backup_region == null ? 0 : 1

  region                 = var.backup_region
  source_db_instance_arn = aws_db_instance.main[0].arn
  kms_key_id             = aws_kms_key.backup[0].arn
  retention_period       = var.backup_retention_days
}
