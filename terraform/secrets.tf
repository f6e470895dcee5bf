# Two secrets with the standard keys (engine, host, port, username, password, dbname). Terraform makes them empty and
# never holds a value: the migration function's `bootstrap` fills them, and `rotate_secret` changes the application's.
# The master's secret belongs to RDS, which rotates it.

resource "aws_secretsmanager_secret" "database" {
  for_each = {
    app      = "The application's database user: rows only. Rotates between two users"
    migrator = "The migrations' database user: tables"
  }

  name                    = "${local.name}/database/${each.key}"
  description             = each.value
  kms_key_id              = aws_kms_key.database.arn
  recovery_window_in_days = var.secret_recovery_days
}

resource "aws_secretsmanager_secret_rotation" "app" {
  count = var.rotation.enabled ? 1 : 0

  secret_id           = aws_secretsmanager_secret.database["app"].id
  rotation_lambda_arn = module.rotate_secret.alias_arn
  rotate_immediately  = false

  rotation_rules {
    automatically_after_days = var.rotation.days
  }

  depends_on = [aws_lambda_permission.rotation]
}

resource "aws_lambda_permission" "rotation" {
  statement_id   = "SecretsManagerRotatesTheApplicationsSecret"
  action         = "lambda:InvokeFunction"
  function_name  = module.rotate_secret.name
  qualifier      = module.rotate_secret.alias_name
  principal      = "secretsmanager.amazonaws.com"
  source_arn     = aws_secretsmanager_secret.database["app"].arn
  source_account = local.account
}
