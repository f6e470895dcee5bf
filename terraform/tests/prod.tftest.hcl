# environments/prod.tfvars, and the other shapes that prod can take: terraform test -var-file=environments/prod.tfvars
# Nothing is asked of AWS: what a plan could not know anyway is made up. Policies are looked at in tests/terraform.
mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-west-1a", "eu-west-1b", "eu-west-1c"] }
  }
}

run "prod" {
  command = plan

  assert {
    condition     = local.production && local.tags.environment == "prod"
    error_message = "This is not prod."
  }

  assert {
    condition     = length(aws_subnet.private) == 3
    error_message = "Prod stands in three zones."
  }

  assert {
    condition     = alltrue([for zones in local.endpoints : zones == 3])
    error_message = "Prod loses a zone without losing an endpoint."
  }

  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.main), "database-credits")
    error_message = "Only burstable classes have credits."
  }

  assert {
    condition     = aws_db_instance.main[0].multi_az && aws_db_instance.main[0].deletion_protection
    error_message = "The database of prod survives the loss of a zone and cannot be deleted."
  }

  assert {
    condition     = !aws_db_instance.main[0].skip_final_snapshot && !aws_db_instance.main[0].delete_automated_backups
    error_message = "The database of prod leaves its backups behind."
  }

  assert {
    condition     = aws_db_instance.main[0].performance_insights_enabled
    error_message = "Somebody has to be able to see what the database of prod does."
  }

  assert {
    condition     = !contains(aws_cognito_user_pool_client.main.explicit_auth_flows, "ALLOW_USER_PASSWORD_AUTH")
    error_message = "Passwords are never sent in prod."
  }

  assert {
    condition     = aws_cognito_user_pool.main.email_configuration[0].email_sending_account == "DEVELOPER"
    error_message = "Cognito's own mailer would stop after 50 mails a day."
  }

  assert {
    condition     = alltrue([for schedule in aws_scheduler_schedule.main : schedule.state == "ENABLED"]) && local.admitted_concurrency == local.application_concurrency
    error_message = "Prod is not in maintenance."
  }

  assert {
    condition     = aws_codedeploy_deployment_group.api.deployment_config_name == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
    error_message = "A new version meets a tenth of the requests first."
  }

  assert {
    condition     = local.used_connections == 200 + 2 + 1 + 1 + 5 + 5 + 2 + 2 && local.max_connections == 512
    error_message = "Each function's concurrency counts as connections."
  }

  assert {
    condition     = aws_sesv2_email_identity.messages.email_identity == "visits.example.com" && aws_sesv2_email_identity_mail_from_attributes.messages.mail_from_domain == "bounces.visits.example.com"
    error_message = "Patients get their e-mails from the domain of mail_sender."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.consumer["notifications"].enabled && keys(aws_sqs_queue.consumer) == ["notifications"]
    error_message = "The queue of messages to people is there without being chosen, and is read."
  }

  assert {
    condition     = !anytrue([for bucket in aws_s3_bucket.main : bucket.force_destroy])
    error_message = "Buckets of prod are not emptied by a destroy."
  }
}

run "aurora" {
  command = plan

  variables {
    database_engine = "aurora-mysql"
    aurora_capacity = { minimum = 1, maximum = 16, instances = 2 }
  }

  assert {
    condition     = length(aws_db_instance.main) == 0 && length(aws_rds_cluster_instance.main) == 2
    error_message = "A cluster takes the place of the instance."
  }

  assert {
    condition     = aws_rds_cluster.main[0].storage_encrypted && aws_rds_cluster.main[0].deletion_protection && aws_rds_cluster.main[0].manage_master_user_password
    error_message = "The cluster is as safe as the instance."
  }

  assert {
    condition = contains([
      for parameter in aws_rds_cluster_parameter_group.main[0].parameter : "${parameter.name}=${parameter.value}"
    ], "transaction_isolation=READ-COMMITTED")
    error_message = "The cluster has the parameters of the instance."
  }

  assert {
    condition     = local.max_connections == 64 * 2 * 16
    error_message = "Connections follow from the largest capacity, two GiB for each unit."
  }

  assert {
    condition     = contains(keys(aws_cloudwatch_metric_alarm.main), "database-capacity") && !contains(keys(aws_cloudwatch_metric_alarm.main), "database-storage")
    error_message = "Alarms fit the engine."
  }

  assert {
    condition     = contains(keys(aws_cloudwatch_metric_alarm.main), "database-replica-lag")
    error_message = "A cluster with a second instance has a reader that can be behind."
  }
}

run "aurora_without_readers" {
  command = plan

  variables {
    environment     = "staging"
    database_engine = "aurora-mysql"
    aurora_capacity = { minimum = 1, maximum = 16, instances = 1 }
  }

  assert {
    condition     = !contains(keys(aws_cloudwatch_metric_alarm.main), "database-replica-lag")
    error_message = "Nothing sends the lag of a reader that is not there."
  }
}

run "proxy" {
  command = plan

  variables {
    rds_proxy       = true
    api_concurrency = 900
  }

  assert {
    condition     = length(aws_db_proxy.main) == 1 && aws_db_proxy.main[0].require_tls
    error_message = "The proxy lets many more functions share the connections."
  }

  assert {
    condition     = length(aws_db_proxy.main[0].auth) == 1
    error_message = "Only the application logs in through the proxy."
  }

  assert {
    condition     = local.used_connections == 2 + 2 + 2 + 384
    error_message = "The proxy takes its share of the connections, whatever the concurrency."
  }
}

run "cloudfront_with_a_name" {
  command = plan

  variables {
    cloudfront    = true
    custom_domain = { name = "api.example.com", certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/1", zone_id = "Z1" }
  }

  assert {
    condition     = length(aws_cloudfront_distribution.main) == 1 && length(aws_wafv2_web_acl.main) == 1 && length(aws_apigatewayv2_domain_name.main) == 0
    error_message = "The name belongs to CloudFront."
  }

  assert {
    condition     = !aws_apigatewayv2_api.main.disable_execute_api_endpoint
    error_message = "CloudFront reaches the API by its own address."
  }
}

run "name_without_cloudfront" {
  command = plan

  variables {
    custom_domain = { name = "api.example.com", certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/1", zone_id = "Z1" }
  }

  assert {
    condition     = length(aws_apigatewayv2_domain_name.main) == 1 && aws_apigatewayv2_api.main.disable_execute_api_endpoint
    error_message = "With a name of its own the API has no other."
  }

  assert {
    condition     = output.api_url == "https://api.example.com"
    error_message = "Callers are told the name."
  }
}

run "a_small_clinic" {
  command = plan

  variables {
    zone_count              = 2
    endpoint_zone_count     = 2
    other_endpoint_zones    = 1
    database_instance_class = "db.t4g.medium"
  }

  assert {
    condition     = contains(keys(aws_cloudwatch_metric_alarm.main), "database-credits")
    error_message = "Whoever takes a burstable class hears when it costs more than a larger one."
  }

  assert {
    condition     = local.endpoints == { secretsmanager = 2, events = 1, cognito-idp = 1 }
    error_message = "Passwords can be fetched in each zone, and what can wait until a zone is back is paid for in one."
  }
}

run "copies_in_another_region" {
  command = plan

  variables {
    backup_region = "eu-central-1"
  }

  assert {
    condition     = aws_db_instance_automated_backups_replication.main[0].region == "eu-central-1" && aws_kms_key.backup[0].region == "eu-central-1"
    error_message = "Copies and their key are where the first region's loss does not reach them."
  }

  assert {
    condition     = aws_db_instance_automated_backups_replication.main[0].retention_period == aws_db_instance.main[0].backup_retention_period
    error_message = "Copies reach back as far as the backups."
  }
}

run "another_program_takes_events" {
  command = plan

  variables {
    event_consumers = { accounts = ["appointment.completed"] }
  }

  assert {
    condition     = keys(aws_sqs_queue.consumer) == ["accounts", "notifications"] && keys(aws_sqs_queue.dead) == ["accounts", "notifications"]
    error_message = "A consumer has a queue of its own beside that of messages to people."
  }

  assert {
    condition     = aws_sqs_queue.consumer["accounts"].visibility_timeout_seconds == 180 && aws_sqs_queue.consumer["notifications"].visibility_timeout_seconds == 360
    error_message = "Each queue waits for six times what its function may take."
  }
}

run "the_very_first_apply" {
  command = plan

  variables {
    rotation = { enabled = false, days = 30 }
  }

  assert {
    condition     = length(aws_secretsmanager_secret_rotation.database) == 0
    error_message = "An empty secret cannot be rotated."
  }
}

run "maintenance" {
  command = plan

  variables {
    maintenance = true
  }

  # A plan warns, so that nobody forgets to end it.
  expect_failures = [check.maintenance]

  assert {
    condition     = length(aws_secretsmanager_secret_rotation.database) == 0
    error_message = "A password that rotates during a restore would not be the one in the database."
  }

  assert {
    condition     = alltrue([for schedule in aws_scheduler_schedule.main : schedule.state == "DISABLED"])
    error_message = "A schedule would write to a database that is being replaced."
  }

  assert {
    condition     = !aws_lambda_event_source_mapping.consumer["notifications"].enabled
    error_message = "Events have to wait in their queue while nothing can take them."
  }

  assert {
    condition     = alltrue([for name in ["api", "cognito", "notifications", "outbox_relay", "waitlist"] : local.admitted_concurrency[name] == 0])
    error_message = "Whatever people or the clock call has to stand still."
  }

  assert {
    condition     = local.used_connections == 200 + 2 + 1 + 1 + 5 + 5 + 2 + 2
    error_message = "The plan counts with the connections that are needed when maintenance ends."
  }
}

run "countries" {
  command = plan

  variables {
    countries = { CL = { instance_class = "db.m7g.large", multi_az = true }, PE = {} }
  }

  assert {
    condition     = keys(aws_db_instance.register) == ["register-cl", "register-pe"] && aws_db_instance.register["register-pe"].identifier == "dentist-prod-register-pe"
    error_message = "Each country has a database of its own."
  }

  assert {
    condition     = aws_db_instance.register["register-cl"].multi_az && !aws_db_instance.register["register-pe"].multi_az
    error_message = "A country may do without a standby, and choose one."
  }

  assert {
    condition     = alltrue([for register in aws_db_instance.register : register.storage_encrypted && register.deletion_protection && register.manage_master_user_password && !register.publicly_accessible])
    error_message = "A register is as safe as the main database."
  }

  assert {
    condition = contains([
      for parameter in aws_db_parameter_group.register["register-cl"].parameter : "${parameter.name}=${parameter.value}"
    ], "max_connections=512")
    error_message = "Connections follow from the register's own class."
  }

  assert {
    condition     = keys(aws_secretsmanager_secret_rotation.database) == ["app", "cl/app", "cl/migrator", "migrator", "pe/app", "pe/migrator", "reader"]
    error_message = "The passwords of registers rotate, and that with which the main database is read for them."
  }

  assert {
    condition     = keys(aws_sqs_queue.dead) == ["country-cl", "country-pe", "notifications", "registration"]
    error_message = "Each country has a queue for what could not be registered, and so have the outcomes."
  }

  assert {
    condition     = aws_sqs_queue.consumer["country-pe"].visibility_timeout_seconds == 180 && aws_lambda_event_source_mapping.consumer["country-pe"].enabled
    error_message = "A country may be away for half an hour."
  }

  assert {
    condition     = local.used_connections == 200 + 2 + 7 + 2 + 1 + 1 + 5 + 5 + 2 + 2 * 3
    error_message = "The functions of countries and the rotation of their secrets hold connections too."
  }

  assert {
    condition     = output.country_prefix == "dentist-prod-country-"
    error_message = "Operators find a country's function and queue by this."
  }
}

run "a_country_moves" {
  command = plan

  variables {
    countries = { PE = { servers = [1, 2] } }
  }

  assert {
    condition     = keys(aws_db_instance.register) == ["register-pe", "register-pe-2"] && local.register["pe"].identifier == "dentist-prod-register-pe-2"
    error_message = "The former server stays until it has moved, and the last one is in use."
  }
}

run "countries_in_maintenance" {
  command = plan

  expect_failures = [check.maintenance]

  variables {
    maintenance = true
    countries   = { PE = {} }
  }

  assert {
    condition     = !anytrue([for mapping in aws_lambda_event_source_mapping.consumer : mapping.enabled]) && local.admitted_concurrency.registration == 0
    error_message = "Nothing is registered while the main database is not what it should be."
  }
}
