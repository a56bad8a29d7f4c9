"""The state that the workload depends on."""

from dataclasses import dataclass
from typing import Self

import ops

from config import FastAPIConfig, InvalidConfig, parse_config
from postgresql_client import Answer, DatabaseRequirer


@dataclass(frozen=True)
class CharmState:
    """All that the workload depends on, as it is in this dispatch."""

    config: FastAPIConfig | InvalidConfig
    database: Answer

    @classmethod
    def from_juju(cls, config: ops.ConfigData, database: DatabaseRequirer) -> Self:
        """Read the config and the relation. The only place where they are read."""
        return cls(config=parse_config(config), database=database.answer)
