# The HTTP API. Its routes are those of openapi.json, which is generated from the code, and those of the page behind the
# link of a message.

locals {
  openapi = jsondecode(file("${path.module}/../openapi.json"))

  operations = toset(flatten([
    for path, methods in local.openapi.paths : [for method in keys(methods) : "${upper(method)} ${path}"]
  ]))

  # A page for people and not part of the API, so openapi.json does not have it. The token in the path is all it asks for.
  page_routes = ["GET /visit/{token}", "HEAD /visit/{token}", "POST /visit/{token}"]

  # API Gateway refuses a `$` in a route's path: each part is a parameter or consists of letters, digits, `.`, `_` and `-`.
  # So FHIR's operations (`POST …/$cancel`) have a parameter there, and the function goes by the path itself. `$default`
  # takes whatever no other route matches: the function answers 404 and 405, to those who are logged in.
  route_keys = setunion(
    [for operation in local.operations : replace(operation, "/\\$[a-z-]+$/", "{operation}")],
    local.public_routes,
    ["$default"],
  )

  # The operations that openapi.json opens to everybody with `security: []`; all others ask for a token.
  public_operations = toset(flatten([
    for path, methods in local.openapi.paths : [
      for method, operation in methods : "${upper(method)} ${path}" if try(length(operation.security) == 0, false)
    ]
  ]))

  # HEAD of a public GET needs a key of its own to get past the authorizer; elsewhere it arrives by `$default`. A browser's
  # preflight carries no token either, and API Gateway answers one by itself only where no route takes it, `$default`
  # included.
  public_heads = {
    for key in setunion(local.public_operations, local.page_routes) : "HEAD ${trimprefix(key, "GET ")}" => key
    if startswith(key, "GET ")
  }
  preflights    = "OPTIONS /{proxy+}"
  public_routes = setunion(local.public_operations, keys(local.public_heads), local.page_routes, [local.preflights])

  # The part of the stage's limit that each of these routes may use: what needs no token, what costs much, what tells a
  # secret, and what no route matches. All others may use the whole. docs/operations.md says how much people need. Whoever
  # guesses links gets no more than the page's part, and the page's part is enough for a wave of reminders.
  route_shares = {
    "GET /availability"       = 0.5
    "GET /calendar.ics"       = 0.2
    "GET /fhir/R4/metadata"   = 0.02
    "GET /health"             = 0.02
    "GET /health/ready"       = 0.02
    "GET /visit/{token}"      = 0.2
    "OPTIONS /{proxy+}"       = 0.5
    "POST /me/calendar-token" = 0.02
    "POST /me/link"           = 0.02
    "POST /visit/{token}"     = 0.1
    "$default"                = 0.05
  }

  # HEAD costs as much as GET, so where it has its own key it also has the limit of its GET.
  head_shares = {
    for head, get in local.public_heads : head => local.route_shares[get] if contains(keys(local.route_shares), get)
  }

  # However low the stage's limit is, a few people at once get through.
  route_limits = {
    for key, share in merge(local.route_shares, local.head_shares) : key => {
      rate  = min(var.throttling.rate, max(5, share * var.throttling.rate))
      burst = min(var.throttling.burst, max(10, ceil(share * var.throttling.burst)))
    }
  }

  api_url = (
    var.custom_domain != null ? "https://${var.custom_domain.name}"
    : var.cloudfront ? "https://${aws_cloudfront_distribution.main[0].domain_name}"
    : aws_apigatewayv2_api.main.api_endpoint
  )
}

resource "aws_apigatewayv2_api" "main" {
  name          = local.name
  description   = "Appointments of dental clinics (${var.environment})"
  protocol_type = "HTTP"
  # With a custom domain, the API answers only there, except behind CloudFront, whose origin is the default address.
  disable_execute_api_endpoint = var.custom_domain != null && !var.cloudfront

  dynamic "cors_configuration" {
    for_each = length(var.cors_origins) > 0 ? [var.cors_origins] : []

    content {
      allow_origins  = cors_configuration.value
      allow_methods  = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"]
      allow_headers  = ["authorization", "content-type", "idempotency-key", "if-match", "prefer"]
      expose_headers = ["allow", "etag", "idempotency-replayed", "link", "location", "retry-after", "x-request-id"]
      max_age        = 7200 # Chromium believes no more; each preflight is a call of the function
    }
  }
}

resource "aws_apigatewayv2_authorizer" "jwt" {
  api_id           = aws_apigatewayv2_api.main.id
  name             = "cognito"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = "https://cognito-idp.${var.region}.amazonaws.com/${aws_cognito_user_pool.main.id}"
    audience = [aws_cognito_user_pool_client.main.id]
  }
}

resource "aws_apigatewayv2_integration" "api" {
  api_id                 = aws_apigatewayv2_api.main.id
  description            = "The alias, so that a version gets requests only when CodeDeploy says so"
  integration_type       = "AWS_PROXY"
  integration_uri        = module.api.alias_invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 30000
}

resource "aws_apigatewayv2_route" "main" {
  for_each = local.route_keys

  api_id             = aws_apigatewayv2_api.main.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.api.id}"
  authorization_type = contains(local.public_routes, each.key) ? "NONE" : "JWT"
  authorizer_id      = contains(local.public_routes, each.key) ? null : aws_apigatewayv2_authorizer.jwt.id
}

resource "aws_lambda_permission" "api" {
  statement_id  = "ApiGatewayCallsTheApi"
  action        = "lambda:InvokeFunction"
  function_name = module.api.name
  qualifier     = module.api.alias_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.main.execution_arn}/*/*"
}

resource "aws_cloudwatch_log_group" "access" {
  # The prefix keeps the account's resource policy for log delivery short: it ends at 5120 characters.
  name              = "/aws/vendedlogs/${local.name}/access"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.service.arn
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.main.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    detailed_metrics_enabled = true
    throttling_rate_limit    = var.throttling.rate
    throttling_burst_limit   = var.throttling.burst
  }

  dynamic "route_settings" {
    for_each = local.route_limits

    content {
      route_key                = route_settings.key
      detailed_metrics_enabled = true
      throttling_rate_limit    = route_settings.value.rate
      throttling_burst_limit   = route_settings.value.burst
    }
  }

  # Addresses, queries and users are personal, and the path of a link is a secret, so the log has none of them. The request
  # id leads to the function's log.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      request_id          = "$context.requestId"
      time                = "$context.requestTime"
      route               = "$context.routeKey"
      status              = "$context.status"
      latency_ms          = "$context.responseLatency"
      integration_ms      = "$context.integrationLatency"
      response_bytes      = "$context.responseLength"
      integration_error   = "$context.integrationErrorMessage"
      authorization_error = "$context.authorizer.error"
    })
  }

  lifecycle {
    precondition {
      condition     = length(setsubtract(keys(local.route_limits), local.route_keys)) == 0
      error_message = "route_shares names routes that do not exist, so API Gateway would refuse the stage."
    }
  }

  depends_on = [aws_apigatewayv2_route.main]
}

# ---- a name of its own ---------------------------------------------------------------------------

locals {
  domain = var.custom_domain != null && !var.cloudfront ? [var.custom_domain] : []
}

resource "aws_apigatewayv2_domain_name" "main" {
  count = length(local.domain)

  domain_name = local.domain[0].name

  domain_name_configuration {
    certificate_arn = local.domain[0].certificate_arn
    endpoint_type   = "REGIONAL"
    security_policy = "TLS_1_2"
  }
}

resource "aws_apigatewayv2_api_mapping" "main" {
  count = length(local.domain)

  api_id      = aws_apigatewayv2_api.main.id
  domain_name = aws_apigatewayv2_domain_name.main[0].id
  stage       = aws_apigatewayv2_stage.default.id
}

resource "aws_route53_record" "api" {
  count = length(local.domain)

  zone_id = local.domain[0].zone_id
  name    = local.domain[0].name
  type    = "A"

  alias {
    name                   = aws_apigatewayv2_domain_name.main[0].domain_name_configuration[0].target_domain_name
    zone_id                = aws_apigatewayv2_domain_name.main[0].domain_name_configuration[0].hosted_zone_id
    evaluate_target_health = false
  }
}
