# MySQL as one RDS instance, or as an Aurora cluster for a chain of clinics that outgrows it. It is private and encrypted,
# and takes only TLS.

locals {
  # max_connections is set rather than left to RDS's formula (about 85 for each GiB), so that it is known before anything
  # is made: 64 for each GiB. The functions' reserved concurrency is checked against it in functions.tf.
  connections_per_gib = 64
  instance_memory_gib = {
    "db.t4g.micro"   = 1
    "db.t4g.small"   = 2
    "db.t4g.medium"  = 4
    "db.t4g.large"   = 8
    "db.m7g.large"   = 8
    "db.m7g.xlarge"  = 16
    "db.m7g.2xlarge" = 32
    "db.m7g.4xlarge" = 64
    "db.r7g.large"   = 16
    "db.r7g.xlarge"  = 32
    "db.r7g.2xlarge" = 64
    "db.r7g.4xlarge" = 128
  }
  memory_gib      = local.aurora ? 2 * var.aurora_capacity.maximum : local.instance_memory_gib[var.database_instance_class]
  max_connections = min(local.connections_per_gib * local.memory_gib, 4000)

  database_name = "dentist"
  master_user   = "master"
  # A final snapshot outlives the environment, so its name must differ from that of every environment that had the same
  # name before. The VPC's id does.
  final_snapshot = "${local.name}-final-${aws_vpc.main.id}"
  # The slow log shows statements with their values, so it is kept only as long as needed, under the database's key.
  database_logs = ["error", "slowquery"]

  parameters = {
    character_set_server     = "utf8mb4"
    collation_server         = "utf8mb4_unicode_520_ci"
    time_zone                = "UTC"
    transaction_isolation    = "READ-COMMITTED"
    innodb_lock_wait_timeout = "3"
    # The server ends what clients have abandoned (db/engine.py): a SELECT or a wait for a table's lock after 5 s, and
    # within a minute a transaction that a frozen process or a person has left open. Operators and migrations lift the
    # limits on their own connections.
    max_execution_time       = "5000" # ms
    lock_wait_timeout        = "5"
    wait_timeout             = "30"
    interactive_timeout      = "60"
    net_write_timeout        = "30"
    require_secure_transport = local.aurora ? "ON" : "1"
    max_connections          = tostring(local.max_connections)
    slow_query_log           = "1"
    long_query_time          = "1"
    # RDS writes the slow log into a table unless it is told otherwise. Only files are exported to CloudWatch; the table
    # would keep patients' values in the database and in every backup.
    log_output = "FILE"
  }

  database = {
    id                = local.aurora ? one(aws_rds_cluster.main[*].cluster_identifier) : one(aws_db_instance.main[*].identifier)
    host              = local.aurora ? one(aws_rds_cluster.main[*].endpoint) : one(aws_db_instance.main[*].address)
    reader_host       = local.aurora ? one(aws_rds_cluster.main[*].reader_endpoint) : one(aws_db_instance.main[*].address)
    master_secret_arn = local.aurora ? one(aws_rds_cluster.main[*].master_user_secret[0].secret_arn) : one(aws_db_instance.main[*].master_user_secret[0].secret_arn)
  }
}

resource "aws_db_subnet_group" "main" {
  name        = local.name
  description = "Private subnets"
  subnet_ids  = values(aws_subnet.private)[*].id
}

# The log groups are declared before the database, which would make its own without retention and without our key.
resource "aws_cloudwatch_log_group" "database" {
  for_each = toset(local.database_logs)

  name              = "/aws/rds/${local.aurora ? "cluster" : "instance"}/${local.name}/${each.key}"
  retention_in_days = min(var.log_retention_days, 90)
  kms_key_id        = aws_kms_key.service.arn
}

data "aws_iam_policy_document" "monitoring_trust" {
  statement {
    sid     = "EnhancedMonitoringAssumesTheRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["monitoring.rds.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role" "monitoring" {
  name               = "${local.name}-monitoring-${var.region}"
  description        = "Writes RDS enhanced monitoring"
  assume_role_policy = data.aws_iam_policy_document.monitoring_trust.json
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

# ---- RDS -----------------------------------------------------------------------------------------

resource "aws_db_parameter_group" "main" {
  count = local.aurora ? 0 : 1

  name_prefix = "${local.name}-"
  family      = "mysql8.4"
  description = "What the application relies on"

  dynamic "parameter" {
    for_each = local.parameters

    content {
      name  = parameter.key
      value = parameter.value
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "main" {
  count = local.aurora ? 0 : 1

  identifier     = local.name
  engine         = "mysql"
  engine_version = "8.4"
  instance_class = var.database_instance_class
  db_name        = local.database_name
  username       = local.master_user

  # RDS creates the master's password, keeps it in Secrets Manager and rotates it, so Terraform's state never holds it.
  manage_master_user_password   = true
  master_user_secret_kms_key_id = aws_kms_key.database.arn

  storage_type          = "gp3"
  allocated_storage     = var.database_storage_gib.initial
  max_allocated_storage = var.database_storage_gib.maximum
  storage_encrypted     = true
  kms_key_id            = aws_kms_key.database.arn

  db_subnet_group_name   = aws_db_subnet_group.main.name
  vpc_security_group_ids = [aws_security_group.database.id]
  publicly_accessible    = false
  multi_az               = var.multi_az
  parameter_group_name   = aws_db_parameter_group.main[0].name
  ca_cert_identifier     = "rds-ca-rsa2048-g1"

  backup_retention_period    = var.backup_retention_days
  backup_window              = "01:00-02:00"
  maintenance_window         = "sun:02:30-sun:03:30"
  copy_tags_to_snapshot      = true
  delete_automated_backups   = !local.production
  deletion_protection        = var.deletion_protection
  skip_final_snapshot        = !var.deletion_protection
  final_snapshot_identifier  = local.final_snapshot
  auto_minor_version_upgrade = true

  enabled_cloudwatch_logs_exports = local.database_logs
  monitoring_interval             = 60
  monitoring_role_arn             = aws_iam_role.monitoring.arn
  # Performance Insights needs a class above db.t4g.small.
  database_insights_mode          = "standard"
  performance_insights_enabled    = local.insights
  performance_insights_kms_key_id = local.insights ? aws_kms_key.database.arn : null

  depends_on = [aws_cloudwatch_log_group.database, aws_iam_role_policy_attachment.monitoring]
}

# ---- Aurora --------------------------------------------------------------------------------------

resource "aws_rds_cluster_parameter_group" "main" {
  count = local.aurora ? 1 : 0

  name_prefix = "${local.name}-"
  family      = "aurora-mysql8.4"
  description = "What the application relies on"

  dynamic "parameter" {
    for_each = local.parameters

    content {
      name  = parameter.key
      value = parameter.value
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_rds_cluster" "main" {
  count = local.aurora ? 1 : 0

  cluster_identifier = local.name
  engine             = "aurora-mysql"
  engine_version     = "8.4.mysql_aurora.8.4.7"
  database_name      = local.database_name
  master_username    = local.master_user

  manage_master_user_password   = true
  master_user_secret_kms_key_id = aws_kms_key.database.arn

  storage_encrypted = true
  kms_key_id        = aws_kms_key.database.arn

  serverlessv2_scaling_configuration {
    min_capacity = var.aurora_capacity.minimum
    max_capacity = var.aurora_capacity.maximum
  }

  db_subnet_group_name            = aws_db_subnet_group.main.name
  vpc_security_group_ids          = [aws_security_group.database.id]
  db_cluster_parameter_group_name = aws_rds_cluster_parameter_group.main[0].name

  backup_retention_period      = var.backup_retention_days
  preferred_backup_window      = "01:00-02:00"
  preferred_maintenance_window = "sun:02:30-sun:03:30"
  copy_tags_to_snapshot        = true
  delete_automated_backups     = !local.production
  deletion_protection          = var.deletion_protection
  skip_final_snapshot          = !var.deletion_protection
  final_snapshot_identifier    = local.final_snapshot

  enabled_cloudwatch_logs_exports = local.database_logs

  depends_on = [aws_cloudwatch_log_group.database]

  lifecycle {
    # AWS upgrades minor versions in the maintenance window; Terraform does not take that back.
    ignore_changes = [engine_version]
  }
}

resource "aws_rds_cluster_instance" "main" {
  count = local.aurora ? var.aurora_capacity.instances : 0

  identifier           = "${local.name}-${count.index}"
  cluster_identifier   = aws_rds_cluster.main[0].id
  engine               = aws_rds_cluster.main[0].engine
  engine_version       = aws_rds_cluster.main[0].engine_version
  instance_class       = "db.serverless"
  db_subnet_group_name = aws_db_subnet_group.main.name
  publicly_accessible  = false
  promotion_tier       = count.index
  ca_cert_identifier   = "rds-ca-rsa2048-g1"

  auto_minor_version_upgrade      = true
  monitoring_interval             = 60
  monitoring_role_arn             = aws_iam_role.monitoring.arn
  performance_insights_enabled    = true
  performance_insights_kms_key_id = aws_kms_key.database.arn

  depends_on = [aws_iam_role_policy_attachment.monitoring]

  lifecycle {
    ignore_changes = [engine_version]
  }
}

# ---- proxy ---------------------------------------------------------------------------------------

locals {
  insights = !contains(["db.t4g.micro", "db.t4g.small"], var.database_instance_class)
  # Percentage of max_connections. The rest is for functions that connect directly and for people in an emergency.
  proxy_percent = 75
}

data "aws_iam_policy_document" "proxy_trust" {
  statement {
    sid     = "TheProxyAssumesTheRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["rds.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

data "aws_iam_policy_document" "proxy" {
  statement {
    sid       = "ReadTheApplicationsSecret"
    actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.database["app"].arn]
  }

  statement {
    sid       = "DecryptIt"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.database.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${var.region}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "proxy" {
  count = var.rds_proxy ? 1 : 0

  name               = "${local.name}-proxy-${var.region}"
  description        = "Lets the proxy read the application's credentials"
  assume_role_policy = data.aws_iam_policy_document.proxy_trust.json
}

resource "aws_iam_role_policy" "proxy" {
  count = var.rds_proxy ? 1 : 0

  name   = "proxy"
  role   = aws_iam_role.proxy[0].id
  policy = data.aws_iam_policy_document.proxy.json
}

resource "aws_db_proxy" "main" {
  count = var.rds_proxy ? 1 : 0

  name                   = local.name
  engine_family          = "MYSQL"
  role_arn               = aws_iam_role.proxy[0].arn
  require_tls            = true
  idle_client_timeout    = 30 # as wait_timeout
  vpc_subnet_ids         = values(aws_subnet.private)[*].id
  vpc_security_group_ids = [aws_security_group.proxy[0].id]

  # The application's secret only: neither the migrator nor the master can log in through the proxy.
  auth {
    auth_scheme               = "SECRETS"
    client_password_auth_type = "MYSQL_CACHING_SHA2_PASSWORD"
    iam_auth                  = "DISABLED"
    secret_arn                = aws_secretsmanager_secret.database["app"].arn
  }

  depends_on = [aws_iam_role_policy.proxy]
}

resource "aws_db_proxy_default_target_group" "main" {
  count = var.rds_proxy ? 1 : 0

  db_proxy_name = aws_db_proxy.main[0].name

  connection_pool_config {
    connection_borrow_timeout    = 3
    max_connections_percent      = local.proxy_percent
    max_idle_connections_percent = 25
  }
}

resource "aws_db_proxy_target" "main" {
  count = var.rds_proxy ? 1 : 0

  db_proxy_name          = aws_db_proxy.main[0].name
  target_group_name      = aws_db_proxy_default_target_group.main[0].name
  db_instance_identifier = local.aurora ? null : local.database.id
  db_cluster_identifier  = local.aurora ? local.database.id : null

  # A cluster without instances is no target yet.
  depends_on = [aws_rds_cluster_instance.main]
}
