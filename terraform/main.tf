resource "juju_application" "fastapi_demo" {
  name       = var.app_name
  model_uuid = var.model_uuid

  charm {
    name     = "fastapi-demo"
    channel  = var.channel
    revision = var.revision
    base     = var.base
  }

  config      = var.config
  constraints = var.constraints
  resources   = var.resources
  units       = var.units
}
