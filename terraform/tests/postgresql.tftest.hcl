mock_provider "juju" {}

run "postgresql" {
  module {
    source = "./examples/postgresql"
  }

  variables {
    model_uuid = "01234567-89ab-4cde-8f01-23456789abcd"
  }

  assert {
    condition = toset([for each in juju_integration.database.application : "${each.name}:${each.endpoint}"]) == toset([
      "fastapi-demo:database",
      "postgresql-k8s:database",
    ])
    error_message = "The example integrates other endpoints."
  }
}
