# There are only private subnets, without an internet gateway or NAT. Functions reach the database directly and AWS
# services through interface endpoints. Logs and metrics leave through Lambda itself.

locals {
  zones = slice(data.aws_availability_zones.available.names, 0, var.zone_count)

  # All functions read secrets, the relay puts events, and the operators' function manages accounts. None needs S3. Each
  # address is paid for by the hour, so what can wait until a lost zone is back may have fewer.
  endpoints = {
    secretsmanager = var.endpoint_zone_count
    events         = var.other_endpoint_zones
    cognito-idp    = var.other_endpoint_zones
  }
}

resource "aws_vpc" "main" {
  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = local.name }
}

# A resource without its own security group gets this one and reaches nothing.
resource "aws_default_security_group" "closed" {
  vpc_id = aws_vpc.main.id

  tags = { Name = "${local.name}-closed" }
}

resource "aws_subnet" "private" {
  for_each = { for index, zone in local.zones : zone => cidrsubnet(var.vpc_cidr, 4, index) }

  vpc_id                  = aws_vpc.main.id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false

  tags = { Name = "${local.name}-private-${each.key}" }
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.main.id

  tags = { Name = "${local.name}-private" }
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private.id
}

# ---- who may talk to whom ------------------------------------------------------------------------

resource "aws_security_group" "functions" {
  name        = "${local.name}-functions"
  description = "Lambda functions: to the database and the endpoints, from nobody"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-functions" }
}

resource "aws_security_group" "endpoints" {
  name        = "${local.name}-endpoints"
  description = "Interface endpoints: from the functions, to nobody"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-endpoints" }
}

resource "aws_security_group" "database" {
  name        = "${local.name}-database"
  description = "The database: from the functions and the proxy, to nobody"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-database" }
}

resource "aws_security_group" "proxy" {
  count = var.rds_proxy ? 1 : 0

  name        = "${local.name}-proxy"
  description = "The proxy: from the functions, to the database"
  vpc_id      = aws_vpc.main.id

  tags = { Name = "${local.name}-proxy" }
}

locals {
  database_port = 3306

  # Each pair becomes one outgoing and one incoming rule.
  connections = merge(
    {
      functions-database  = { from = aws_security_group.functions.id, to = aws_security_group.database.id, port = local.database_port }
      functions-endpoints = { from = aws_security_group.functions.id, to = aws_security_group.endpoints.id, port = 443 }
    },
    var.rds_proxy ? {
      functions-proxy = { from = aws_security_group.functions.id, to = aws_security_group.proxy[0].id, port = local.database_port }
      proxy-database  = { from = aws_security_group.proxy[0].id, to = aws_security_group.database.id, port = local.database_port }
    } : {},
    {
      for name, group in aws_security_group.register :
      "functions-register-${name}" => { from = aws_security_group.functions.id, to = group.id, port = local.database_port }
    },
  )
}

resource "aws_vpc_security_group_egress_rule" "out" {
  for_each = local.connections

  security_group_id            = each.value.from
  referenced_security_group_id = each.value.to
  description                  = each.key
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_security_group_ingress_rule" "in" {
  for_each = local.connections

  security_group_id            = each.value.to
  referenced_security_group_id = each.value.from
  description                  = each.key
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

# ---- endpoints -----------------------------------------------------------------------------------

data "aws_iam_policy_document" "endpoint" {
  # A role's own policy decides what it may do. Credentials of other accounts are refused.
  statement {
    sid       = "OnlyThisAccount"
    actions   = ["*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [local.account]
    }
  }
}

resource "aws_vpc_endpoint" "service" {
  for_each = local.endpoints

  vpc_id              = aws_vpc.main.id
  service_name        = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for zone in slice(local.zones, 0, each.value) : aws_subnet.private[zone].id]
  security_group_ids  = [aws_security_group.endpoints.id]
  policy              = data.aws_iam_policy_document.endpoint.json

  tags = { Name = "${local.name}-${each.key}" }
}

# ---- flow logs -----------------------------------------------------------------------------------

resource "aws_cloudwatch_log_group" "flow" {
  name              = "/${local.name}/flow"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.service.arn
}

data "aws_iam_policy_document" "flow_trust" {
  statement {
    sid     = "FlowLogsAssumeTheRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["vpc-flow-logs.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "flow" {
  statement {
    sid       = "WriteFlowLogs"
    actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.flow.arn}:*"]
  }
}

resource "aws_iam_role" "flow" {
  name               = "${local.name}-flow-${var.region}"
  description        = "Writes the VPC's flow logs"
  assume_role_policy = data.aws_iam_policy_document.flow_trust.json
}

resource "aws_iam_role_policy" "flow" {
  name   = "flow"
  role   = aws_iam_role.flow.id
  policy = data.aws_iam_policy_document.flow.json
}

resource "aws_flow_log" "main" {
  vpc_id                   = aws_vpc.main.id
  traffic_type             = "ALL"
  log_destination_type     = "cloud-watch-logs"
  log_destination          = aws_cloudwatch_log_group.flow.arn
  iam_role_arn             = aws_iam_role.flow.arn
  max_aggregation_interval = 600

  tags = { Name = local.name }

  depends_on = [aws_iam_role_policy.flow]
}
