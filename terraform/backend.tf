# The bucket and its key come from bootstrap/, whose output is the file state.s3.tfbackend; every environment has an object
# of its own: `terraform init -backend-config=state.s3.tfbackend -backend-config=key=prod.tfstate`.
terraform {
  backend "s3" {
    # Without the file's `kms_key_id`, Terraform would ask for S3's own key, whatever the bucket's default is.
    encrypt      = true
    use_lockfile = true
  }
}
