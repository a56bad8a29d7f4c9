variable "app_name" {
  description = "Name of the application in the Juju model."
  type        = string
  default     = "fastapi-demo"
  nullable    = false
}

variable "base" {
  description = "Operating system that the charm runs on."
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
  description = "Charm config, by option. The options are in charmcraft.yaml."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "constraints" {
  description = "Juju constraints, such as \"arch=amd64 mem=1G\". Null leaves them to Juju."
  type        = string
  default     = null
}

variable "model_uuid" {
  description = "UUID of the Juju model to deploy to. It has to be a Kubernetes model."
  type        = string
  nullable    = false
}

variable "resources" {
  description = "Charm resources, by name: a revision on Charmhub, or the reference of an image. What is not named comes from the channel."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "revision" {
  description = "Revision of the charm on Charmhub. Null takes the newest of the channel."
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
    error_message = "The number of units is a whole number, 0 or more."
  }
}
