# The bucket comes from bootstrap/; every environment has its own key, given with the bucket to
# `terraform init -backend-config=bucket=… -backend-config=region=… -backend-config=key=prod.tfstate`.
terraform {
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}
