# For trying things out: endpoints in one zone, the smallest database, and everything can be deleted.
environment             = "dev"
region                  = "eu-west-1"
zone_count              = 2
endpoint_zone_count     = 1
database_instance_class = "db.t4g.micro"
deletion_protection     = false
backup_retention_days   = 1
api_concurrency         = 10
deployment_config       = "CodeDeployDefault.LambdaAllAtOnce"
password_flow           = true
mail_sender             = "reminders@visits.dev.example.com"
cors_origins            = ["http://localhost:5173"]
log_retention_days      = 14
alarm_emails            = ["developers@example.com"]
monthly_budget_usd      = 120
