output "api_url" {
  description = "URL of the API."
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
  description = "Name of the function that operators invoke for migrations and for the bootstrap of the database's users."
  value       = module.migrate.alias_arn
}

output "operator_function" {
  description = "Name of the function that operators invoke for people, checks, export and erasure."
  value       = module.operator.alias_arn
}

output "api_function" {
  description = "Name of the API's function, which is also the CodeDeploy application."
  value       = module.api.name
}

output "before_traffic_function" {
  description = "Name of the function that tries a version of the API before a deployment shifts requests to it."
  value       = module.before_traffic.name
}

output "api_version" {
  description = "The version that was published last, to which a deployment shifts the alias `live`."
  value       = module.api.version
}

output "database_host" {
  description = "Endpoint for writing. It is reachable only from inside the VPC."
  value       = local.database.host
}

output "database_reader_host" {
  description = "Endpoint for reading. With RDS it is the same as the endpoint for writing."
  value       = local.database.reader_host
}

output "max_connections" {
  description = "The database's max_connections, against which api_concurrency is checked."
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
  description = "URL of the queue with messages that could not be processed."
  value       = aws_sqs_queue.failed.url
}

output "country_prefix" {
  description = "What the name of a country's function and queue begins with, for COUNTRY_PREFIX; its code in small letters follows."
  value       = "${local.name}-country-"
}

output "exports_bucket" {
  description = "Bucket for files with personal data that are handed over. They are deleted after a month."
  value       = aws_s3_bucket.main["exports"].id
}

output "dashboard" {
  description = "Name of the CloudWatch dashboard."
  value       = aws_cloudwatch_dashboard.main.dashboard_name
}

output "tags" {
  description = "The tags of all resources."
  value       = local.tags
}

output "mail_dns_records" {
  description = "What to enter in the DNS of mail_sender's domain: signatures (DKIM), the domain for returned mail (MX, SPF), and what receivers do with forgeries (DMARC)."
  value = concat(
    [
      for token in flatten(aws_sesv2_email_identity.messages.dkim_signing_attributes[*].tokens) :
      { name = "${token}._domainkey.${local.mail_domain}", type = "CNAME", value = "${token}.dkim.amazonses.com" }
    ],
    [
      { name = "bounces.${local.mail_domain}", type = "MX", value = "10 feedback-smtp.${var.region}.amazonses.com" },
      { name = "bounces.${local.mail_domain}", type = "TXT", value = "v=spf1 include:amazonses.com -all" },
      { name = "_dmarc.${local.mail_domain}", type = "TXT", value = "v=DMARC1; p=reject" },
    ],
  )
}

output "mail_configuration_set" {
  description = "Name of the configuration set of SES with which e-mails to people are sent."
  value       = aws_sesv2_configuration_set.messages.configuration_set_name
}

output "messenger_function" {
  description = "Name of the function that sends messages to people."
  value       = module.messenger.name
}
