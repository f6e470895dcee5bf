# The choices of an environment. Numbers that follow from others are locals, and what must not be chosen is a constant.

variable "environment" {
  type        = string
  description = "Part of every name. `prod` also switches on the rules that refuse an unsafe choice."

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,9}$", var.environment))
    error_message = "Use 2 to 10 lower-case letters and digits, because names of some resources are limited to 63 characters."
  }
}

variable "region" {
  type        = string
  description = "The region of everything except what CloudFront needs in us-east-1."

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "This is not the name of a region, such as eu-west-1."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags besides project, environment, data and managed-by, which cannot be replaced."
  default     = {}
}

variable "package_path" {
  type        = string
  description = "The zip that `make package` builds. The object in S3 is named after its content, so the same bytes change nothing."

  validation {
    condition     = endswith(var.package_path, ".zip")
    error_message = "The package must be a zip file."
  }
}

# ---- network -------------------------------------------------------------------------------------

variable "vpc_cidr" {
  type        = string
  description = "Address range of the VPC, /16 to /20. Nothing routes to it from outside."
  default     = "10.40.0.0/16"

  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && try(tonumber(split("/", var.vpc_cidr)[1]) >= 16 && tonumber(split("/", var.vpc_cidr)[1]) <= 20, false)
    error_message = "Give an IPv4 range of /16 to /20: each zone gets a sixteenth of it for functions and database."
  }
}

variable "zone_count" {
  type        = number
  description = "The number of availability zones with a private subnet. RDS needs two, and three survive the loss of one with room to spare."
  default     = 2

  validation {
    condition     = contains([2, 3], var.zone_count)
    error_message = "Choose two or three zones: RDS refuses a database subnet group with only one."
  }
}

variable "endpoint_zone_count" {
  type        = number
  description = "Zones in which the endpoint of Secrets Manager has an address (each is paid for by the hour). With fewer than `zone_count`, the loss of a zone can keep functions in the others from their passwords."
  default     = 2

  validation {
    condition     = var.endpoint_zone_count >= 1 && var.endpoint_zone_count <= var.zone_count
    error_message = "An endpoint has addresses in at least one and at most `zone_count` zones."
  }

  validation {
    condition     = var.environment != "prod" || var.endpoint_zone_count == var.zone_count
    error_message = "In prod each zone needs its own address of Secrets Manager. Otherwise the loss of one zone could stop the others."
  }
}

variable "other_endpoint_zones" {
  type        = number
  description = "Zones in which the endpoints of EventBridge and of Cognito have an address. Booking needs neither: while the only such zone is lost, events wait in the outbox, and operators cannot change accounts."
  default     = 1

  validation {
    condition     = var.other_endpoint_zones >= 1 && var.other_endpoint_zones <= var.zone_count
    error_message = "An endpoint has addresses in at least one and at most `zone_count` zones."
  }
}

# ---- database ------------------------------------------------------------------------------------

variable "database_engine" {
  type        = string
  description = "`rds-mysql`: one instance of MySQL 8.4, with a standby when `multi_az`. `aurora-mysql`: a serverless cluster with a reader endpoint."
  default     = "rds-mysql"

  validation {
    condition     = contains(["rds-mysql", "aurora-mysql"], var.database_engine)
    error_message = "Choose rds-mysql or aurora-mysql."
  }
}

variable "database_instance_class" {
  type        = string
  description = "Class of the RDS instance; its memory decides max_connections (see database.tf). Classes db.t are cheap and bill the CPU that they use beyond their share, and an alarm tells of it. Aurora ignores it."
  default     = "db.t4g.small"

  validation {
    condition     = contains(keys(local.instance_memory_gib), var.database_instance_class)
    error_message = "The memory of this class is unknown. Add it to instance_memory_gib in database.tf."
  }

}

variable "database_storage_gib" {
  type        = object({ initial = number, maximum = number })
  description = "Storage of the RDS instance, which grows by itself up to the maximum. Aurora ignores it."
  default     = { initial = 20, maximum = 100 }

  validation {
    condition     = var.database_storage_gib.initial >= 20 && var.database_storage_gib.maximum >= var.database_storage_gib.initial * 1.1
    error_message = "gp3 storage has at least 20 GiB, and the maximum must be at least a tenth above the start."
  }
}

variable "aurora_capacity" {
  type        = object({ minimum = number, maximum = number, instances = number })
  description = "Aurora capacity units (2 GiB each) of each instance, and the number of instances: the first writes, the others read and take over. RDS ignores it."
  default     = { minimum = 0.5, maximum = 4, instances = 1 }

  validation {
    condition     = var.aurora_capacity.minimum >= 0.5 && var.aurora_capacity.maximum >= 1 && var.aurora_capacity.maximum <= 256 && var.aurora_capacity.minimum <= var.aurora_capacity.maximum
    error_message = "Choose 0.5 to 256 units, and a minimum that is not above the maximum."
  }

  validation {
    condition     = var.aurora_capacity.instances >= 1 && var.aurora_capacity.instances <= 15
    error_message = "A cluster has 1 to 15 instances."
  }

  validation {
    condition     = !(var.environment == "prod" && var.database_engine == "aurora-mysql") || var.aurora_capacity.instances >= 2
    error_message = "In prod a second instance is needed, which takes over when the writer fails."
  }
}

variable "multi_az" {
  type        = bool
  description = "A standby of the RDS instance in another zone. Aurora ignores it: see aurora_capacity.instances."
  default     = false

  validation {
    condition     = var.environment != "prod" || var.multi_az
    error_message = "In prod the database survives the loss of a zone."
  }
}

variable "deletion_protection" {
  type        = bool
  description = "The database, the user pool and the tables in them cannot be deleted while it is on, and a final snapshot is taken."
  default     = true

  validation {
    condition     = var.environment != "prod" || var.deletion_protection
    error_message = "In prod the protection must be on, so that nobody deletes patients' data by mistake."
  }
}

variable "backup_retention_days" {
  type        = number
  description = "How far back point-in-time recovery reaches. Backups hold erased people until they expire."
  default     = 7

  validation {
    condition     = var.backup_retention_days >= 1 && var.backup_retention_days <= 35
    error_message = "RDS keeps automated backups for 1 to 35 days; 0 would switch point-in-time recovery off."
  }

  validation {
    condition     = var.environment != "prod" || var.backup_retention_days >= 14
    error_message = "In prod keep backups for at least 14 days, so that a mistake that is noticed after the holidays can be undone."
  }
}

variable "backup_region" {
  type        = string
  description = "A second region that gets copies of the automated backups, minutes old. Without it the loss of `region` is the loss of everything. AWS pairs regions: `aws rds describe-source-regions --region BACKUP_REGION` lists what one can copy from."
  default     = null

  validation {
    condition     = var.backup_region == null || can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.backup_region))
    error_message = "This is not the name of a region, such as eu-central-1."
  }

  validation {
    condition     = var.backup_region != var.region
    error_message = "The copies have to be in another region than the database."
  }

  validation {
    condition     = var.backup_region == null || var.database_engine == "rds-mysql"
    error_message = "AWS copies automated backups of RDS to another region, not those of Aurora. Leave backup_region out and copy snapshots of the cluster with AWS Backup."
  }
}

variable "rds_proxy" {
  type        = bool
  description = "Pools the API's connections. It is worth its price when `api_concurrency` outgrows max_connections. The migrator and the rotation never use it."
  default     = false
}

variable "rotation" {
  type        = object({ enabled = bool, days = number })
  description = "Rotation of the database users' passwords. Off for the very first apply only: the secrets are empty until the migration function's bootstrap has run, and an empty secret cannot be rotated."
  default     = { enabled = true, days = 30 }

  validation {
    condition     = var.rotation.days >= 1 && var.rotation.days <= 365
    error_message = "Secrets Manager rotates every 1 to 365 days."
  }
}

variable "secret_recovery_days" {
  type        = number
  description = "For how many days a deleted secret or key can be restored."
  default     = 7

  validation {
    condition     = var.secret_recovery_days >= 7 && var.secret_recovery_days <= 30
    error_message = "Secrets Manager and KMS both wait 7 to 30 days."
  }

  validation {
    condition     = var.environment != "prod" || var.secret_recovery_days == 30
    error_message = "In prod a deleted key must be restorable for 30 days, because every backup is unreadable without it."
  }
}

# ---- functions -----------------------------------------------------------------------------------

variable "api_concurrency" {
  type        = number
  description = "Reserved concurrency of the API. Each request holds one database connection: see max_connections in database.tf."
  default     = 20

  validation {
    condition     = var.api_concurrency >= 1 && floor(var.api_concurrency) == var.api_concurrency
    error_message = "Allow at least one request at a time: 0 switches the API off."
  }
}

variable "api_memory_mib" {
  type        = number
  description = "Memory of the API's function in MiB, which also determines its share of the CPU: 1769 is one whole CPU."
  default     = 1024

  validation {
    condition     = var.api_memory_mib >= 512 && var.api_memory_mib <= 10240
    error_message = "Choose 512 to 10240 MiB: with less, a cold start takes longer than a client waits."
  }
}

variable "snapstart" {
  type        = bool
  description = "The API starts from a snapshot of its initialised memory: cold starts get shorter, deployments minutes longer, and the cache costs money per GiB and hour."
  default     = false
}

variable "provisioned_concurrency" {
  type        = number
  description = "Executions of the API that are kept started, instead of `snapstart`. They have no cold start and cost money per GiB and hour, used or not. 0: none."
  default     = 0

  validation {
    condition     = var.provisioned_concurrency >= 0 && var.provisioned_concurrency <= var.api_concurrency && floor(var.provisioned_concurrency) == var.provisioned_concurrency
    error_message = "Keep a whole number of executions started, at most api_concurrency: AWS refuses more than are reserved."
  }

  validation {
    condition     = var.provisioned_concurrency == 0 || !var.snapstart
    error_message = "Choose provisioned_concurrency or snapstart: a function cannot have both."
  }
}

variable "deployment_config" {
  type        = string
  description = "How CodeDeploy shifts requests to a new version of the API."
  default     = "CodeDeployDefault.LambdaCanary10Percent5Minutes"

  validation {
    condition     = can(regex("^CodeDeployDefault\\.Lambda(AllAtOnce|Canary|Linear)", var.deployment_config))
    error_message = "This is not one of CodeDeploy's configurations for Lambda."
  }

  validation {
    condition     = var.environment != "prod" || var.deployment_config != "CodeDeployDefault.LambdaAllAtOnce"
    error_message = "In prod a new version must get a tenth of the requests first. If it got all of them at once, a rollback would come too late."
  }
}

# ---- callers -------------------------------------------------------------------------------------

variable "password_flow" {
  type        = bool
  description = "Lets scripts log in with USER_PASSWORD_AUTH, which sends the password to Cognito in the clear inside TLS."
  default     = false

  validation {
    condition     = var.environment != "prod" || !var.password_flow
    error_message = "In prod people log in by SRP, which never sends passwords."
  }
}

variable "mfa" {
  type        = string
  description = "`OPTIONAL`: whoever registers an authenticator app must use it. `ON`: everybody must, patients too."
  default     = "OPTIONAL"

  validation {
    condition     = contains(["OPTIONAL", "ON"], var.mfa)
    error_message = "Choose OPTIONAL or ON: staff see patients' data, so they need an authenticator app."
  }
}

variable "mail" {
  type        = object({ identity_arn = string, from = string })
  description = "Who sends Cognito's invitations and codes: the ARN of a verified SES identity in `region`, and an address of it, alone or as `Name <address>`. Without it Cognito's own mailer does, at most 50 times a day."
  default     = null

  validation {
    condition     = var.mail == null || can(regex("^arn:[a-z-]+:ses:${var.region}:[0-9]{12}:identity/[^/]+$", var.mail.identity_arn))
    error_message = "This is not the ARN of an SES identity in the stack's region."
  }

  validation {
    # An address as the identity is the whole address; a domain has any name and any subdomain before it.
    condition = var.mail == null || can(regex(format(
      "^([^<>]+ <)?%s%s>?$",
      strcontains(var.mail.identity_arn, "@") ? "" : "[^@<> ]+@([^@<> ]+\\.)?",
      replace(reverse(split("/", var.mail.identity_arn))[0], ".", "\\."),
    ), var.mail.from))
    error_message = "SES sends only from the address or the domain that the identity is, and from its subdomains."
  }

  validation {
    condition     = var.environment != "prod" || var.mail != null
    error_message = "In prod Cognito needs an SES identity. Its own mailer sends 50 mails a day, so on a busy day people could neither sign up nor set a new password."
  }
}

variable "cors_origins" {
  type        = list(string)
  description = "Origins of the web applications that call the API from a browser."
  default     = []

  validation {
    condition     = alltrue([for origin in var.cors_origins : can(regex("^https?://[^*/]+$", origin))])
    error_message = "An origin is https://host without a path; a wildcard would let any page use a logged-in person's token."
  }

  validation {
    condition     = var.environment != "prod" || alltrue([for origin in var.cors_origins : startswith(origin, "https://")])
    error_message = "In prod an origin is https."
  }
}

variable "throttling" {
  type        = object({ rate = number, burst = number })
  description = "The rate a second and the burst of requests of all callers together. Above them API Gateway answers 429. Some routes get a part of it (route_shares in api.tf)."
  default     = { rate = 50, burst = 100 }

  validation {
    condition     = var.throttling.rate >= 1 && var.throttling.burst >= 1 && floor(var.throttling.burst) == var.throttling.burst
    error_message = "Allow at least one request a second and one at a time: 0 refuses every request. A burst is a whole number."
  }
}

variable "custom_domain" {
  type        = object({ name = string, certificate_arn = string, zone_id = string })
  description = "Name of the API, its ACM certificate (in us-east-1 when CloudFront stands in front, else in `region`) and its Route 53 zone."
  default     = null

  validation {
    condition     = var.custom_domain == null || can(regex(":acm:${var.cloudfront ? "us-east-1" : var.region}:", var.custom_domain.certificate_arn))
    error_message = "CloudFront only takes certificates of us-east-1, API Gateway only those of its own region."
  }
}

variable "cloudfront" {
  type        = bool
  description = "CloudFront with a web application firewall in front of the API."
  default     = false
}

# ---- messages to people --------------------------------------------------------------------------

variable "mail_sender" {
  type        = string
  description = "The address that patients get e-mails from, such as reminders@visits.example.com. SES gets its domain as an identity of this stack, and the output `mail_dns_records` lists what to enter in the domain's DNS. Replies go to the clinic."

  validation {
    condition     = can(regex("^[A-Za-z0-9._+-]+@([a-z0-9-]+\\.)+[a-z]{2,}$", var.mail_sender))
    error_message = "This is not a bare address, such as reminders@visits.example.com: no name beside it, and the domain in lower case. The name that people see is the clinic's."
  }

  validation {
    condition     = var.mail == null || reverse(split("@", var.mail_sender))[0] != try(reverse(split("/", var.mail.identity_arn))[0], "")
    error_message = "This domain is already the identity in `mail`, which was made by hand, and SES has each domain only once. Send from a subdomain, such as visits.example.com."
  }
}

variable "sms_sender_id" {
  type        = string
  description = "The name that SMS come from, where a country allows names (docs/operations.md). Without it, and elsewhere, they come from a number of AWS's."
  default     = null

  validation {
    condition     = var.sms_sender_id == null || can(regex("^[A-Za-z0-9]{1,11}$", var.sms_sender_id)) && can(regex("[A-Za-z]", var.sms_sender_id))
    error_message = "A sender ID has 1 to 11 letters and digits, at least one letter among them, and nothing else."
  }
}

# ---- events --------------------------------------------------------------------------------------

variable "event_consumers" {
  type        = map(list(string))
  description = "A queue for each other program that takes events, with the kinds (docs/events.md) that it gets. The queue of the messages to people is there anyway."
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.event_consumers) : !contains(["notifications", "registration"], name) && !startswith(name, "country-")])
    error_message = "The queues `notifications`, `registration` and `country-…` belong to functions of the stack. Take them out of event_consumers, or give your own consumer another name."
  }

  validation {
    condition     = alltrue([for name, kinds in var.event_consumers : can(regex("^[a-z-]{1,20}$", name)) && length(kinds) > 0])
    error_message = "A consumer needs a short name of letters and at least one kind, because EventBridge refuses an empty pattern."
  }

  validation {
    condition     = alltrue([for kind in flatten(values(var.event_consumers)) : can(regex("^(appointment|visit|waitlist)\\.", kind))])
    error_message = "Kinds start with `appointment.`, `visit.` or `waitlist.`; no other kind is ever sent."
  }
}

# ---- countries -----------------------------------------------------------------------------------

variable "countries" {
  type = map(object({
    instance_class = optional(string, "db.t4g.small")
    storage_gib    = optional(object({ initial = number, maximum = number }), { initial = 20, maximum = 100 })
    multi_az       = optional(bool, false)
    servers        = optional(list(number), [1])
  }))
  description = "The countries, by their code of ISO 3166-1, whose visits are registered in a database of their own. A register can be filled again from the main database, so it may do without a standby. `servers` numbers the country's servers; the last one is in use, and another stays only until it has moved (docs/operations.md)."
  default     = {}

  validation {
    condition     = alltrue([for code in keys(var.countries) : can(regex("^[A-Z]{2}$", code))])
    error_message = "A country's code has two capital letters, such as PE, as in the practice file."
  }

  validation {
    condition     = alltrue([for country in values(var.countries) : contains(keys(local.instance_memory_gib), country.instance_class)])
    error_message = "The memory of this class is unknown. Add it to instance_memory_gib in database.tf."
  }

  validation {
    condition     = alltrue([for country in values(var.countries) : country.storage_gib.initial >= 20 && country.storage_gib.maximum >= country.storage_gib.initial * 1.1])
    error_message = "gp3 storage has at least 20 GiB, and the maximum must be at least a tenth above the start."
  }

  validation {
    condition     = alltrue([for country in values(var.countries) : length(country.servers) > 0 && length(country.servers) == length(toset(country.servers)) && alltrue([for server in country.servers : server >= 1 && floor(server) == server])])
    error_message = "Number a country's servers with different whole numbers from 1 on; at least one is needed."
  }
}

# ---- operations ----------------------------------------------------------------------------------

variable "log_retention_days" {
  type        = number
  description = "How long logs are kept."
  default     = 30

  validation {
    condition     = contains([7, 14, 30, 60, 90, 180, 365, 400], var.log_retention_days)
    error_message = "CloudWatch takes only certain numbers: 7, 14, 30, 60, 90, 180, 365 or 400 days."
  }

  validation {
    condition     = var.environment != "prod" || var.log_retention_days >= 90
    error_message = "In prod keep logs for at least 90 days, so that an incident that is noticed late can be investigated."
  }
}

variable "maintenance" {
  type        = bool
  description = "Only operators reach the database: the API, sign-ups, the relay, the waitlist and the messages to people are not run, schedules, the queue of messages and rotation stand still, and the alarms that this alone would set off are silent. For a restore (docs/operations.md)."
  default     = false
}

variable "alarm_emails" {
  type        = list(string)
  description = "E-mail addresses that get alarms and budget notices. Each has to confirm the subscription."

  validation {
    condition     = length(var.alarm_emails) > 0 && alltrue([for email in var.alarm_emails : can(regex("^[^@ ]+@[^@ ]+$", email))])
    error_message = "Give at least one e-mail address. Otherwise nobody would notice an alarm."
  }
}

variable "monthly_budget_usd" {
  type        = number
  description = "The monthly budget in dollars. Mail is sent at 80 % of it, and when the forecast exceeds it."

  validation {
    condition     = var.monthly_budget_usd >= 1
    error_message = "The budget must be at least one dollar."
  }
}

variable "objectives" {
  type        = object({ available_percent = number, fast_percent = number, fast_ms = number })
  description = "The percentages, over 30 days, of requests without a 5xx and of requests answered within fast_ms."
  default     = { available_percent = 99.9, fast_percent = 99, fast_ms = 1000 }

  validation {
    condition = alltrue([
      for percent in [var.objectives.available_percent, var.objectives.fast_percent] : percent >= 90 && percent < 100
    ])
    error_message = "Choose at least 90 and less than 100 percent: with 100 the first error is a breach, and below 90 the fast alarm could never fire."
  }
}
