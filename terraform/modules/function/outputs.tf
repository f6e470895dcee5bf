output "name" {
  description = "The function's name."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "The function without version: for permissions, never for calls."
  value       = aws_lambda_function.this.arn
}

output "version" {
  description = "The version published last."
  value       = aws_lambda_function.this.version
}

output "alias_name" {
  description = "Name of the alias."
  value       = local.alias.name
}

output "alias_arn" {
  description = "What callers call."
  value       = local.alias.arn
}

output "alias_invoke_arn" {
  description = "The same as API Gateway wants it."
  value       = local.alias.invoke_arn
}

output "log_group_name" {
  description = "Where it logs."
  value       = aws_cloudwatch_log_group.this.name
}
