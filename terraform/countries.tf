# What each country of `countries` has: a database of its own for the register of its visits, a queue (events.tf) and the
# function that brings what is in the queue into the database. A country that is away delays nothing but itself.

locals {
  # By the word that stands in names.
  countries = { for code, choice in var.countries : lower(code) => merge(choice, { code = code }) }
  registers = length(local.countries) > 0

  # A country has several servers only while it moves from one to another.
  register_servers = merge([
    for name, country in local.countries : {
      for server in country.servers : "register-${name}${server == 1 ? "" : "-${server}"}" => merge(country, { country = name, server = server })
    }
  ]...)
  register = {
    for name, country in local.countries : name => one([
      for key, server in local.register_servers : aws_db_instance.register[key]
      if server.country == name && server.server == reverse(country.servers)[0]
    ])
  }
  register_database = "register"

  # Every kind after which a register may have to say something else (docs/events.md). An outcome is none of them: the
  # function itself sends those.
  registered_kinds = [
    "appointment.requested",
    "appointment.booked",
    "appointment.confirmed",
    "appointment.moved",
    "appointment.noted",
    "appointment.checked_in",
    "appointment.completed",
    "appointment.no_show",
    "appointment.cancelled",
    "appointment.attendance_confirmed",
    "appointment.erased",
    "appointment.merged",
    "appointment.registration_requested",
  ]
  outcomes = ["visit.registered", "visit.registration_failed"]
  # With six times as long between two tries, a country may be away for half an hour before a visit's registration fails.
  register_seconds  = 30
  register_receives = 10
  # Lambda reads a queue with at least two executions. One more is for an operator's check.
  country_concurrency = 3
  # What functions.tf counts with, too. The function of a country has a connection to the main database beside that to its
  # register.
  registers_concurrency = merge(
    local.registers ? { rotate_secret = length(local.secrets) } : {},
    { for name in keys(local.countries) : "country_${name}" => local.country_concurrency },
  )
  outcomes_concurrency = local.registers ? { registration = 2 } : {}
}

# ---- databases -----------------------------------------------------------------------------------

resource "aws_security_group" "register" {
  for_each = local.countries

  name        = "${local.name}-register-${each.key}"
  description = "The register of ${each.value.code}: from the functions, to nobody"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-register-${each.key}" }
}

resource "aws_cloudwatch_log_group" "register" {
  for_each = merge([
    for server in keys(local.register_servers) : { for log in local.database_logs : "${server}/${log}" => log }
  ]...)

  name              = "/aws/rds/instance/${local.name}-${each.key}"
  retention_in_days = aws_cloudwatch_log_group.database[each.value].retention_in_days
  kms_key_id        = aws_kms_key.service.arn
}

resource "aws_db_parameter_group" "register" {
  for_each = local.register_servers

  name_prefix = "${local.name}-${each.key}-"
  family      = "mysql8.4"
  description = "What the functions rely on"

  dynamic "parameter" {
    for_each = merge(local.parameters, {
      require_secure_transport = "1"
      max_connections          = tostring(local.connections_per_gib * local.instance_memory_gib[each.value.instance_class])
    })

    content {
      name  = parameter.key
      value = parameter.value
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "register" {
  for_each = local.register_servers

  identifier     = "${local.name}-${each.key}"
  engine         = "mysql"
  engine_version = "8.4"
  instance_class = each.value.instance_class
  db_name        = local.register_database
  username       = local.master_user

  manage_master_user_password   = true
  master_user_secret_kms_key_id = aws_kms_key.database.arn

  storage_type          = "gp3"
  allocated_storage     = each.value.storage_gib.initial
  max_allocated_storage = each.value.storage_gib.maximum
  storage_encrypted     = true
  kms_key_id            = aws_kms_key.database.arn

  db_subnet_group_name   = aws_db_subnet_group.main.name
  vpc_security_group_ids = [aws_security_group.register[each.value.country].id]
  publicly_accessible    = false
  multi_az               = each.value.multi_az
  parameter_group_name   = aws_db_parameter_group.register[each.key].name
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  backup_retention_period    = var.backup_retention_days
  backup_window              = "01:00-02:00"
  maintenance_window         = "sun:02:30-sun:03:30"
  copy_tags_to_snapshot      = true
  delete_automated_backups   = !local.production
  deletion_protection        = var.deletion_protection
  skip_final_snapshot        = !var.deletion_protection
  final_snapshot_identifier  = "${local.name}-${each.key}-final-${aws_vpc.main.id}"
  auto_minor_version_upgrade = true

  enabled_cloudwatch_logs_exports = local.database_logs
  monitoring_interval             = 60
  monitoring_role_arn             = aws_iam_role.monitoring.arn
  database_insights_mode          = "standard"

  depends_on = [aws_cloudwatch_log_group.register, aws_iam_role_policy_attachment.monitoring]
}

# ---- functions -----------------------------------------------------------------------------------

module "country_processor" {
  source   = "./modules/function"
  for_each = local.countries

  name = "${local.name}-country-${each.key}"
  # The server is named so that a move publishes a version, whose processes read at once where the register is now.
  description = "Brings visits into ${local.register[each.key].identifier}; called by its queue, and by operators to check it"
  handler     = "lambda_function.entrypoints.country_processor.handler"
  common      = local.common
  environment = merge(local.direct_environment, {
    COUNTRY            = each.value.code
    DATABASE_SECRET_ID = aws_secretsmanager_secret.database["reader"].arn
    REGISTER_SECRET_ID = aws_secretsmanager_secret.database["${each.key}/app"].arn
    EVENT_BUS_NAME     = aws_cloudwatch_event_bus.main.name
    MAX_RECEIVES       = tostring(local.register_receives)
  })
  statements = [
    {
      sid       = "ReadTheReadersSecret"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [aws_secretsmanager_secret.database["reader"].arn]
    },
    {
      sid       = "ReadTheSecretOfItsRegister"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [aws_secretsmanager_secret.database["${each.key}/app"].arn]
    },
    local.decrypt_secrets,
    {
      sid       = "PublishOutcomes"
      actions   = ["events:PutEvents"]
      resources = [aws_cloudwatch_event_bus.main.arn]
      # Events of other kinds reach patients, by e-mail.
      conditions = [
        local.in_our_name,
        { test = "StringEquals", variable = "events:detail-type", values = local.outcomes },
      ]
    },
    {
      sid       = "TakeFromItsQueue"
      actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      resources = [aws_sqs_queue.consumer["country-${each.key}"].arn]
    },
  ]
  timeout_seconds = local.register_seconds
  concurrency     = local.country_concurrency
}

module "migrate_register" {
  source   = "./modules/function"
  for_each = local.countries

  name        = "${local.name}-migrate-${each.key}"
  description = "Migrations of the register of ${each.value.code}, and its database's users; invoked by operators"
  handler     = "lambda_function.entrypoints.migrate.handler"
  common      = local.common
  environment = merge(local.direct_environment, {
    SCHEMA             = "register"
    DATABASE_SECRET_ID = aws_secretsmanager_secret.database["${each.key}/migrator"].arn
    APP_SECRET_ID      = aws_secretsmanager_secret.database["${each.key}/app"].arn
    MASTER_SECRET_ID   = local.register[each.key].master_user_secret[0].secret_arn
    DATABASE_HOST      = local.register[each.key].address
    DATABASE_PORT      = tostring(local.database_port)
    DATABASE_NAME      = local.register_database
  })
  statements = [
    {
      sid       = "ReadTheMastersSecret"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [local.register[each.key].master_user_secret[0].secret_arn]
    },
    {
      sid       = "FillTheUsersSecrets"
      actions   = ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"]
      resources = [for user in ["app", "migrator"] : aws_secretsmanager_secret.database["${each.key}/${user}"].arn]
    },
    local.use_the_secrets_key,
  ]
  timeout_seconds = 900
  concurrency     = 2
}

# What became of it goes back into the main database.
module "registration" {
  source = "./modules/function"
  count  = local.registers ? 1 : 0

  name        = "${local.name}-registration"
  description = "Notes what became of registering visits in their countries; called by its queue"
  handler     = "lambda_function.entrypoints.registration.handler"
  common      = local.common
  environment = local.application_environment
  statements = concat(local.read_application_secret, [
    {
      sid       = "TakeFromTheQueue"
      actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      resources = [aws_sqs_queue.consumer["registration"].arn]
    },
  ])
  timeout_seconds = local.register_seconds
  concurrency     = local.admitted_concurrency.registration
}
