"""The deployed charm, as an operator sees it: through ``juju``, and over HTTP at a unit's address."""

from dataclasses import dataclass

import jubilant
import requests
from pydantic import BaseModel, TypeAdapter

from environment.waiting import wait_for

APP = "fastapi-demo"
POSTGRESQL = "postgresql-k8s"
RELATION = (f"{APP}:database", f"{POSTGRESQL}:database")
PORT = 8000
HTTP_TIMEOUT = 10.0  # seconds for one request
_RESULTS = TypeAdapter(dict[str, str])
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

    def addresses(self) -> list[str]:
        """Return the address of every unit."""
        return [unit.address for unit in self.juju.status().get_units(APP).values()]

    def add_name(self, name: str) -> None:
        """Post a name to the first unit."""
        response = requests.post(
            f"{_url(self.addresses()[0], PORT)}/addname/",
            data={"name": name},
            timeout=HTTP_TIMEOUT,
        )
        response.raise_for_status()

    def wait_for_names(
        self, *, address: str | None = None, port: int = PORT, seconds: float = 120
    ) -> list[str]:
        """Wait until a unit serves names, by default the first one, and return them."""
        return wait_for_names_at(_url(address or self.addresses()[0], port), seconds=seconds)

    def is_served(self, port: int) -> bool:
        """Whether the first unit answers at this port."""
        try:
            requests.get(f"{_url(self.addresses()[0], port)}/version", timeout=HTTP_TIMEOUT)
        except requests.ConnectionError:
            return False
        return True

    def db_info(self, *, show_password: bool = False) -> dict[str, str]:
        """Run ``get-db-info`` on the first unit."""
        task = self.juju.run(f"{APP}/0", "get-db-info", {"show-password": show_password})
        return _RESULTS.validate_python(task.results)

    def wait_for_tls(self, tls: str, *, seconds: float) -> None:
        """Wait until ``get-db-info`` says so."""
        wait_for(f"db-tls to be {tls!r}", lambda: self._tls() == tls, seconds=seconds)

    def _tls(self) -> str | None:
        try:
            return self.db_info()["db-tls"]
        except jubilant.TaskError:  # while the provider's answer is not complete
            return None

    def status_rows(self, scope: str) -> list[dict[str, str]]:
        """Run ``status-detail`` on the first unit, and return its rows for ``app`` or ``unit``."""
        task = self.juju.run(f"{APP}/0", "status-detail")
        results = _NESTED_RESULTS.validate_python(task.results)
        return _ROWS.validate_json(results["json-output"][scope])


def wait_for_names_at(url: str, *, seconds: float = 120) -> list[str]:
    """Wait until names are served behind a URL, and return them."""
    served = wait_for(f"names at {url}", lambda: _get_names(f"{url}/names"), seconds=seconds)
    assert served is not None
    return list(served.names.values())


def _get_names(url: str) -> _Names | None:
    try:
        response = requests.get(url, timeout=HTTP_TIMEOUT)
    except requests.RequestException:
        return None
    return _Names.model_validate_json(response.content) if response.ok else None


def _url(address: str, port: int) -> str:
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{port}"
