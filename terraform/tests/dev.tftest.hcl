# environments/dev.tfvars: terraform test -var-file=environments/dev.tfvars -filter=tests/dev.tftest.hcl
# Nothing is asked of AWS: what a plan could not know anyway is made up. Policies are looked at in tests/terraform.
mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-west-1a", "eu-west-1b", "eu-west-1c"] }
  }
}

run "dev" {
  command = plan

  assert {
    condition     = !local.production && local.name == "dentist-dev"
    error_message = "This is not dev."
  }

  assert {
    condition     = length(aws_vpc_endpoint.service["secretsmanager"].subnet_ids) == 1 && length(aws_subnet.private) == 2
    error_message = "Dev pays for endpoints in one zone."
  }

  assert {
    condition     = aws_db_instance.main[0].skip_final_snapshot && !aws_db_instance.main[0].deletion_protection
    error_message = "Dev can be taken down."
  }

  assert {
    condition     = contains(aws_cognito_user_pool_client.main.explicit_auth_flows, "ALLOW_USER_PASSWORD_AUTH")
    error_message = "Scripts log in to dev with a password."
  }

  assert {
    condition     = alltrue([for bucket in aws_s3_bucket.main : bucket.force_destroy])
    error_message = "Buckets of dev do not stand in the way of a destroy."
  }

  assert {
    condition     = aws_db_instance.main[0].storage_encrypted && !aws_db_instance.main[0].publicly_accessible
    error_message = "Dev is as closed as prod."
  }

  assert {
    condition     = length(aws_cognito_user_pool.main.email_configuration) == 0
    error_message = "Dev needs no domain of its own: Cognito's own mailer is enough."
  }
}
