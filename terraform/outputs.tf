output "app_name" {
  description = "Name of the deployed application."
  value       = juju_application.fastapi_demo.name
}

output "application" {
  description = "The deployed application, with all attributes of the resource."
  value       = juju_application.fastapi_demo
}

output "provides" {
  description = "Endpoints that the charm provides, by name."
  value = {
    grafana_dashboard = "grafana-dashboard"
    metrics_endpoint  = "metrics-endpoint"
  }
}

output "requires" {
  description = "Endpoints that the charm requires, by name."
  value = {
    database = "database"
    ingress  = "ingress"
    logging  = "logging"
  }
}
