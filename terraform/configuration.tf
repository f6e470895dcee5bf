# What other programs need to know about this environment. Nothing here is secret.

locals {
  configuration = {
    api_url              = local.api_url
    cognito_user_pool_id = aws_cognito_user_pool.main.id
    cognito_client_id    = aws_cognito_user_pool_client.main.id
    event_bus_name       = aws_cloudwatch_event_bus.main.name
    migrate_function     = module.migrate.alias_arn
    operator_function    = module.operator.alias_arn
    package_sha256       = local.package_sha256
  }
}

resource "aws_ssm_parameter" "main" {
  for_each = local.configuration

  name        = "/${local.name}/${each.key}"
  description = "Set by Terraform"
  type        = "String"
  value       = each.value
}
