variable "app_name" {
  description = "Name of the application in the Juju model."
  type        = string
  default     = "fastapi-demo"
  nullable    = false
}

variable "base" {
  description = "Operating system of the charm's container, such as ubuntu@24.04."
  type        = string
  default     = "ubuntu@24.04"
  nullable    = false
}

variable "channel" {
  description = "Charmhub channel of the charm."
  type        = string
  default     = "latest/edge"
  nullable    = false
}

variable "config" {
  description = "Values of the charm's options. charmcraft.yaml lists the options."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "constraints" {
  description = "Juju constraints, such as \"arch=amd64 mem=1G\". With null, Juju chooses them."
  type        = string
  default     = null
}

variable "model_uuid" {
  description = "UUID of the Kubernetes model to deploy to."
  type        = string
  nullable    = false
}

variable "resources" {
  description = "For each resource, a revision on Charmhub or the name of an image. A resource that is missing here comes from the channel."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "revision" {
  description = "Revision of the charm on Charmhub. With null, the newest in the channel."
  type        = number
  default     = null
}

variable "units" {
  description = "Number of units."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.units >= 0 && floor(var.units) == var.units
    error_message = "The number of units must be a whole number, 0 or more."
  }
}
