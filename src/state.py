"""The state that the workload depends on."""

from typing import NamedTuple, Self

import ops

from config import FastAPIConfig, InvalidConfig, parse_config
from postgresql_client import Answer, DatabaseRequirer


class CharmState(NamedTuple):
    """All that the workload depends on, as it is in this dispatch."""

    config: FastAPIConfig | InvalidConfig
    database: Answer

    @classmethod
    def from_juju(cls, config: ops.ConfigData, database: DatabaseRequirer) -> Self:
        """Read the config and the relation. The only place where they are read."""
        return cls(config=parse_config(config), database=database.answer)
