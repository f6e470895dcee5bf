# environments/staging.tfvars: terraform test -var-file=environments/staging.tfvars -filter=tests/staging.tftest.hcl
# Nothing is asked of AWS: what a plan could not know anyway is made up. Policies are looked at in tests/terraform.
mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-west-1a", "eu-west-1b", "eu-west-1c"] }
  }
}

run "staging" {
  command = plan

  assert {
    condition     = !local.production && local.name == "dentist-staging"
    error_message = "This is not staging."
  }

  assert {
    condition     = aws_db_instance.main[0].multi_az && aws_db_instance.main[0].deletion_protection
    error_message = "Staging fails over as prod does."
  }

  assert {
    condition     = aws_codedeploy_deployment_group.api.deployment_config_name == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
    error_message = "Staging deploys as prod does."
  }

  assert {
    condition     = !contains(aws_cognito_user_pool_client.main.explicit_auth_flows, "ALLOW_USER_PASSWORD_AUTH")
    error_message = "People log in to staging as they do in prod."
  }
}
