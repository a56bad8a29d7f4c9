"""What clients, libpq, the log and the metrics see of the real program, and no more."""

import logging
import os
from collections.abc import Awaitable, Callable
from typing import Annotated

import psycopg2
from fastapi import FastAPI, Form, Request, Response
from fastapi.responses import RedirectResponse
from psycopg2.extensions import connection
from starlette_exporter import PrometheusMiddleware, handle_metrics

from . import __version__

# It reads its environment and opens its log file when it is imported.
_HOST = os.environ.get("DEMO_SERVER_DB_HOST", "127.0.0.1")
_PORT = os.environ.get("DEMO_SERVER_DB_PORT", "5432")
_USER = os.environ.get("DEMO_SERVER_DB_USER", "postgres")
_PASSWORD = os.environ.get("DEMO_SERVER_DB_PASSWORD", "")
_DATABASE = "names_db"
_LOG_FILE = os.environ.get("DEMO_SERVER_LOGFILE", "demo_server.log")

logging.basicConfig(
    format="%(asctime)s (%(levelname)s) %(message)s",
    handlers=[logging.StreamHandler(), logging.FileHandler(_LOG_FILE)],
)
_logger = logging.getLogger("demo-server")

app = FastAPI(title="demo server")
app.add_middleware(PrometheusMiddleware)
app.add_route("/metrics", handle_metrics)


class _Names:
    """The names in PostgreSQL, over one connection that all requests share."""

    def __init__(self) -> None:
        self._connection: connection | None = None

    def execute(self, statement: str, *values: str) -> list[tuple[int, str]]:
        """Run a statement, with a new connection only when the last one is closed."""
        if self._connection is None or self._connection.closed:
            # libpq takes the rest from the environment: PGSSLMODE and the like.
            self._connection = psycopg2.connect(
                host=_HOST, port=_PORT, user=_USER, password=_PASSWORD, dbname=_DATABASE
            )
            self._connection.autocommit = True
        with self._connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('names') IS NOT NULL")
            if cursor.fetchone() == (False,):
                cursor.execute("CREATE TABLE names (id serial PRIMARY KEY, data varchar)")
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []


_names = _Names()


@app.middleware("http")
async def _log_failure(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    try:
        return await call_next(request)
    except Exception:
        _logger.exception("a request failed")
        return Response("Internal server error", status_code=500)


# Endpoints without `async` run in a pool of 40 threads.
@app.get("/")
def root() -> RedirectResponse:
    return RedirectResponse("/docs")


@app.get("/version")
def version() -> dict[str, str]:
    return {"version": __version__}


@app.post("/addname/")
def add_name(name: Annotated[str, Form()]) -> dict[str, str]:
    _names.execute("INSERT INTO names (data) VALUES (%s)", name)
    return {"name added": name}


@app.get("/names")
def get_names() -> dict[str, dict[int, str]]:
    return {"names": dict(_names.execute("SELECT id, data FROM names ORDER BY id"))}


@app.get("/error")
def error() -> None:
    raise ZeroDivisionError
