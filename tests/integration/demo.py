"""The deployed charm, as an operator sees it: through ``juju``, and over HTTP at a unit's address."""

import re
import secrets
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import jubilant
import psycopg2
import requests
from pydantic import BaseModel, TypeAdapter

from environment.waiting import wait_for

ROOT = Path(__file__).parents[2]
APP = "fastapi-demo"
POSTGRESQL = "postgresql-k8s"
RELATION = (f"{APP}:database", f"{POSTGRESQL}:database")
PORT = 8000
HTTP_TIMEOUT = 10.0  # seconds for one request
RESULTS = TypeAdapter(dict[str, str])
_NESTED_RESULTS = TypeAdapter(dict[str, dict[str, str]])
_ROWS = TypeAdapter(list[dict[str, str]])


class _Names(BaseModel):
    names: dict[str, str]


@dataclass(frozen=True)
class Demo:
    """The application in its model."""

    juju: jubilant.Juju

    def wait_for_status(
        self, status: str, message: str = "", *, units: int = 1, minutes: float = 10
    ) -> None:
        """Wait until the application and all its units show it. A failed hook ends the wait."""

        def is_there(now: jubilant.Status) -> bool:
            app = now.apps.get(APP)
            if app is None or len(app.units) != units:
                return False
            shown = [app.app_status, *(unit.workload_status for unit in app.units.values())]
            return all((each.current, each.message) == (status, message) for each in shown)

        try:
            self.juju.wait(
                is_there,
                error=lambda now: jubilant.any_error(now, APP),
                timeout=minutes * 60,
            )
        except (TimeoutError, jubilant.WaitError) as error:
            error.add_note(f"Waited for {units} unit(s) of {APP} to be {status}: {message!r}")
            raise

    def connect(self, channel: str) -> None:
        """Deploy PostgreSQL from a channel and integrate with it, until all is well."""
        # Force: PostgreSQL's charms do not say yet that they may run on Juju 4, though they do.
        self.juju.deploy(POSTGRESQL, channel=channel, trust=True, force=True)
        self.juju.integrate(*RELATION)
        self.wait_for_status("active", minutes=30)

    def disconnect(self) -> None:
        """Remove the relation, and wait until it can be added again."""
        self.juju.remove_relation(*RELATION)
        wait_for(
            "the relation to leave the status",
            lambda: not self.juju.status().apps[APP].relations.get("database"),
            seconds=300,
        )
        time.sleep(3)  # Juju 4.0.15 may get stuck when the same relation comes back at once

    def url(self, unit: int = 0, *, app: str = APP, port: int = PORT) -> str:
        """Return where a unit serves HTTP."""
        address = self.juju.status().get_units(app)[f"{app}/{unit}"].address
        return f"http://{f'[{address}]' if ':' in address else address}:{port}"

    def add_name(self, name: str) -> None:
        """Post a name to the first unit."""
        url = f"{self.url()}/addname/"
        requests.post(url, data={"name": name}, timeout=HTTP_TIMEOUT).raise_for_status()

    def wait_for_names(
        self, *, unit: int = 0, port: int = PORT, url: str = "", seconds: float = 120
    ) -> list[str]:
        """Wait until names are served by a unit or behind a URL, and return them."""

        def find() -> _Names | None:
            try:
                # A new pod may have another address.
                where = url or self.url(unit, port=port)
                response = requests.get(f"{where}/names", timeout=HTTP_TIMEOUT)
            except (KeyError, requests.RequestException):
                return None
            return _Names.model_validate_json(response.content) if response.ok else None

        served = wait_for(f"names of unit {unit} {url}", find, seconds=seconds)
        assert served is not None
        return list(served.names.values())

    def is_served(self, port: int) -> bool:
        """Whether the first unit answers at this port."""
        try:
            requests.get(f"{self.url(port=port)}/version", timeout=HTTP_TIMEOUT)
        except requests.ConnectionError:
            return False
        return True

    def db_info(self, *, show_password: bool = False) -> dict[str, str]:
        """Run ``get-db-info`` on the first unit."""
        task = self.juju.run(f"{APP}/0", "get-db-info", {"show-password": show_password})
        return RESULTS.validate_python(task.results)

    def wait_for_tls(self, tls: str) -> None:
        """Wait until ``get-db-info`` says so."""

        def is_there() -> bool:
            try:
                return self.db_info()["db-tls"] == tls
            except jubilant.TaskError:  # while the provider's answer is not complete
                return False

        wait_for(f"db-tls to be {tls!r}", is_there, seconds=20 * 60)

    def rotate_password(self) -> None:
        """Give the database's user another password, as the provider does; the old one is invalid."""
        info = self.db_info(show_password=True)
        user, password = info["db-username"], secrets.token_hex(16)
        host = self.juju.status().get_units(POSTGRESQL)[f"{POSTGRESQL}/0"].address
        connection = psycopg2.connect(
            host=host, dbname=info["db-name"], user=user, password=info["db-password"]
        )
        with closing(connection), connection, connection.cursor() as cursor:
            cursor.execute("SET ROLE NONE")  # PostgreSQL's charm lets the user act as an owner
            cursor.execute("ALTER ROLE CURRENT_USER PASSWORD %s", [password])
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename = CURRENT_USER AND pid <> pg_backend_pid()"
            )
        shown = self.juju.cli("show-unit", f"{APP}/0", "--format=json")
        secret = re.search(r'"secret-user": ?"[^"]*?(\w+)"', shown)
        assert secret is not None
        content = (f"username={user}", f"password={password}")
        self.juju.exec("secret-set", secret[1], *content, unit=f"{POSTGRESQL}/leader")

    def status_rows(self, scope: str) -> list[dict[str, str]]:
        """Run ``status-detail`` on the first unit, and return its rows for ``app`` or ``unit``."""
        task = self.juju.run(f"{APP}/0", "status-detail")
        results = _NESTED_RESULTS.validate_python(task.results)
        return _ROWS.validate_json(results["json-output"][scope])
