# Every choice that is refused: terraform test -var-file=environments/prod.tfvars. A run may hold many, because each has
# to fail: one that passed would fail the run.
# Nothing is asked of AWS: what a plan could not know anyway is made up. Policies are looked at in tests/terraform.
mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-west-1a", "eu-west-1b", "eu-west-1c"] }
  }
}

run "what_prod_refuses" {
  command = plan

  variables {
    endpoint_zone_count   = 2
    database_engine       = "aurora-mysql"
    aurora_capacity       = { minimum = 1, maximum = 4, instances = 1 }
    multi_az              = false
    deletion_protection   = false
    backup_retention_days = 13
    secret_recovery_days  = 29
    deployment_config     = "CodeDeployDefault.LambdaAllAtOnce"
    password_flow         = true
    mail                  = null
    cors_origins          = ["http://app.example.com"]
    log_retention_days    = 60
  }

  expect_failures = [
    var.endpoint_zone_count,
    var.aurora_capacity,
    var.multi_az,
    var.deletion_protection,
    var.backup_retention_days,
    var.secret_recovery_days,
    var.deployment_config,
    var.password_flow,
    var.mail,
    var.cors_origins,
    var.log_retention_days,
  ]
}

run "what_makes_no_sense_anywhere" {
  command = plan

  variables {
    region                  = "Ireland"
    package_path            = "package.tar.gz"
    vpc_cidr                = "10.0.0.0/24"
    zone_count              = 4
    database_engine         = "postgres"
    database_instance_class = "db.x99.huge"
    database_storage_gib    = { initial = 10, maximum = 100 }
    backup_retention_days   = 0
    rotation                = { enabled = true, days = 0 }
    secret_recovery_days    = 6
    api_concurrency         = 0
    api_memory_mib          = 256
    deployment_config       = "Everything"
    mfa                     = "OFF"
    sms_sender_id           = "The dentist"
    cors_origins            = ["*"]
    throttling              = { rate = 0, burst = 10 }
    event_consumers         = { notifications = [] }
    countries               = { Peru = {} }
    log_retention_days      = 100
    alarm_emails            = []
    monthly_budget_usd      = 0
    objectives              = { available_percent = 100, fast_percent = 99, fast_ms = 1000 }
  }

  expect_failures = [
    var.region,
    var.package_path,
    var.vpc_cidr,
    var.zone_count,
    var.database_engine,
    var.database_instance_class,
    var.database_storage_gib,
    var.backup_retention_days,
    var.rotation,
    var.secret_recovery_days,
    var.api_concurrency,
    var.api_memory_mib,
    var.deployment_config,
    var.mfa,
    var.sms_sender_id,
    var.cors_origins,
    var.throttling,
    var.event_consumers,
    var.countries,
    var.log_retention_days,
    var.alarm_emails,
    var.monthly_budget_usd,
    var.objectives,
  ]
}

run "what_contradicts_another_choice" {
  command = plan

  variables {
    endpoint_zone_count  = 4
    other_endpoint_zones = 4
    backup_region        = "eu-west-1"
    database_storage_gib = { initial = 100, maximum = 105 }
    aurora_capacity      = { minimum = 8, maximum = 4, instances = 2 }
    custom_domain        = { name = "a.example.com", certificate_arn = "arn:aws:acm:us-east-1:1:certificate/1", zone_id = "Z1" }
    mail                 = { identity_arn = "arn:aws:ses:eu-west-1:123456789012:identity/example.com", from = "no-reply@notexample.com" }
    cors_origins         = ["https://app.example.com/path"]
    sms_sender_id        = "0123456789"
    event_consumers      = { registration = ["appointment.booked"] }
    countries            = { PE = { storage_gib = { initial = 100, maximum = 105 } } }
    alarm_emails         = ["nobody"]
    objectives           = { available_percent = 99.9, fast_percent = 50, fast_ms = 1000 }
  }

  expect_failures = [
    var.endpoint_zone_count,
    var.other_endpoint_zones,
    var.backup_region,
    var.database_storage_gib,
    var.aurora_capacity,
    var.custom_domain,
    var.mail,
    var.cors_origins,
    var.sms_sender_id,
    var.event_consumers,
    var.countries,
    var.alarm_emails,
    var.objectives,
  ]
}

run "a_sender_that_is_no_address" {
  command = plan

  variables {
    mail_sender     = "Dentist <reminders@visits.example.com>"
    event_consumers = { accounts = ["patient.created"] }
    countries       = { PE = { instance_class = "db.x99.huge" } }
  }

  expect_failures = [var.mail_sender, var.event_consumers, var.countries]
}

run "a_country_without_a_server" {
  command = plan

  variables {
    event_consumers = { country-pe = ["appointment.booked"] }
    countries       = { PE = { servers = [] } }
  }

  expect_failures = [var.event_consumers, var.countries]
}

run "a_server_that_is_there_twice" {
  command = plan

  variables {
    countries = { PE = { servers = [2, 2] } }
  }

  expect_failures = [var.countries]
}

run "copies_that_aurora_does_not_make" {
  command = plan

  variables {
    database_engine = "aurora-mysql"
    aurora_capacity = { minimum = 1, maximum = 16, instances = 2 }
    backup_region   = "eu-central-1"
  }

  expect_failures = [var.backup_region]
}

run "a_certificate_that_cloudfront_cannot_use" {
  command = plan

  variables {
    aurora_capacity = { minimum = 0.5, maximum = 4, instances = 16 }
    custom_domain   = { name = "a.example.com", certificate_arn = "arn:aws:acm:eu-west-1:1:certificate/1", zone_id = "Z1" }
    cloudfront      = true
  }

  expect_failures = [var.aurora_capacity, var.custom_domain]
}

run "names_that_nothing_can_carry" {
  command = plan

  variables {
    environment   = "Prod_1"
    backup_region = "Frankfurt"
  }

  expect_failures = [var.environment, var.backup_region]
}

run "more_functions_than_connections" {
  command = plan

  variables {
    api_concurrency = 485
  }

  expect_failures = [terraform_data.connections]
}

run "more_countries_than_connections" {
  command = plan

  variables {
    api_concurrency = 477
    countries       = { PE = {} }
  }

  expect_failures = [terraform_data.connections]
}

run "exactly_as_many_functions_as_connections" {
  command = plan

  variables {
    api_concurrency = 484
  }
}

run "a_sender_in_the_domain_that_is_already_an_identity" {
  command = plan

  variables {
    mail_sender = "reminders@example.com"
  }

  expect_failures = [var.mail_sender]
}

run "mail_from_another_region" {
  command = plan

  variables {
    mail = { identity_arn = "arn:aws:ses:eu-central-1:123456789012:identity/example.com", from = "no-reply@example.com" }
  }

  expect_failures = [var.mail]
}

run "mail_from_a_subdomain_with_a_name" {
  command = plan

  variables {
    mail = { identity_arn = "arn:aws:ses:eu-west-1:123456789012:identity/example.com", from = "Dentist <no-reply@mail.example.com>" }
  }
}

run "mail_from_the_one_address_that_is_verified" {
  command = plan

  variables {
    mail = { identity_arn = "arn:aws:ses:eu-west-1:123456789012:identity/dentist@example.com", from = "dentist@example.com" }
  }
}

run "two_ways_to_start" {
  command = plan

  variables {
    snapstart               = true
    provisioned_concurrency = 5
  }

  expect_failures = [var.provisioned_concurrency]
}

run "more_executions_kept_started_than_reserved" {
  command = plan

  variables {
    snapstart               = false
    provisioned_concurrency = 201
  }

  expect_failures = [var.provisioned_concurrency]
}
