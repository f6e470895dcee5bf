# Secrets with the standard keys (engine, host, port, username, password, dbname). Terraform creates them empty and
# never holds a value: the migration function's `bootstrap` fills them, and `rotate_secret` changes them. The secret of
# the master user belongs to RDS, which rotates it.

locals {
  users = {
    app      = "The application's database user: rows only. Two users take turns"
    migrator = "The migrations' database user: tables. Cannot log in for the seconds of its rotation"
  }
  main_users = merge(local.users, local.registers ? {
    reader = "Reads the columns that the registers of countries are made of. Two users take turns"
  } : {})
  secrets = merge(
    { for user, description in local.main_users : user => { name = "database/${user}", description = description } },
    merge([
      for name in keys(local.countries) : {
        for user, description in local.users : "${name}/${user}" => { name = "register/${name}/${user}", description = description }
      }
    ]...),
  )
}

resource "aws_secretsmanager_secret" "database" {
  for_each = local.secrets

  name                    = "${local.name}/${each.value.name}"
  description             = each.value.description
  kms_key_id              = aws_kms_key.database.arn
  recovery_window_in_days = var.secret_recovery_days
}

resource "aws_secretsmanager_secret_rotation" "database" {
  for_each = toset(var.rotation.enabled && !var.maintenance ? keys(local.secrets) : [])

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

  statement_id   = "SecretsManagerRotatesTheSecretOf${replace(title(each.key), "/", "")}"
  action         = "lambda:InvokeFunction"
  function_name  = module.rotate_secret.name
  qualifier      = module.rotate_secret.alias_name
  principal      = "secretsmanager.amazonaws.com"
  source_arn     = each.value.arn
  source_account = local.account
}
