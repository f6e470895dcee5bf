# Optionally, CloudFront with a firewall in front. An HTTP API cannot have a firewall itself, and it keeps its own address,
# where tokens and throttling still apply. The firewall keeps crowds and scanners away, but it is not access control.
#
# Neither of the two writes a log: it would show the paths of links, and whoever has such a path can act for the patient.

locals {
  # Managed policies of AWS: nothing is cached, everything but the Host header is passed on.
  caching_disabled              = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
  all_viewer_except_host_header = "b689b0a8-53d0-40ab-baf2-68738e2966ac"

  # CloudFront keeps most errors for ten seconds, whatever the policy and the answer's own Cache-Control say.
  kept_errors = [400, 403, 404, 405, 414, 500, 501, 502, 503, 504]

  # These are spelled as in the service's own API.
  firewall_rules = concat(
    [{
      Name     = "crowd"
      Action   = { Block = { CustomResponse = { ResponseCode = 429 } } }
      Priority = 0
      Statement = {
        RateBasedStatement = { Limit = 1000, EvaluationWindowSec = 300, AggregateKeyType = "IP" }
      }
      VisibilityConfig = { MetricName = "crowd", CloudWatchMetricsEnabled = true, SampledRequestsEnabled = false }
    }],
    [for index, group in local.firewall_groups : {
      Name           = group.name
      OverrideAction = { None = {} }
      Priority       = 1 + index
      Statement = {
        ManagedRuleGroupStatement = {
          VendorName          = "AWS"
          Name                = group.name
          RuleActionOverrides = [for rule in group.only_count : { Name = rule, ActionToUse = { Count = {} } }]
        }
      }
      VisibilityConfig = { MetricName = group.name, CloudWatchMetricsEnabled = true, SampledRequestsEnabled = false }
    }],
  )
  firewall_groups = [
    { name = "AWSManagedRulesAmazonIpReputationList", only_count = [] },
    { name = "AWSManagedRulesKnownBadInputsRuleSet", only_count = [] },
    # Bodies up to 64 KiB are legitimate; the function refuses larger ones.
    { name = "AWSManagedRulesCommonRuleSet", only_count = ["SizeRestrictions_BODY"] },
  ]
}

resource "aws_wafv2_web_acl" "main" {
  count = var.cloudfront ? 1 : 0

  region      = "us-east-1"
  name        = "${local.name}-${var.region}"
  description = "Keeps crowds and scanners away from the API"
  scope       = "CLOUDFRONT"
  rule_json   = jsonencode(local.firewall_rules)

  default_action {
    allow {}
  }

  # Sampled requests would show tokens, paths and addresses.
  visibility_config {
    metric_name                = local.name
    cloudwatch_metrics_enabled = true
    sampled_requests_enabled   = false
  }
}

resource "aws_cloudfront_distribution" "main" {
  count = var.cloudfront ? 1 : 0

  enabled         = true
  comment         = local.name
  is_ipv6_enabled = true
  http_version    = "http2and3"
  price_class     = "PriceClass_100"
  aliases         = var.custom_domain[*].name
  web_acl_id      = aws_wafv2_web_acl.main[0].arn

  origin {
    origin_id   = "api"
    domain_name = replace(aws_apigatewayv2_api.main.api_endpoint, "https://", "")

    custom_origin_config {
      http_port              = 80
      https_port             = 443
      origin_protocol_policy = "https-only"
      origin_ssl_protocols   = ["TLSv1.2"]
    }
  }

  default_cache_behavior {
    target_origin_id         = "api"
    viewer_protocol_policy   = "https-only"
    allowed_methods          = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
    cached_methods           = ["GET", "HEAD"]
    cache_policy_id          = local.caching_disabled
    origin_request_policy_id = local.all_viewer_except_host_header
    compress                 = true
  }

  # Without a page of its own, the answer passes unchanged.
  dynamic "custom_error_response" {
    for_each = local.kept_errors

    content {
      error_code            = custom_error_response.value
      error_caching_min_ttl = 0
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = var.custom_domain == null
    acm_certificate_arn            = one(var.custom_domain[*].certificate_arn)
    ssl_support_method             = var.custom_domain == null ? null : "sni-only"
    minimum_protocol_version       = var.custom_domain == null ? "TLSv1" : "TLSv1.2_2021"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }
}

resource "aws_route53_record" "cloudfront" {
  count = var.cloudfront && var.custom_domain != null ? 1 : 0

  zone_id = var.custom_domain.zone_id
  name    = var.custom_domain.name
  type    = "A"

  alias {
    name                   = aws_cloudfront_distribution.main[0].domain_name
    zone_id                = aws_cloudfront_distribution.main[0].hosted_zone_id
    evaluate_target_health = false
  }
}
