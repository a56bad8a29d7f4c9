"""Providers, operator and Juju act in any order, and events get lost: plan and status stay correct."""

import json
from collections.abc import Mapping
from dataclasses import replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from ops.pebble import CheckStatus
from ops.testing import CheckInfo, Container, Context, Model, Relation, Secret, TCPPort
from scenario.state import _Event

from charm import FastAPIDemoCharm
from unit.charm_unit import (
    CONTAINER,
    SERVICE,
    Ctx,
    at,
    command,
    environment,
    new_lines,
    new_unit,
    provide,
    with_container,
    with_relations,
)

# What the provider may write, and the variables that the server gets for it. None: it is invalid.
ENDPOINTS = {
    "db:5432": {"DEMO_SERVER_DB_HOST": "db", "DEMO_SERVER_DB_PORT": "5432"},
    "[::1]:1": {"DEMO_SERVER_DB_HOST": "::1", "DEMO_SERVER_DB_PORT": "1"},
    "a:1,b:2": {"DEMO_SERVER_DB_HOST": "a,b", "DEMO_SERVER_DB_PORT": "1,2"},
    "b:2,a:1": {"DEMO_SERVER_DB_HOST": "a,b", "DEMO_SERVER_DB_PORT": "1,2"},
    "db": None,
    "db:0": None,
}
OTHER_DATABASE = "other_db"
DATABASES: dict[str, dict[str, str] | None] = {"names_db": {}, OTHER_DATABASE: {}, "a\nb": None}
TLS = {"False": {}, "true": {"PGSSLMODE": "require"}, "maybe": None}
# The server gets these for every answer that has more than one endpoint, user and password.
MORE_THAN_BARE = {
    "DEMO_SERVER_LOGFILE": "/dev/null",
    "PGTARGETSESSIONATTRS": "read-write",
    "PGCONNECT_TIMEOUT": "5",
}
ROOT_PATH = "UVICORN_ROOT_PATH"
# The same for the ingress.
ROUTES = {
    json.dumps({"url": "http://192.0.2.1/m-app"}): {ROOT_PATH: "/m-app"},
    json.dumps({"url": "https://example.com/a/b/"}): {
        ROOT_PATH: "/a/b",
        "FORWARDED_ALLOW_IPS": "*",
    },
    json.dumps({"url": "http://m-app.example.com/"}): {},
    json.dumps({"url": "ftp://h/"}): None,
    "{": None,
}
REFUSED_PORT = 65535  # every ingress refuses it, the charm does not
SECRET = "S3CRET"
MODEL = Model()
USER = Secret({"username": "me"}, id="user")
USER_URI = f"secret://{MODEL.uuid}/{USER.id}"
# The charm does not observe these, so it does not see what came before them.
UNOBSERVED = {"install", "stop"}
REQUEST = {
    "database": "names_db",
    "requested-secrets": '["username", "password", "tls", "tls-ca", "uris", "read-only-uris"]',
}
EVENTS = ("config_changed", "leader_elected", "start", "update_status", "upgrade_charm")
Variables = dict[str, str]


class AnyOrder(RuleBasedStateMachine):
    """Everything around one unit that can act."""

    def __init__(self) -> None:
        super().__init__()
        self.ctx: Ctx = Context(FastAPIDemoCharm, juju_version="3.6.4")
        self.state = replace(new_unit(leader=False), model=MODEL)
        self.relation_number = 0
        self.is_agent_restarted = False
        self.databag: Variables = {}
        self.user: Variables = {}
        self.is_granted = False
        self.expected: Variables | None = None
        """The variables of the database, as of the last event; None while there is no plan."""
        self.route: str | None = None
        self.from_ingress: Variables = {}
        self.port = 8000
        """The port that the unit has opened: the last valid one, or the default."""

    @initialize(is_connected=st.booleans(), is_pebble_early=st.booleans())
    def deploy(self, *, is_connected: bool, is_pebble_early: bool) -> None:
        """Deploy the unit, perhaps integrated at once with a provider that answers quickly."""
        self.set_container(is_there=is_pebble_early)
        self.dispatch(self.ctx.on.install())
        if is_connected:
            self.create("database")
        self.send("leader_elected")
        if is_connected:
            self.write_answer("db:5432")
        self.set_container(is_there=True)
        self.dispatch(self.ctx.on.pebble_ready(self.container))
        self.send("config_changed")
        self.send("start")
        if is_connected:
            self.join("database")

    # The operator

    @rule(endpoint=st.sampled_from(["database", "ingress"]))
    def integrate_or_remove(self, endpoint: str) -> None:
        if self.is_related(endpoint):
            self.unrelate(endpoint)
        else:
            self.create(endpoint)
            self.join(endpoint)

    def create(self, endpoint: str) -> None:
        self.relation_number += 1
        relation = Relation(endpoint, id=self.relation_number)
        self.state = with_relations(self.state, relation)
        self.dispatch(self.ctx.on.relation_created(relation))

    def join(self, endpoint: str) -> None:
        """Send relation-changed, which may come before relation-joined."""
        self.send_changed(endpoint)
        self.dispatch(self.ctx.on.relation_joined(at(self.state, endpoint), remote_unit=0))

    def send_changed(self, endpoint: str) -> None:
        self.dispatch(self.ctx.on.relation_changed(at(self.state, endpoint), remote_unit=0))

    def unrelate(self, endpoint: str) -> None:
        """Remove a relation: its unit has left the list, and its application may have no name."""
        departed = self.put(replace(at(self.state, endpoint), remote_units_data={}))
        self.dispatch(self.ctx.on.relation_departed(departed, remote_unit=0))
        broken = at(self.state, endpoint)
        if self.is_agent_restarted:
            broken = self.put(replace(broken, remote_app_name=""))
        self.dispatch(self.ctx.on.relation_broken(broken), broken=endpoint)
        gone = at(self.state, endpoint)
        self.state = replace(self.state, relations=self.state.relations - {gone})
        if endpoint == "database":
            self.databag, self.user, self.is_granted = {}, {}, False
            self.state = replace(self.state, secrets=frozenset())
        else:
            self.route = None

    @rule(port=st.sampled_from([8000, 8080, REFUSED_PORT, 22, 70000]), is_noticed=st.booleans())
    def configure(self, port: int, *, is_noticed: bool) -> None:
        """Set the option; the event is lost or comes twice."""
        self.state = replace(self.state, config={"server-port": port})
        if is_noticed:
            self.send("config_changed")
            self.send("config_changed")

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
        self.write_answer(endpoints)
        self.send_relation_changed()

    def write_answer(self, endpoints: str) -> None:
        self.databag = {"endpoints": endpoints, "secret-user": USER_URI}
        self.user = {"username": "me", "password": f"{SECRET}-0"}
        self.is_granted = True
        self.publish()

    @precondition(lambda self: self.databag)
    @rule(pick=st.integers(0, 9))
    def withdraw_a_key(self, pick: int) -> None:
        del self.databag[sorted(self.databag)[pick % len(self.databag)]]
        self.publish()

    @precondition(lambda self: self.is_related("database"))
    @rule(password=st.sampled_from([f"{SECRET}-1", f"{SECRET}-2", f"{SECRET}\x07", ""]))
    def rotate(self, password: str) -> None:
        self.user = {"username": "me", "password": password}
        self.databag["secret-user"] = USER_URI
        self.publish()

    @precondition(lambda self: self.is_related("database"))
    @rule(is_granted=st.booleans())
    def grant(self, *, is_granted: bool) -> None:
        self.is_granted = is_granted
        self.publish()

    @precondition(lambda self: self.is_related("ingress"))
    @rule(route=st.sampled_from([*ROUTES, None]), is_noticed=st.booleans())
    def write_route(self, route: str | None, *, is_noticed: bool) -> None:
        self.route = route
        self.state = provide(self.state, {"ingress": route} if route else {}, endpoint="ingress")
        if is_noticed:
            self.send_changed("ingress")

    def put(self, relation: Relation) -> Relation:
        others = self.state.relations - {at(self.state, relation.endpoint)}
        self.state = replace(self.state, relations=others | {relation})
        return relation

    def publish(self) -> None:
        secrets: list[Secret] = []
        if self.is_granted and self.user:
            known = {secret.id: secret for secret in self.state.secrets}
            secret = known.get(USER.id) or replace(USER, tracked_content=self.user)
            secrets = [replace(secret, latest_content=self.user)]
        self.state = provide(self.state, self.databag, secrets)

    # Juju and Kubernetes

    @rule(is_leader=st.booleans())
    def elect(self, *, is_leader: bool) -> None:
        self.state = replace(self.state, leader=is_leader)

    @rule()
    def restart_the_container(self) -> None:
        self.set_container(is_there=False)
        self.send("update_status")
        self.set_container(is_there=True)
        self.dispatch(self.ctx.on.pebble_ready(self.container))

    @rule(is_refresh=st.booleans(), is_pebble_early=st.booleans())
    def replace_the_pod(self, *, is_refresh: bool, is_pebble_early: bool) -> None:
        self.dispatch(self.ctx.on.stop())
        self.state = replace(self.state, stored_states=frozenset())
        self.is_agent_restarted = True
        self.set_container(is_there=is_pebble_early)
        if is_refresh:
            self.send("upgrade_charm")
        self.send("config_changed")
        self.send("start")
        if not is_pebble_early:
            self.set_container(is_there=True)
        self.dispatch(self.ctx.on.pebble_ready(self.container))

    def set_container(self, *, is_there: bool) -> None:
        """Replace the container with an empty one, whose Pebble may not answer yet."""
        self.expected, self.from_ingress = None, {}
        self.state = with_container(self.state, Container(CONTAINER, can_connect=is_there))

    @precondition(lambda self: self.running_checks())
    @rule(is_ready=st.booleans(), is_up=st.booleans(), is_noticed=st.booleans())
    def check(self, *, is_ready: bool, is_up: bool, is_noticed: bool) -> None:
        name = "fastapi-ready" if is_ready else "fastapi-database"
        (before,) = (info for info in self.running_checks() if info.name == name)
        after = replace(before, status=CheckStatus.UP if is_up else CheckStatus.DOWN)
        infos = (self.container.check_infos - {before}) | {after}
        self.state = with_container(self.state, replace(self.container, check_infos=infos))
        if is_noticed:
            on = self.ctx.on
            event = on.pebble_check_recovered if is_up else on.pebble_check_failed
            self.dispatch(event(self.container, after))

    @rule(name=st.sampled_from(EVENTS))
    def send(self, name: str) -> None:
        if name == "leader_elected":
            self.elect(is_leader=True)
        self.dispatch(getattr(self.ctx.on, name)())

    @precondition(lambda self: self.is_related("database"))
    @rule()
    def send_relation_changed(self) -> None:
        self.send_changed("database")
        if self.state.leader:
            assert at(self.state, "database").local_app_data == REQUEST

    @precondition(lambda self: self.state.secrets)
    @rule()
    def send_secret_changed(self) -> None:
        self.dispatch(self.ctx.on.secret_changed(self.state.get_secret(id=USER.id)))

    # What has to be true

    def is_related(self, endpoint: str) -> bool:
        return bool(self.state.get_relations(endpoint))

    @property
    def container(self) -> Container:
        return self.state.get_container(CONTAINER)

    def running_checks(self) -> list[CheckInfo]:
        infos = self.container.check_infos
        return [info for info in infos if info.status is not CheckStatus.INACTIVE]

    def is_down(self, check: str) -> bool:
        infos = self.running_checks()
        return any(info.name == check and info.status is CheckStatus.DOWN for info in infos)

    def answer(self) -> Variables | str | None:
        """Return the variables for the answer, or the status of an answer that cannot be used."""
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
        if self.databag.get("database") == OTHER_DATABASE:
            return "blocked"
        login = {"DEMO_SERVER_DB_USER": "me", "DEMO_SERVER_DB_PASSWORD": user["password"]}
        is_bare = (
            "database" not in self.databag
            and self.databag.get("tls") != "true"
            and "," not in self.databag["endpoints"]
        )
        if not is_bare:
            parts.append(MORE_THAN_BARE)
        return {name: value for part in (*parts, login) for name, value in (part or {}).items()}

    def prefix(self, port: int) -> Variables | str:
        """Return the variables for the ingress's answer, or why there are none."""
        if port == REFUSED_PORT:
            return "refused"
        variables = ROUTES[self.route] if self.route else None
        return ("malformed" if self.route else "waiting") if variables is None else variables

    def dispatch(self, event: _Event, *, broken: str = "") -> None:
        """Run the charm, and check that it did what the state calls for, and no more."""
        before = (self.expected, self.from_ingress, self.port)
        self.state = self.ctx.run(event, self.state)
        logged = new_lines(self.ctx)
        self.check_that_no_secret_is_in(logged)
        if event.name in UNOBSERVED:
            return

        port = int(self.state.config.get("server-port", 8000))
        is_valid = port in (8000, 8080, REFUSED_PORT)
        self.port = port if is_valid else self.port
        assert self.state.opened_ports == {TCPPort(self.port)}
        related = {each.endpoint for each in self.state.relations} - {broken}
        answer = self.answer() if "database" in related else "unrelated"
        prefix = self.prefix(self.port) if "ingress" in related else "unrelated"
        if self.container.can_connect:
            if isinstance(answer, dict):
                self.expected = answer
            elif self.expected is None or answer == "unrelated":
                self.expected = {}
            if isinstance(prefix, dict):
                self.from_ingress = prefix
            elif prefix in ("unrelated", "refused"):
                self.from_ingress = {}
            assert command(self.state).endswith(f"--port={self.port}")
            assert environment(self.state) == self.expected | self.from_ingress
            assert [info.is_running() for info in self.container.services.values()] == [True]
        if before[0] is not None:
            is_changed = before != (self.expected, self.from_ingress, self.port)
            assert is_changed is any(f"{SERVICE}: " in line for line in logged)

        is_blocked = answer in ("blocked", "unrelated") or prefix in ("refused", "malformed")
        expected = self.status(is_blocked or not is_valid, is_waiting=answer == "waiting")
        assert self.state.unit_status.name == expected

    def status(self, is_blocked: bool, *, is_waiting: bool) -> str:
        if is_blocked:
            return "blocked"
        if not self.container.can_connect or self.is_down("fastapi-ready"):
            return "maintenance"
        return "waiting" if is_waiting or self.is_down("fastapi-database") else "active"

    def check_that_no_secret_is_in(self, logged: list[str]) -> None:
        public = [*logged, self.state.unit_status.message, self.state.app_status.message]
        for each in self.state.relations:
            public += [str(each.local_app_data), str(each.local_unit_data)]
        public += [str(stored) for stored in self.state.stored_states]
        assert not any(SECRET in text for text in public)
        assert not self.state.deferred


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(
    max_examples=50,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
