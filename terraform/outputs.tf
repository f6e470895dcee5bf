output "api_url" {
  description = "Where callers find the API."
  value       = local.api_url
}

output "cognito_user_pool_id" {
  description = "The pool with everybody's account."
  value       = aws_cognito_user_pool.main.id
}

output "cognito_client_id" {
  description = "The client that applications log people in with; also the audience of their tokens."
  value       = aws_cognito_user_pool_client.main.id
}

output "migrate_function" {
  description = "To be invoked for migrations and for the bootstrap of the database's users."
  value       = module.migrate.alias_arn
}

output "operator_function" {
  description = "To be invoked for people, checks, export and erasure."
  value       = module.operator.alias_arn
}

output "api_function" {
  description = "Name of the API's function, which is also the CodeDeploy application."
  value       = module.api.name
}

output "api_version" {
  description = "The version published last: what a deployment shifts the alias `live` to."
  value       = module.api.version
}

output "database_host" {
  description = "Endpoint that writes. Reachable from inside the VPC only."
  value       = local.database.host
}

output "database_reader_host" {
  description = "Endpoint that reads; with RDS the same as the other."
  value       = local.database.reader_host
}

output "max_connections" {
  description = "What the database takes, and what api_concurrency is checked against."
  value       = local.max_connections
}

output "secrets" {
  description = "Names of the secrets of the database's users."
  value       = { for key, secret in aws_secretsmanager_secret.database : key => secret.name }
}

output "event_bus_name" {
  description = "The bus to add rules to."
  value       = aws_cloudwatch_event_bus.main.name
}

output "consumer_queues" {
  description = "URL of each consumer's queue."
  value       = { for name, queue in aws_sqs_queue.consumer : name => queue.url }
}

output "failed_queue" {
  description = "URL of the queue with what could not be processed."
  value       = aws_sqs_queue.failed.url
}

output "exports_bucket" {
  description = "For files with personal data on their way to somebody; they are gone after a month."
  value       = aws_s3_bucket.main["exports"].id
}

output "dashboard" {
  description = "Name of the CloudWatch dashboard."
  value       = aws_cloudwatch_dashboard.main.dashboard_name
}

output "tags" {
  description = "What everything is tagged with."
  value       = local.tags
}
