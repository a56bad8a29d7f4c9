"""A dashboard as Grafana exports it, and what the peers need of it."""

import base64
import json
import lzma
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

_PRESET = 6  # a millisecond for 16 kB; 9 takes 16


class DashboardError(ValueError):
    """A dashboard's file is not what it should be. The text names the file and what is wrong."""


def _is_absent(_: object) -> object:
    raise ValueError("has to be left out: Grafana's charm adds the variables for Juju's topology")


class _Fields(BaseModel):
    """The fields of a dashboard's JSON that the peers depend on."""

    model_config: ClassVar[ConfigDict] = ConfigDict(defer_build=True, frozen=True)

    # Collectors on the way keep only such a uid, and replace others.
    uid: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    # Of two dashboards with one uid the highest version is shown.
    version: Annotated[int, Field(strict=True, ge=1)]
    title: Annotated[str, Field(min_length=1)]
    templating: Annotated[object, AfterValidator(_is_absent)] = None


class Dashboard(BaseModel):
    """A dashboard that a charm brings."""

    model_config: ClassVar[ConfigDict] = ConfigDict(defer_build=True, frozen=True)

    name: str
    """The name of its file without suffix: stable, and nobody else's."""
    text: str
    """Its JSON, without white space between the values."""

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read a dashboard.

        Raises:
            DashboardError: when it is malformed. The file is the author's own, so a test finds it.
        """
        text = file.read_text()
        try:
            _Fields.model_validate_json(text)
        except ValidationError as error:
            raise DashboardError(f"{file}: {error}") from error
        return cls(name=file.stem, text=json.dumps(json.loads(text), separators=(",", ":")))

    @classmethod
    def load_all(cls, directory: Path) -> tuple[Self, ...]:
        """Read the ``.json`` files of a directory, in the order of their names.

        Raises:
            DashboardError: when one is malformed.
        """
        return tuple(cls.load(file) for file in sorted(directory.glob("*.json")))

    @property
    def content(self) -> str:
        """The dashboard as it is on the wire: LZMA in base64. The same dashboard, the same text."""
        return base64.b64encode(lzma.compress(self.text.encode(), preset=_PRESET)).decode()
