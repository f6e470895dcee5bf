# Prod's shape at a smaller size: what goes wrong in prod goes wrong here first.
environment             = "staging"
region                  = "eu-west-1"
zone_count              = 2
endpoint_zone_count     = 2
database_instance_class = "db.t4g.medium"
multi_az                = true
backup_retention_days   = 7
api_concurrency         = 50
mail_sender             = "reminders@visits.staging.example.com"
cors_origins            = ["https://staging.example.com"]
log_retention_days      = 30
alarm_emails            = ["developers@example.com"]
monthly_budget_usd      = 300
