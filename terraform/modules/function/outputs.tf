output "name" {
  description = "The function's name."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "ARN of the function without a version: for permissions, never for calls."
  value       = aws_lambda_function.this.arn
}

output "version" {
  description = "The version that was published last."
  value       = aws_lambda_function.this.version
}

output "alias_name" {
  description = "Name of the alias."
  value       = local.alias.name
}

output "alias_arn" {
  description = "ARN of the alias, which callers invoke."
  value       = local.alias.arn
}

output "alias_invoke_arn" {
  description = "ARN of the alias in the form that API Gateway needs."
  value       = local.alias.invoke_arn
}

output "log_group_name" {
  description = "Name of the function's log group."
  value       = aws_cloudwatch_log_group.this.name
}
