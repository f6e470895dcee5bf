# Two secrets with the standard keys (engine, host, port, username, password, dbname). Terraform creates them empty and
# never holds a value: the migration function's `bootstrap` fills them, and `rotate_secret` changes them. The secret of
# the master user belongs to RDS, which rotates it.

resource "aws_secretsmanager_secret" "database" {
  for_each = {
    app      = "The application's database user: rows only. Two users take turns"
    migrator = "The migrations' database user: tables. Cannot log in for the seconds of its rotation"
  }

  name                    = "${local.name}/database/${each.key}"
  description             = each.value
  kms_key_id              = aws_kms_key.database.arn
  recovery_window_in_days = var.secret_recovery_days
}

resource "aws_secretsmanager_secret_rotation" "database" {
  for_each = toset(var.rotation.enabled && !var.maintenance ? ["app", "migrator"] : [])

  secret_id           = aws_secretsmanager_secret.database[each.key].id
  rotation_lambda_arn = module.rotate_secret.alias_arn
  rotate_immediately  = false

  rotation_rules {
    automatically_after_days = var.rotation.days
  }

  depends_on = [aws_lambda_permission.rotation]
}

resource "aws_lambda_permission" "rotation" {
  for_each = aws_secretsmanager_secret.database

  statement_id   = "SecretsManagerRotatesTheSecretOf${title(each.key)}"
  action         = "lambda:InvokeFunction"
  function_name  = module.rotate_secret.name
  qualifier      = module.rotate_secret.alias_name
  principal      = "secretsmanager.amazonaws.com"
  source_arn     = each.value.arn
  source_account = local.account
}
