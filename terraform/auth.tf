# Cognito authenticates people. Their rights are in the database, which the API reads on every request.

# Never give this pool a domain: Cognito refuses calls through a VPC endpoint for a pool that has one, and the operators'
# function reaches it by no other way.
resource "aws_cognito_user_pool" "main" {
  name                     = local.name
  user_pool_tier           = "ESSENTIALS"
  deletion_protection      = var.deletion_protection ? "ACTIVE" : "INACTIVE"
  alias_attributes         = ["email"]
  auto_verified_attributes = ["email"]
  mfa_configuration        = var.mfa

  username_configuration {
    case_sensitive = false
  }

  # There is no SMS, because phone numbers get taken over and messages cost money.
  software_token_mfa_configuration {
    enabled = true
  }

  password_policy {
    minimum_length                   = 12
    require_lowercase                = true
    require_uppercase                = true
    require_numbers                  = true
    require_symbols                  = false
    password_history_size            = 5
    temporary_password_validity_days = 3
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }

  # Without it Cognito sends by its own mailer, which stops after 50 mails a day. With it Cognito makes itself a
  # service-linked role, so the identity needs no policy.
  dynamic "email_configuration" {
    for_each = var.mail[*]

    content {
      email_sending_account = "DEVELOPER"
      source_arn            = email_configuration.value.identity_arn
      from_email_address    = email_configuration.value.from
    }
  }

  # A new e-mail counts only once it is verified: post-confirmation links people by it.
  user_attribute_update_settings {
    attributes_require_verification_before_update = ["email"]
  }

  lambda_config {
    post_confirmation = module.cognito.alias_arn
  }
}

resource "aws_lambda_permission" "cognito" {
  statement_id   = "CognitoTellsOfConfirmedPeople"
  action         = "lambda:InvokeFunction"
  function_name  = module.cognito.name
  qualifier      = module.cognito.alias_name
  principal      = "cognito-idp.amazonaws.com"
  source_arn     = aws_cognito_user_pool.main.arn
  source_account = local.account
}

# Groups are for people who look at the pool. The API never reads them.
resource "aws_cognito_user_group" "role" {
  for_each = toset(["patients", "doctors", "receptionists"])

  name         = each.key
  description  = "Tells people of this role apart in the console; grants nothing"
  user_pool_id = aws_cognito_user_pool.main.id
}

resource "aws_cognito_user_pool_client" "main" {
  name         = local.name
  user_pool_id = aws_cognito_user_pool.main.id

  explicit_auth_flows = concat(
    ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
    var.password_flow ? ["ALLOW_USER_PASSWORD_AUTH"] : [],
  )
  # The client runs in browsers and on phones, where a secret cannot be kept.
  generate_secret               = false
  prevent_user_existence_errors = "ENABLED"
  enable_token_revocation       = true

  # A stolen token is valid for a quarter of an hour, and one log-in lasts for a shift or a day at home.
  access_token_validity  = 15
  id_token_validity      = 15
  refresh_token_validity = 12

  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "hours"
  }

  read_attributes  = ["email", "email_verified"]
  write_attributes = ["email"]
}
