locals {
  provides = ["grafana-dashboard", "metrics-endpoint"]
  requires = ["database", "ingress", "logging"]
}

output "app_name" {
  description = "Name of the deployed application."
  value       = juju_application.fastapi_demo.name
}

output "application" {
  description = "The deployed application, with all attributes of the resource."
  value       = juju_application.fastapi_demo
}

output "provides" {
  description = "Endpoints that the charm provides, by name with underscores. Each one has the arguments of juju_integration."
  value = {
    for endpoint in local.provides : replace(endpoint, "-", "_") => {
      kind       = "endpoint"
      name       = juju_application.fastapi_demo.name
      endpoint   = endpoint
      controller = null
    }
  }
}

output "requires" {
  description = "Endpoints that the charm requires, by name with underscores. Each one has the arguments of juju_integration."
  value = {
    for endpoint in local.requires : replace(endpoint, "-", "_") => {
      kind       = "endpoint"
      name       = juju_application.fastapi_demo.name
      endpoint   = endpoint
      controller = null
    }
  }
}
