data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_availability_zones" "available" {
  state = "available"

  # Local Zones and Wavelength Zones are listed too once an account has opted in to them, and RDS has no standby there.
  filter {
    name   = "zone-type"
    values = ["availability-zone"]
  }
}

locals {
  # Every name starts with it, so that several environments can share an account.
  name       = "dentist-${var.environment}"
  production = var.environment == "prod"
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  aurora     = var.database_engine == "aurora-mysql"

  tags = merge(var.tags, {
    project     = "dentist-appointments"
    environment = var.environment
    data        = "personal-health"
    managed-by  = "terraform"
  })
}
