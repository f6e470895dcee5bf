# There is one zip, and one function for each entrypoint. Each has its own role, which allows only what its code calls.

locals {
  package = {
    bucket = aws_s3_bucket.main["packages"].id
    key    = aws_s3_object.package.key
    sha256 = filebase64sha256(var.package_path)
  }

  common = {
    region             = var.region
    arn_prefix         = "arn:${local.partition}:lambda:${var.region}:${local.account}:function:"
    package            = local.package
    subnet_ids         = values(aws_subnet.private)[*].id
    security_group_id  = aws_security_group.functions.id
    log_retention_days = var.log_retention_days
    kms_key_arn        = aws_kms_key.service.arn
    failure_queue_arn  = aws_sqs_queue.failed.arn
  }

  # The package contains the bundle of RDS's authorities. The proxy's certificate is signed by Amazon's public
  # authorities instead, which the system trusts.
  rds_ca_file    = "/var/task/rds-ca-bundle.crt"
  system_ca_file = "/etc/pki/tls/certs/ca-bundle.crt"

  # The secret names the database itself, for the rotation. The application's functions get the address of the proxy.
  application_environment = {
    DATABASE_SECRET_ID = aws_secretsmanager_secret.database["app"].arn
    DATABASE_TLS       = "verify"
    DATABASE_CA_FILE   = var.rds_proxy ? local.system_ca_file : local.rds_ca_file
    DATABASE_HOST      = var.rds_proxy ? aws_db_proxy.main[0].endpoint : local.database.host
  }
  direct_environment = {
    DATABASE_TLS     = "verify"
    DATABASE_CA_FILE = local.rds_ca_file
  }

  decrypt_secrets = {
    sid        = "DecryptSecrets"
    actions    = ["kms:Decrypt"]
    resources  = [aws_kms_key.database.arn]
    conditions = [{ test = "StringEquals", variable = "kms:ViaService", values = ["secretsmanager.${var.region}.amazonaws.com"] }]
  }
  use_the_secrets_key = merge(local.decrypt_secrets, { sid = "UseTheSecretsKey", actions = ["kms:Decrypt", "kms:GenerateDataKey"] })
  read_application_secret = [
    {
      sid       = "ReadTheApplicationsSecret"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [aws_secretsmanager_secret.database["app"].arn]
    },
    local.decrypt_secrets,
  ]

  # One execution holds one connection (pool of one, db/engine.py), so their sum has to fit max_connections beside ten
  # for RDS itself and for people in an emergency. With the proxy, the application's functions share its connections.
  application_concurrency = merge({ api = var.api_concurrency, outbox_relay = 1, waitlist = 1, notifications = 5, cognito = 5 }, local.outcomes_concurrency)
  # All secrets fall due on the same day, so their rotations run at once.
  direct_concurrency = merge({ migrate = 2, rotate_secret = 2, operator = 2 }, local.registers_concurrency)
  spare_connections  = 10
  # These reach no database.
  unconnected_concurrency = { messenger = 1, before_traffic = 1 }
  # In maintenance no version of these functions runs, not even one that is warm.
  admitted_concurrency = { for name, number in local.application_concurrency : name => var.maintenance ? 0 : number }
  used_connections = sum(concat(
    values(local.direct_concurrency),
    var.rds_proxy ? [ceil(local.max_connections * local.proxy_percent / 100)] : values(local.application_concurrency),
  ))

  functions = merge(
    {
      api           = module.api
      migrate       = module.migrate
      rotate_secret = module.rotate_secret
      outbox_relay  = module.outbox_relay
      waitlist      = module.waitlist
      notifications = module.notifications
      operator      = module.operator
      cognito       = module.cognito

      messenger      = module.messenger
      before_traffic = module.before_traffic
    },
    { for function in module.registration : "registration" => function },
    { for name, function in module.country_processor : "country_${name}" => function },
    { for name, function in module.migrate_register : "migrate_${name}" => function },
  )
}

resource "terraform_data" "connections" {
  lifecycle {
    precondition {
      condition     = local.used_connections + local.spare_connections <= local.max_connections
      error_message = "Functions may hold ${local.used_connections} connections and ${local.spare_connections} are kept back, but the database takes ${local.max_connections}: at the busiest hour people would get 503. Lower api_concurrency, take a larger instance, or switch rds_proxy on."
    }
  }
}

# A plan warns of it, because alarms are silent and nothing else would remind anybody.
check "maintenance" {
  assert {
    condition     = !var.maintenance
    error_message = "Maintenance is on: people get errors, and nothing is sent, offered or rotated until an apply without it."
  }
}

module "api" {
  source = "./modules/function"

  name                  = "${local.name}-api"
  description           = "The HTTP API"
  handler               = "lambda_function.entrypoints.api.handler"
  common                = local.common
  environment           = merge(local.application_environment, { PUBLIC_URL = local.api_url })
  statements            = local.read_application_secret
  memory_mib            = var.api_memory_mib
  timeout_seconds       = 29 # API Gateway gives up after 30
  concurrency           = local.admitted_concurrency.api
  snapstart             = var.snapstart
  provisioned           = var.maintenance ? 0 : var.provisioned_concurrency
  shifted_by_codedeploy = true
}

module "migrate" {
  source = "./modules/function"

  name        = "${local.name}-migrate"
  description = "Migrations, and the database's users; invoked by operators"
  handler     = "lambda_function.entrypoints.migrate.handler"
  common      = local.common
  environment = merge(local.direct_environment, {
    SCHEMA             = "main"
    DATABASE_SECRET_ID = aws_secretsmanager_secret.database["migrator"].arn
    APP_SECRET_ID      = aws_secretsmanager_secret.database["app"].arn
    READER_SECRET_ID   = local.registers ? aws_secretsmanager_secret.database["reader"].arn : ""
    MASTER_SECRET_ID   = local.database.master_secret_arn
    DATABASE_HOST      = local.database.host
    DATABASE_PORT      = tostring(local.database_port)
    DATABASE_NAME      = local.database_name
  })
  statements = [
    {
      sid       = "ReadTheMastersSecret"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [local.database.master_secret_arn]
    },
    {
      sid       = "FillTheUsersSecrets"
      actions   = ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"]
      resources = [for user in keys(local.main_users) : aws_secretsmanager_secret.database[user].arn]
    },
    local.use_the_secrets_key,
  ]
  timeout_seconds = 900
  concurrency     = local.direct_concurrency.migrate
}

module "rotate_secret" {
  source = "./modules/function"

  name        = "${local.name}-rotate-secret"
  description = "Rotates the passwords of database users; called by Secrets Manager"
  handler     = "lambda_function.entrypoints.rotate_secret.handler"
  common      = local.common
  environment = local.direct_environment
  statements = [
    {
      sid       = "ReadTheMastersSecrets"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = concat([local.database.master_secret_arn], [for database in local.register : database.master_user_secret[0].secret_arn])
    },
    {
      sid = "RotateTheUsersSecrets"
      actions = [
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
      ]
      resources = [for secret in aws_secretsmanager_secret.database : secret.arn]
    },
    local.use_the_secrets_key,
  ]
  timeout_seconds = 60
  concurrency     = local.direct_concurrency.rotate_secret
}

module "outbox_relay" {
  source = "./modules/function"

  name        = "${local.name}-outbox-relay"
  description = "Publishes what the outbox holds; called every minute"
  handler     = "lambda_function.entrypoints.outbox_relay.handler"
  common      = local.common
  environment = merge(local.application_environment, { EVENT_BUS_NAME = aws_cloudwatch_event_bus.main.name })
  statements = concat(local.read_application_secret, [
    {
      sid        = "PublishEvents"
      actions    = ["events:PutEvents"]
      resources  = [aws_cloudwatch_event_bus.main.arn]
      conditions = [local.in_our_name]
    },
  ])
  timeout_seconds = 55 # below the minute between two runs
  concurrency     = local.admitted_concurrency.outbox_relay
}

module "waitlist" {
  source = "./modules/function"

  name            = "${local.name}-waitlist"
  description     = "Lets offers lapse and makes those that are missing; called every minute"
  handler         = "lambda_function.entrypoints.waitlist.handler"
  common          = local.common
  environment     = local.application_environment
  statements      = local.read_application_secret
  timeout_seconds = 55 # below the minute between two runs
  concurrency     = local.admitted_concurrency.waitlist
}

module "notifications" {
  source = "./modules/function"

  name        = "${local.name}-notifications"
  description = "Plans messages to people and composes those that are due; called by its queue, every five minutes, and by the messenger"
  handler     = "lambda_function.entrypoints.notifications.handler"
  common      = local.common
  # For the links in messages.
  environment = merge(local.application_environment, { PUBLIC_URL = local.api_url })
  statements = concat(local.read_application_secret, [
    {
      sid       = "TakeFromTheQueue"
      actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      resources = [aws_sqs_queue.consumer["notifications"].arn]
    },
  ])
  timeout_seconds = local.notifications_seconds
  concurrency     = local.admitted_concurrency.notifications
}

# Outside the VPC, since it calls SES, SNS and Lambda, for which the network has no endpoints. It has no way to the
# database, and asks the function above for what it sends.
module "messenger" {
  source = "./modules/function"

  name        = "${local.name}-messenger"
  description = "Sends messages to people by e-mail and SMS; called every minute"
  handler     = "lambda_function.entrypoints.messenger.handler"
  common      = local.common
  in_vpc      = false
  environment = {
    NOTIFICATIONS_FUNCTION = module.notifications.alias_arn
    MAIL_SENDER            = var.mail_sender
    MAIL_CONFIGURATION_SET = aws_sesv2_configuration_set.messages.configuration_set_name
    SMS_SENDER_ID          = var.sms_sender_id == null ? "" : var.sms_sender_id
  }
  statements = [
    {
      sid       = "AskForMessages"
      actions   = ["lambda:InvokeFunction"]
      resources = [module.notifications.alias_arn]
    },
    # For a mail with attachments AWS's reference names the first action, and its refusals the second.
    {
      sid        = "SendMailAsTheSender"
      actions    = ["ses:SendEmail", "ses:SendRawEmail"]
      resources  = [aws_sesv2_email_identity.messages.arn, aws_sesv2_configuration_set.messages.arn]
      conditions = [{ test = "StringEquals", variable = "ses:FromAddress", values = [var.mail_sender] }]
    },
    # A text message has no ARN: AWS takes it only with `*`, which would include every topic, that of the alarms too.
    {
      sid       = "SendTextMessages"
      actions   = ["sns:Publish"]
      resources = ["*"]
    },
    {
      sid       = "PublishToNoTopic"
      effect    = "Deny"
      actions   = ["sns:Publish"]
      resources = ["arn:${local.partition}:sns:*:*:*"]
    },
  ]
  # It claims nothing in its last 30 s (RESERVE in services/messenger.py), so it works for 55 s of each minute. A run is
  # only longer than the minute if a provider hangs, and then the next one waits.
  timeout_seconds = 85
  concurrency     = local.unconnected_concurrency.messenger
}

module "operator" {
  source = "./modules/function"

  name        = "${local.name}-operator"
  description = "People, checks, export and erasure; invoked by operators"
  handler     = "lambda_function.entrypoints.operator.handler"
  common      = local.common
  environment = merge(local.direct_environment, {
    DATABASE_SECRET_ID   = aws_secretsmanager_secret.database["app"].arn
    COGNITO_USER_POOL_ID = aws_cognito_user_pool.main.id
  })
  statements = concat(local.read_application_secret, [
    {
      sid = "ManageAccounts"
      actions = [
        "cognito-idp:AdminCreateUser",
        "cognito-idp:AdminDeleteUser",
        "cognito-idp:AdminDisableUser",
        "cognito-idp:AdminEnableUser",
        "cognito-idp:AdminGetUser",
        "cognito-idp:AdminUserGlobalSignOut",
        "cognito-idp:ListUsers",
      ]
      resources = [aws_cognito_user_pool.main.arn]
    },
  ])
  timeout_seconds = 900
  concurrency     = local.direct_concurrency.operator
}

module "cognito" {
  source = "./modules/function"

  name            = "${local.name}-cognito"
  description     = "Gives a confirmed account its person; called by Cognito"
  handler         = "lambda_function.entrypoints.cognito.handler"
  common          = local.common
  environment     = local.application_environment
  statements      = local.read_application_secret
  memory_mib      = 1024
  timeout_seconds = 5 # Cognito gives up after 5 and calls again
  concurrency     = local.admitted_concurrency.cognito
}

# Outside the VPC, since it calls CodeDeploy and Lambda, for which the network has no endpoints.
module "before_traffic" {
  source = "./modules/function"

  name        = "${local.name}-before-traffic"
  description = "Tries a version of the API before it gets requests; called by CodeDeploy"
  handler     = "lambda_function.entrypoints.before_traffic.handler"
  common      = local.common
  in_vpc      = false
  environment = {}
  statements = [
    {
      sid       = "ReadAndJudgeTheDeployment"
      actions   = ["codedeploy:GetDeployment", "codedeploy:PutLifecycleEventHookExecutionStatus"]
      resources = ["arn:${local.partition}:codedeploy:${var.region}:${local.account}:deploymentgroup:${module.api.name}/live"]
    },
    {
      sid       = "ReadItsSpecification"
      actions   = ["codedeploy:GetApplicationRevision"]
      resources = ["arn:${local.partition}:codedeploy:${var.region}:${local.account}:application:${module.api.name}"]
    },
    {
      sid       = "TryVersionsOfTheApi"
      actions   = ["lambda:InvokeFunction"]
      resources = ["${module.api.arn}:*"]
    },
  ]
  timeout_seconds = 300 # both trials and all their repetitions; CodeDeploy waits for an hour
  concurrency     = local.unconnected_concurrency.before_traffic
}
