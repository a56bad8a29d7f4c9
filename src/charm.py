#!/usr/bin/env python3
"""The charm: on every event it reads the state, makes the workload follow it, and reports."""

import gc
import os

if __name__ == "__main__":
    # Collecting garbage would cost a tenth of the time of a process that ends with the event.
    gc.disable()
    # There are no plugins for pydantic. Looking for them reads the metadata of every package.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"

import logging
import sys
from functools import cached_property

import ops

import status
from config import FastAPIConfig
from db_info import describe
from postgresql_client import (
    Connected,
    DatabaseRequest,
    DatabaseRequirer,
    Invalid,
    NotReady,
    NotRelated,
)
from state import CharmState
from version import ask_version
from workload import DemoServer, Health

CONTAINER = "demo-server"
REQUEST = DatabaseRequest("names_db")


class FastAPIDemoCharm(ops.CharmBase):
    """Operates the demo server and connects it to PostgreSQL."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self._database = DatabaseRequirer(self, "database", REQUEST)
        self._server = DemoServer(self.unit.get_container(CONTAINER))

        database, server = self.on["database"], self.on[CONTAINER]
        for event in (
            self.on.config_changed,
            self.on.leader_elected,
            self.on.secret_changed,
            self.on.start,
            self.on.update_status,
            self.on.upgrade_charm,
            database.relation_broken,
            database.relation_changed,
            database.relation_created,
            database.relation_departed,
            database.relation_joined,
            server.pebble_check_failed,
            server.pebble_check_recovered,
            server.pebble_ready,
        ):
            framework.observe(event, self._reconcile)
        framework.observe(self.on.collect_app_status, self._on_collect_app_status)
        framework.observe(self.on.collect_unit_status, self._on_collect_unit_status)
        framework.observe(self.on.get_db_info_action, self._on_get_db_info)
        framework.observe(self.on.status_detail_action, self._on_status_detail)

    @cached_property
    def _state(self) -> CharmState:
        return CharmState.from_juju(self.config, self._database)

    @cached_property
    def _health(self) -> Health:
        """How the server does; when it could not be started just now, why."""
        return self._server.health()

    def _reconcile(self, event: ops.EventBase) -> None:
        """Make the workload and the unit follow the state. Safe to repeat, after any event."""
        config = self._state.config
        self._health, is_restarted = self._server.apply(config, self._state.database)
        if isinstance(config, FastAPIConfig):
            self._publish(config, event, is_restarted=is_restarted)

    def _publish(self, config: FastAPIConfig, event: ops.EventBase, *, is_restarted: bool) -> None:
        """Tell Juju the port and the version when they may be others, as each telling costs a call."""
        if is_restarted or isinstance(event, ops.ConfigChangedEvent):
            self.unit.set_ports(config.server_port)
        is_due = isinstance(event, ops.UpdateStatusEvent | ops.PebbleCheckRecoveredEvent)
        if (is_restarted or is_due) and (version := ask_version(config.server_port)):
            self.unit.set_workload_version(version)

    def _on_collect_app_status(self, event: ops.CollectStatusEvent) -> None:
        event.add_status(status.worst(status.application_statuses(self._state)).ops_status)

    def _on_collect_unit_status(self, event: ops.CollectStatusEvent) -> None:
        event.add_status(status.worst(status.unit_statuses(self._state, self._health)).ops_status)

    def _on_get_db_info(self, event: ops.ActionEvent) -> None:
        match self._state.database:
            case Connected() as database:
                show_password = event.params.get("show-password") is True
                event.set_results(describe(database, REQUEST.database, show_password=show_password))
            case NotRelated() | NotReady() | Invalid():
                reason = status.worst(status.application_statuses(self._state)).message
                event.fail(f"No database connected: {reason}")

    def _on_status_detail(self, event: ops.ActionEvent) -> None:
        from status_detail import report  # noqa: PLC0415 - see there

        self._reconcile(event)  # why a server does not start is known to who tries to start it
        report(
            event,
            status.application_statuses(self._state),
            status.unit_statuses(self._state, self._health),
        )


if __name__ == "__main__":
    # ops logs a few lines at DEBUG for each event, and Juju starts a process for each line.
    logging.disable(logging.DEBUG)
    ops.main(FastAPIDemoCharm)
    sys.stdout.flush()
    os._exit(0)  # not by the usual way, which frees every object of the interpreter one by one
