"""The Terraform module has the endpoints of the charm."""

import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHARM = yaml.safe_load((ROOT / "charmcraft.yaml").read_text())


@pytest.mark.parametrize("role", ["provides", "requires"])
def test_every_endpoint_is_an_output(role: str) -> None:
    found = re.search(
        rf"^  {role} = (\[.*\])$", (ROOT / "terraform" / "outputs.tf").read_text(), re.MULTILINE
    )

    assert found is not None
    assert json.loads(found[1]) == sorted(CHARM[role])


def test_the_readme_shows_the_example_that_is_tested() -> None:
    readme = (ROOT / "terraform" / "README.md").read_text()
    example = (ROOT / "terraform" / "examples" / "postgresql" / "main.tf").read_text()

    shown = readme.split("```hcl\n")[1].split("```")[0]

    assert shown.replace('"../fastapi-demo/terraform"', '"../.."') in example
