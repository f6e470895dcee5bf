variable "name" {
  type        = string
  description = "The function's name, which is also Powertools' service name and so the dimension of its metrics."

  validation {
    condition     = length(var.name) <= 55
    error_message = "A Lambda's name has at most 64 characters, and the role's name adds the region."
  }
}

variable "description" {
  type        = string
  description = "What the function is for, in one sentence."
}

variable "handler" {
  type        = string
  description = "Module and function in the package."
}

variable "common" {
  type = object({
    region             = string
    arn_prefix         = string
    package            = object({ bucket = string, key = string, sha256 = string })
    subnet_ids         = list(string)
    security_group_id  = string
    log_retention_days = number
    kms_key_arn        = string
    failure_queue_arn  = string
  })
  description = "What all functions share: the region and beginning of their ARN, the zip in S3 and its SHA-256 in base64 (a new digest publishes a new version), private subnets, the security group that decides what they reach, the key of logs and environment, and the destination of asynchronous events that failed for good."
}

variable "environment" {
  type        = map(string)
  description = "The variables that settings.py reads for this entrypoint. Powertools' variables are added here."
}

variable "statements" {
  type = list(object({
    sid        = string
    effect     = optional(string, "Allow")
    actions    = list(string)
    resources  = list(string)
    conditions = optional(list(object({ test = string, variable = string, values = list(string) })), [])
  }))
  description = "What the function may do besides writing logs and, in the VPC, its network interfaces."
}

variable "memory_mib" {
  type        = number
  description = "Memory in MiB, which also determines the share of the CPU."
  default     = 512
}

variable "timeout_seconds" {
  type        = number
  description = "Timeout in seconds. It is shorter than whatever waits for the function: 30 s for API Gateway, 5 s for Cognito, a minute between two runs of the relay, of the waitlist or of the messenger."
}

variable "concurrency" {
  type        = number
  description = "Reserved concurrency. In the VPC each execution holds one database connection, so all functions together stay below max_connections."
}

variable "in_vpc" {
  type        = bool
  description = "The function stands in the private subnets, from which it reaches the database. Outside it reaches all of AWS's services, and no database."
  default     = true
}

variable "retries" {
  type        = number
  description = "How often an asynchronous call is tried again."
  default     = 0

  validation {
    condition     = contains([0, 1, 2], var.retries)
    error_message = "Lambda tries an asynchronous call again at most twice."
  }
}

variable "snapstart" {
  type        = bool
  description = "Start from a snapshot of the initialised function."
  default     = false
}

variable "provisioned" {
  type        = number
  description = "Executions of the alias that are kept started. A function with a snapshot cannot have any."
  default     = 0
}

variable "shifted_by_codedeploy" {
  type        = bool
  description = "CodeDeploy moves the alias to a new version, bit by bit, so Terraform leaves it where it is."
  default     = false
}
