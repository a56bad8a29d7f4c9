mock_provider "juju" {}

variables {
  model_uuid = "01234567-89ab-4cde-8f01-23456789abcd"
}

run "defaults" {
  assert {
    condition     = juju_application.fastapi_demo.charm[0].name == "fastapi-demo"
    error_message = "The module deploys another charm."
  }

  assert {
    condition     = juju_application.fastapi_demo.model_uuid == var.model_uuid
    error_message = "The module deploys to another model."
  }

  assert {
    condition     = output.app_name == "fastapi-demo"
    error_message = "The application has another name."
  }
}

run "another_application" {
  variables {
    app_name  = "names"
    channel   = "latest/beta"
    config    = { server-port = "8080" }
    resources = { demo-server-image = "ghcr.io/canonical/api_demo_server:1.0.2" }
    revision  = 12
    units     = 3
  }

  assert {
    condition = (
      juju_application.fastapi_demo.charm[0].channel == "latest/beta" &&
      juju_application.fastapi_demo.charm[0].revision == 12
    )
    error_message = "The module deploys another revision."
  }

  assert {
    condition = (
      juju_application.fastapi_demo.config["server-port"] == "8080" &&
      juju_application.fastapi_demo.resources["demo-server-image"] == "ghcr.io/canonical/api_demo_server:1.0.2" &&
      juju_application.fastapi_demo.units == 3
    )
    error_message = "A variable does not reach the application."
  }

  assert {
    condition     = alltrue([for each in merge(output.provides, output.requires) : each.name == "names"])
    error_message = "An output names another application."
  }
}

run "half_a_unit" {
  command = plan

  variables {
    units = 0.5
  }

  expect_failures = [var.units]
}
