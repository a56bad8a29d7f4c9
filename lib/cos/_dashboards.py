"""The provider's side of ``grafana_dashboard``."""

import base64
import json
import lzma
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import ops
from pydantic import AfterValidator, Field, ValidationError

from databag import Json, WireModel

from ._remote import CosEndpoint, RemoteApplication
from ._topology import JujuTopology

_LZMA_PRESET = 6  # takes 1 ms for 16 kB; 9 takes 16 ms


class DashboardError(ValueError):
    """A dashboard's file is malformed. The text names the file and what is wrong."""


def _refuse(_: object) -> object:
    raise ValueError("is not allowed: Grafana's charm adds the variables for Juju's topology")


class _Fields(WireModel):
    """The fields of a dashboard's JSON that remote applications depend on."""

    # Collectors keep only a uid of this form, and replace any other.
    uid: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    # If two dashboards have the same uid, Grafana shows the one with the higher version.
    version: Annotated[int, Field(strict=True, ge=1)]
    title: Annotated[str, Field(min_length=1)]
    templating: Annotated[object, AfterValidator(_refuse)] = None


class Template(WireModel):
    """A dashboard, and the application that it shows."""

    charm: str
    content: str
    """Its JSON, in LZMA and base64."""
    juju_topology: JujuTopology
    inject_dropdowns: bool = True
    """Whether Grafana's charm adds the variables for Juju's topology and the data sources."""


class Dashboards(WireModel):
    """The dashboards by their id."""

    templates: Mapping[str, Template]


class DashboardApplication(WireModel):
    """What the leader writes."""

    dashboards: Json[Dashboards]


def load_dashboards(directory: Path) -> Mapping[str, str]:
    """Return the JSON of the ``.json`` files of a directory, without white space, by id.

    Raises:
        DashboardError: if a file is malformed. The charm has the files, so a test can find it.
    """
    return {f"file:{file.stem}": _load(file) for file in sorted(directory.glob("*.json"))}


def _load(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
        _Fields.model_validate_json(text)
    except (UnicodeDecodeError, ValidationError) as error:
        raise DashboardError(f"{file}: {error}") from error
    return json.dumps(json.loads(text), separators=(",", ":"))


def _compress(text: str) -> str:
    return base64.b64encode(lzma.compress(text.encode(), preset=_LZMA_PRESET)).decode()


class GrafanaDashboardProvider(CosEndpoint):
    """Sends the charm's dashboards to every Grafana at an endpoint.

    It stores nothing: the leader compares and writes in each event that can change the dashboards.
    Create it in the charm's ``__init__``.
    """

    def __init__(self, charm: ops.CharmBase, endpoint: str, dashboards: Path) -> None:
        """Observe ``endpoint`` of ``charm``.

        Args:
            charm: The charm that the dashboards show.
            endpoint: The name of the endpoint in the charm's metadata.
            dashboards: The directory of the dashboards, see :func:`load_dashboards`.
        """

        def application() -> DashboardApplication:
            topology = JujuTopology.from_charm(charm)
            templates = {
                name: Template(
                    charm=topology.charm_name, content=_compress(text), juju_topology=topology
                )
                for name, text in load_dashboards(dashboards).items()
            }
            return DashboardApplication(dashboards=Dashboards(templates=templates))

        super().__init__(charm, endpoint, RemoteApplication, application=application)
