# The real appointments. Here the variables refuse some choices that other environments may make.
environment             = "prod"
region                  = "eu-west-1"
zone_count              = 3
endpoint_zone_count     = 3
other_endpoint_zones    = 3
database_instance_class = "db.m7g.large"
database_storage_gib    = { initial = 100, maximum = 1000 }
multi_az                = true
deletion_protection     = true
backup_retention_days   = 35
secret_recovery_days    = 30
api_concurrency         = 200
api_memory_mib          = 1769
snapstart               = true
throttling              = { rate = 500, burst = 1000 }
mail                    = { identity_arn = "arn:aws:ses:eu-west-1:123456789012:identity/example.com", from = "Dentist <no-reply@example.com>" }
mail_sender             = "reminders@visits.example.com"
cors_origins            = ["https://app.example.com"]
log_retention_days      = 365
alarm_emails            = ["on-call@example.com", "owner@example.com"]
monthly_budget_usd      = 900
