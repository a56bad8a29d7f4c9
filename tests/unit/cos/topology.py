"""The model that the units of these tests are in."""

from ops.testing import Model

from cos import JujuTopology

UUID = "2f8d4f2e-6a0a-4b3e-9f63-0d7f1c3b5a10"
MODEL = Model(name="my-demo", uuid=UUID)
UNIT = {"application": "my.app", "unit": "my.app/0", "charm_name": "my-charm"}
METADATA = {"model": "my-demo", "model_uuid": UUID, **UNIT}
"""What remote applications get of the unit, on the wire."""
TOPOLOGY = JujuTopology.model_validate(METADATA)
IDENTIFIER = "my_demo_2f8d4f2e_my_app"
MATCHERS = f'juju_model="my-demo", juju_model_uuid="{UUID}", juju_application="my.app"'
LABELS = {
    "juju_model": "my-demo",
    "juju_model_uuid": UUID,
    "juju_application": "my.app",
    "juju_charm": "my-charm",
}
"""What every rule is labelled with."""
