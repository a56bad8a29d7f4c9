terraform {
  required_version = ">= 1.6"

  required_providers {
    juju = {
      source  = "juju/juju"
      version = ">= 1.0, < 3.0"
    }
  }
}

variable "model_uuid" {
  description = "UUID of the Kubernetes model to deploy to."
  type        = string
}

module "fastapi_demo" {
  source     = "../.."
  model_uuid = var.model_uuid
}

resource "juju_application" "postgresql" {
  name       = "postgresql-k8s"
  model_uuid = var.model_uuid
  trust      = true

  charm {
    name    = "postgresql-k8s"
    channel = "14/stable"
  }
}

resource "juju_integration" "database" {
  model_uuid = var.model_uuid

  application {
    name     = module.fastapi_demo.requires.database.name
    endpoint = module.fastapi_demo.requires.database.endpoint
  }

  application {
    name     = juju_application.postgresql.name
    endpoint = "database"
  }
}
