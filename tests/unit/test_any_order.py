"""Providers, operator and Juju act in any order, and events get lost: the charm ends up right."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from ops.testing import Container, Context, Relation, Secret, TCPPort
from scenario.state import _Event

from charm import FastAPIDemoCharm
from unit.charm_unit import CONTAINER, SERVICE, Ctx, at, unit

# What the provider may write, and what the server's environment has to say then: None where the
# field cannot be used.
ENDPOINTS = {
    "db:5432": {"DEMO_SERVER_DB_HOST": "db", "DEMO_SERVER_DB_PORT": "5432"},
    "[::1]:1": {"DEMO_SERVER_DB_HOST": "::1", "DEMO_SERVER_DB_PORT": "1"},
    "a:1,b:2": {
        "DEMO_SERVER_DB_HOST": "a,b",
        "DEMO_SERVER_DB_PORT": "1,2",
        "PGTARGETSESSIONATTRS": "read-write",
    },
    "db": None,
    "db:0": None,
}
DATABASES = {"names_db": {"DEMO_SERVER_DB_NAME": "names_db"}, "a\nb": None}
TLS = {
    "False": {},
    "true": {"PGSSLMODE": "require"},
    "maybe": None,
}
ROOT_PATH = "UVICORN_ROOT_PATH"
# What the ingress may write, and the root path that the server has to have then.
ROUTES = {
    json.dumps({"url": "http://192.0.2.1/m-app"}): {ROOT_PATH: "/m-app"},
    json.dumps({"url": "https://example.com/a/b/"}): {ROOT_PATH: "/a/b"},
    json.dumps({"url": "http://m-app.example.com/"}): {},
    json.dumps({"url": "ftp://h/"}): None,
    "{": None,
}
REFUSED_PORT = 65535  # by every ingress, not by us
SECRET = "S3CRET"
USER = "secret:user"
REQUEST = {
    "database": "names_db",
    "requested-secrets": '["username", "password", "tls", "tls-ca", "uris", "read-only-uris"]',
}
Variables = dict[str, str]


class AnyOrder(RuleBasedStateMachine):
    """The world around one unit."""

    def __init__(self) -> None:
        super().__init__()
        self.ctx: Ctx = Context(FastAPIDemoCharm, juju_version="3.6.4")
        self.state = unit()
        self.relation_number = 0
        self.databag: Variables = {}
        self.user: Variables = {}
        self.is_granted = False
        self.expected: Variables | None = None
        """What the database gives the server, as of the last event; None while there is no plan."""
        self.route: str | None = None
        """What the ingress has written."""
        self.root_path: Variables = {}
        """What the ingress gives the server, as of the last event."""
        self.port = 8000
        """The port that was last applied, or the default in a new container."""

    @initialize(is_connected=st.booleans())
    def begin(self, is_connected: bool) -> None:
        if is_connected:
            self.integrate()
            self.answer_well("db:5432")

    # The operator

    @precondition(lambda self: not self.is_related("database"))
    @rule()
    def integrate(self) -> None:
        self.relation_number += 1
        self.databag, self.user, self.is_granted = {}, {}, False
        self.relate(Relation("database", id=self.relation_number, remote_units_data={0: {}}))

    @precondition(lambda self: self.is_related("database"))
    @rule()
    def remove_relation(self) -> None:
        self.unrelate("database")
        self.state = replace(self.state, secrets=frozenset())
        self.databag = {}

    @precondition(lambda self: not self.is_related("ingress"))
    @rule()
    def integrate_ingress(self) -> None:
        self.relation_number += 1
        self.relate(Relation("ingress", id=self.relation_number, remote_units_data={0: {}}))

    @precondition(lambda self: self.is_related("ingress"))
    @rule()
    def remove_ingress(self) -> None:
        self.unrelate("ingress")
        self.route = None

    def relate(self, relation: Relation) -> None:
        self.state = replace(self.state, relations=self.state.relations | {relation})
        self.dispatch(self.ctx.on.relation_created(relation))

    def unrelate(self, endpoint: str) -> None:
        self.dispatch(self.ctx.on.relation_broken(at(self.state, endpoint)), broken=endpoint)
        gone = at(self.state, endpoint)
        self.state = replace(self.state, relations=self.state.relations - {gone})

    @rule(port=st.sampled_from([8000, 8080, REFUSED_PORT, 22, 70000]))
    def configure(self, port: int) -> None:
        self.state = replace(self.state, config={"server-port": port})

    # The provider

    @precondition(lambda self: self.is_related("database"))
    @rule(
        field=st.sampled_from(["endpoints", "database", "tls", "version", "status", "anything"]),
        pick=st.integers(0, 9),
    )
    def write(self, field: str, pick: int) -> None:
        pools: Mapping[str, list[str]] = {
            "endpoints": [*ENDPOINTS],
            "database": [*DATABASES],
            "tls": [*TLS],
            "version": ["14.15", "x", "9" * 99],
            "status": ["{", "[]", '[{"code": "x"}]'],
        }
        pool = pools.get(field, ["\x00", "1"])
        self.databag[field] = pool[pick % len(pool)]
        self.publish()

    @precondition(lambda self: self.is_related("database"))
    @rule(endpoints=st.sampled_from(["db:5432", "a:1,b:2"]))
    def answer_well(self, endpoints: str) -> None:
        self.databag = {"endpoints": endpoints, "secret-user": USER}
        self.user = {"username": "me", "password": f"{SECRET}-0"}
        self.is_granted = True
        self.publish()
        self.send_relation_changed()

    @precondition(lambda self: self.databag)
    @rule(data=st.data())
    def withdraw_a_key(self, data: st.DataObject) -> None:
        del self.databag[data.draw(st.sampled_from(sorted(self.databag)))]
        self.publish()

    @precondition(lambda self: self.is_related("database"))
    @rule(password=st.sampled_from([f"{SECRET}-1", f"{SECRET}-2", f"{SECRET}\x07", ""]))
    def rotate(self, password: str) -> None:
        self.user = {"username": "me", "password": password}
        self.databag["secret-user"] = USER
        self.publish()

    @precondition(lambda self: self.is_related("database"))
    @rule(is_granted=st.booleans())
    def grant(self, is_granted: bool) -> None:
        self.is_granted = is_granted
        self.publish()

    @precondition(lambda self: self.is_related("ingress"))
    @rule(route=st.sampled_from([*ROUTES, None]), is_heard_of=st.booleans())
    def write_route(self, route: str | None, *, is_heard_of: bool) -> None:
        self.route = route
        self.write_databag("ingress", {} if route is None else {"ingress": route})
        if is_heard_of:
            relation = at(self.state, "ingress")
            self.dispatch(self.ctx.on.relation_changed(relation, remote_unit=0))

    def write_databag(self, endpoint: str, databag: Variables) -> None:
        before = at(self.state, endpoint)
        after = replace(before, remote_app_data=dict(databag))
        self.state = replace(self.state, relations=(self.state.relations - {before}) | {after})

    def publish(self) -> None:
        self.write_databag("database", self.databag)
        secrets: frozenset[Secret] = frozenset()
        if self.is_granted and self.user:
            known = {secret.id: secret for secret in self.state.secrets}
            secret = known.get(USER) or Secret(self.user, id=USER)
            secrets = frozenset({replace(secret, latest_content=self.user)})
        self.state = replace(self.state, secrets=secrets)

    # Juju and Kubernetes

    @rule(is_leader=st.booleans())
    def elect(self, is_leader: bool) -> None:
        self.state = replace(self.state, leader=is_leader)

    @rule(event=st.sampled_from(["update_status", "config_changed"]))
    def replace_the_container(self, event: str) -> None:
        self.expected, self.root_path, self.port = None, {}, 8000
        gone = Container(CONTAINER, can_connect=False)
        self.state = replace(self.state, containers=frozenset({gone}))
        self.send(event)
        new = Container(CONTAINER, can_connect=True)
        self.state = replace(self.state, containers=frozenset({new}))
        self.dispatch(self.ctx.on.pebble_ready(new))

    @rule(
        name=st.sampled_from(
            [
                "config_changed",
                "leader_elected",
                "start",
                "update_status",
                "upgrade_charm",
            ]
        )
    )
    def send(self, name: str) -> None:
        events: Mapping[str, Callable[[], _Event]] = {
            "config_changed": self.ctx.on.config_changed,
            "leader_elected": self.ctx.on.leader_elected,
            "start": self.ctx.on.start,
            "update_status": self.ctx.on.update_status,
            "upgrade_charm": self.ctx.on.upgrade_charm,
        }
        if name == "leader_elected":
            self.elect(is_leader=True)
        self.dispatch(events[name]())

    @precondition(lambda self: self.is_related("database"))
    @rule()
    def send_relation_changed(self) -> None:
        self.dispatch(self.ctx.on.relation_changed(self.relation, remote_unit=0))
        if self.state.leader:
            assert self.relation.local_app_data == REQUEST

    @precondition(lambda self: self.state.secrets)
    @rule()
    def send_secret_changed(self) -> None:
        self.dispatch(self.ctx.on.secret_changed(self.state.get_secret(id=USER)))

    # What has to be true

    @property
    def relation(self) -> Relation:
        return at(self.state, "database")

    def is_related(self, endpoint: str) -> bool:
        return bool(self.state.get_relations(endpoint))

    @property
    def container(self) -> Container:
        return self.state.get_container(CONTAINER)

    def answer(self) -> Variables | str | None:
        """Return the environment that the answer asks for, or what keeps it from being used."""
        parts: list[Variables | None] = []
        for field, pool in (("endpoints", ENDPOINTS), ("database", DATABASES), ("tls", TLS)):
            if field in self.databag:
                parts.append(pool[self.databag[field]])
        user = self.user if self.is_granted and "secret-user" in self.databag else {}
        if "\x07" in user.get("password", ""):
            parts.append(None)
        if any(part is None for part in parts):
            return "blocked"
        if "endpoints" not in self.databag or not user.get("password"):
            return "waiting"
        login = {"DEMO_SERVER_DB_USER": "me", "DEMO_SERVER_DB_PASSWORD": user["password"]}
        return {name: value for part in (*parts, login) for name, value in (part or {}).items()}

    def prefix(self, port: int) -> Variables | str:
        """Return what the ingress's answer gives the server, or what keeps it from being used."""
        if port == REFUSED_PORT:
            return "refused"
        if self.route is None:
            return "waiting"
        root_path = ROUTES[self.route]
        return "malformed" if root_path is None else root_path

    def dispatch(self, event: _Event, *, broken: str = "") -> None:
        """Run the charm, and see that it did what this world asks for."""
        self.ctx.juju_log.clear()
        self.state = self.ctx.run(event, self.state)

        port = int(self.state.config.get("server-port", 8000))
        is_valid = port in (8000, 8080, REFUSED_PORT)
        served = port if is_valid else self.port
        related = {each.endpoint for each in self.state.relations} - {broken}
        answer = self.answer() if "database" in related else "unrelated"
        prefix = self.prefix(served) if "ingress" in related else "unrelated"
        if self.container.can_connect:
            kept = self.expected or {}
            self.expected = {} if answer == "unrelated" else kept
            if isinstance(answer, dict):
                self.expected = answer
            if isinstance(prefix, dict):
                self.root_path = prefix
            elif prefix in ("unrelated", "refused"):
                self.root_path = {}
            self.port = served
            assert f"--port={self.port}" in self.container.plan.services[SERVICE].command
            assert self.state.opened_ports == {TCPPort(self.port)}

        is_blocked = answer in ("blocked", "unrelated") or prefix in ("refused", "malformed")
        self.check_status(is_blocked=is_blocked or not is_valid, is_waiting=answer == "waiting")

    def check_status(self, *, is_blocked: bool, is_waiting: bool) -> None:
        if is_blocked:
            expected = "blocked"
        elif not self.container.can_connect:
            expected = "maintenance"
        elif is_waiting:
            expected = "waiting"
        else:
            expected = "active"
        assert self.state.unit_status.name == expected

    @invariant()
    def the_plan_is_as_expected(self) -> None:
        if self.container.can_connect and self.expected is not None:
            variables = self.container.plan.services[SERVICE].environment
            assert variables == self.expected | self.root_path

    @invariant()
    def one_server_runs(self) -> None:
        if self.container.can_connect and self.expected is not None:
            assert [info.is_running() for info in self.container.services.values()] == [True]

    @invariant()
    def no_secret_is_anywhere_else(self) -> None:
        public = [line.message for line in self.ctx.juju_log]
        public += [self.state.unit_status.message, self.state.app_status.message]
        for each in self.state.relations:
            public += [str(each.local_app_data), str(each.local_unit_data)]
        public += [str(stored) for stored in self.state.stored_states]
        assert not any(SECRET in text for text in public)
        assert not self.state.deferred


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(
    max_examples=50,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
