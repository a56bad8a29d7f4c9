"""The program of the workload image, simulated: the HTTP contract and the metrics, and no more."""

import os
from typing import Annotated

import psycopg2
from fastapi import FastAPI, Form
from fastapi.responses import RedirectResponse
from starlette_exporter import PrometheusMiddleware, handle_metrics

app = FastAPI(title="demo server")
app.add_middleware(PrometheusMiddleware)
app.add_route("/metrics", handle_metrics)


class Names:
    """The names in PostgreSQL, with a connection for each request: the primary may move."""

    def __enter__(self) -> "Names":
        # libpq takes what is not said here from the environment: PGSSLMODE and the like.
        self._connection = psycopg2.connect(
            host=os.environ["DEMO_SERVER_DB_HOST"],
            port=os.environ["DEMO_SERVER_DB_PORT"],
            user=os.environ["DEMO_SERVER_DB_USER"],
            password=os.environ["DEMO_SERVER_DB_PASSWORD"],
            dbname=os.environ.get("DEMO_SERVER_DB_NAME", "names_db"),
            connect_timeout=3,
        )
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS names (id serial PRIMARY KEY, name text)")
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def add(self, name: str) -> None:
        """Add a name."""
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute("INSERT INTO names (name) VALUES (%s)", (name,))

    def all(self) -> dict[str, str]:
        """Return all names by their number."""
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute("SELECT id, name FROM names ORDER BY id")
            return {str(number): name for number, name in cursor.fetchall()}


@app.get("/", include_in_schema=False)
def root() -> RedirectResponse:
    """Redirect to the API's documentation."""
    return RedirectResponse("/docs")


@app.get("/version")
def version() -> dict[str, str]:
    """Say the version."""
    return {"version": os.environ.get("DEMO_SERVER_VERSION", "1.0.2")}


@app.post("/addname/")
def add_name(name: Annotated[str, Form()]) -> dict[str, str]:
    """Add a name."""
    with Names() as names:
        names.add(name)
    return {"name added": name}


@app.get("/names")
def get_names() -> dict[str, dict[str, str]]:
    """List the names."""
    with Names() as names:
        return {"names": names.all()}


@app.get("/error")
def error() -> None:
    """Fail."""
    raise RuntimeError("asked to fail")
