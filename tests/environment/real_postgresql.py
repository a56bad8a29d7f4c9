"""A real PostgreSQL cluster, with TLS where it is wanted."""

import os
import pwd
import signal
import subprocess
from contextlib import closing
from pathlib import Path

import psycopg2
from psycopg2.sql import SQL, Identifier

from environment.certificates import Certificate
from environment.waiting import wait_for

HOME = "127.0.0.1"
_SETTINGS = """
unix_socket_directories = '{directory}'
fsync = off
full_page_writes = off
"""
_ACCESS = """
local all all trust
host all all all scram-sha-256
"""
_DISCONNECT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"


class PostgreSQL:
    """A cluster in a directory of its own, whose superuser comes in through a socket there."""

    def __init__(self, programs: Path, directory: Path, port: int) -> None:
        self._programs = programs
        self._directory = directory
        self._data = directory / "data"
        self._log = directory / "log"
        # PostgreSQL refuses to run as root. None means: as who we are.
        self._user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self._address = ""
        self.port = port

    def create(self) -> None:
        self._directory.mkdir(mode=0o755)
        self._give(self._directory)
        options = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
        if self._run("initdb", *options).wait() != 0:
            raise RuntimeError(f"initdb failed: {self._log.read_text()}")
        self._append("postgresql.conf", _SETTINGS.format(directory=self._directory))
        (self._data / "pg_hba.conf").write_text(_ACCESS)

    def start(self, address: str = HOME) -> None:
        """Run on an address, with the settings of now; return when connections are accepted."""
        self.stop()
        self._address = address
        process = self._run("postgres", f"-cport={self.port}", f"-clisten_addresses={address}")
        self._process = process

        def is_up() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"PostgreSQL ends: {self._log.read_text()[-500:]}")
            try:
                self._execute("SELECT 1")
            except psycopg2.OperationalError:
                return False
            return True

        wait_for("PostgreSQL", is_up)

    def _run(self, program: str, *options: str) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [self._programs / program, f"-D{self._data}", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._directory,
                user=self._user,
                group=self._user,
                extra_groups=() if self._user is not None else None,
                start_new_session=True,  # Ctrl-C is for us, who then stop it
            )

    def come_home(self) -> None:
        """Run on the first address, if that is not so already."""
        if self._process is None or self._address != HOME:
            self.start()

    def stop(self) -> None:
        """Stop at once, as a server that fails does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=30)
        self._process = None

    def offer_tls(self, certificate: Certificate | None) -> None:
        """Offer TLS with the certificate, or no more TLS, from the next start on."""
        self._append("postgresql.conf", f"ssl = {'off' if certificate is None else 'on'}\n")
        if certificate is not None:
            for name, text in (("server.crt", certificate.pem), ("server.key", certificate.key)):
                path = self._data / name
                path.write_text(text)
                path.chmod(0o600)
                self._give(path)

    def create_database(self, name: str) -> None:
        """Make a database, if it is not there, and a group of its own that owns all in it."""
        if self._execute("SELECT FROM pg_database WHERE datname = %(value)s", value=name) == 0:
            self._execute("CREATE ROLE {}", f"{name}_owner")
            self._execute("CREATE DATABASE {} OWNER {}", name, f"{name}_owner")

    def create_user(self, name: str, password: str, database: str) -> None:
        """Make a role that may log in and acts as the owner of the database."""
        self._execute("CREATE ROLE {} LOGIN IN ROLE {}", name, f"{database}_owner")
        self._execute("ALTER ROLE {} SET role TO {}", name, f"{database}_owner")
        self.set_password(name, password)

    def set_password(self, name: str, password: str) -> None:
        """Give a role another password, and end its connections."""
        self._execute("ALTER ROLE {} PASSWORD %(value)s", name, value=password)
        self._disconnect(name)

    def serve_as_replica(self, name: str, *, is_replica: bool) -> None:
        """Let a role only read from now on, or write again; end its connections, as a failover does.

        A connection stays what it was when it was made, as one to a replica does.
        """
        value = "on" if is_replica else "off"
        self._execute(
            "ALTER ROLE {} SET default_transaction_read_only = %(value)s", name, value=value
        )
        self._disconnect(name)

    def drop_user(self, name: str) -> None:
        """Drop a role and end its connections. What it made stays, with the database's owner."""
        self._execute("ALTER ROLE {} NOLOGIN", name)
        self._disconnect(name)
        self._execute("DROP ROLE {}", name)

    def rename_database(self, name: str, new_name: str) -> None:
        """Give a database another name, and end all connections to it."""
        self._execute(f"{_DISCONNECT} datname = %(value)s", value=name)
        self._execute("ALTER DATABASE {} RENAME TO {}", name, new_name)

    def _disconnect(self, name: str) -> None:
        self._execute(f"{_DISCONNECT} usename = %(value)s", value=name)

    def _execute(self, statement: str, *names: str, value: str = "") -> int:
        """Run a statement with these names and this value; return the number of its rows."""
        connection = psycopg2.connect(host=self._directory, port=self.port, user="postgres")
        connection.autocommit = True
        with closing(connection), connection.cursor() as cursor:
            cursor.execute(SQL(statement).format(*map(Identifier, names)), {"value": value})
            return cursor.rowcount

    def _append(self, name: str, text: str) -> None:
        with (self._data / name).open("a") as file:
            file.write(text)

    def _give(self, path: Path) -> None:
        if self._user is not None:
            os.chown(path, self._user, self._user)
