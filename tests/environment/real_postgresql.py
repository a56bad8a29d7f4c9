"""A real PostgreSQL cluster, with TLS where it is wanted."""

import os
import pwd
import signal
import subprocess
from pathlib import Path

from environment.certificates import Certificate
from environment.waiting import wait_for

_SETTINGS = """
unix_socket_directories = '{directory}'
fsync = off
full_page_writes = off
"""
_ACCESS = """
local all all trust
host all all 0.0.0.0/0 scram-sha-256
"""


class PostgreSQL:
    """A cluster in a directory of its own, whose superuser comes in through a socket there."""

    def __init__(self, programs: Path, directory: Path, port: int) -> None:
        self._programs = programs
        self._directory = directory
        self._data = directory / "data"
        self._log = directory / "log"
        self._user = _unprivileged_user()
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port

    def create(self) -> None:
        """Make the cluster."""
        self._directory.mkdir(mode=0o755)
        self._give(self._directory)
        self._run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
        self._append("postgresql.conf", _SETTINGS.format(directory=self._directory))
        (self._data / "pg_hba.conf").write_text(_ACCESS)

    def start(self, *addresses: str) -> None:
        """Start on the addresses (127.0.0.1 if none), and return when connections are accepted."""
        listen = ",".join(addresses or ("127.0.0.1",))
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._programs / "postgres",
                    f"-D{self._data}",
                    f"-cport={self.port}",
                    f"-clisten_addresses={listen}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._directory,
                user=self._user,
                group=self._user,
                extra_groups=() if self._user is not None else None,
                start_new_session=True,  # Ctrl-C is for us, who then stop it
            )
        wait_for("PostgreSQL", self._is_up)

    def _is_up(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"PostgreSQL ends: {self._log.read_text()[-500:]}")
        try:
            self._psql("SELECT 1")
        except RuntimeError:
            return False
        return True

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
        if name in self._psql("SELECT datname FROM pg_database").split():
            return
        self._psql('CREATE ROLE :"owner"', owner=f"{name}_owner")
        self._psql('CREATE DATABASE :"name" OWNER :"owner"', name=name, owner=f"{name}_owner")

    def create_user(self, name: str, password: str, database: str) -> None:
        """Make a role that may log in and acts as the owner of the database."""
        variables = {"name": name, "password": password, "owner": f"{database}_owner"}
        self._psql('CREATE ROLE :"name" LOGIN IN ROLE :"owner"', **variables)
        self._psql('ALTER ROLE :"name" SET role TO :"owner"', **variables)
        self.set_password(name, password)

    def set_password(self, name: str, password: str) -> None:
        """Give a role another password, and end its connections."""
        self._psql("ALTER ROLE :\"name\" PASSWORD :'password'", name=name, password=password)
        self._psql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :'name'",
            name=name,
        )

    def drop_user(self, name: str) -> None:
        """Drop a role and end its connections. What it made stays, with the database's owner."""
        self._psql('ALTER ROLE :"name" NOLOGIN', name=name)
        self.set_password(name, "")
        self._psql('DROP ROLE :"name"', name=name)

    def _psql(self, statement: str, **variables: str) -> str:
        settings = [f"--set={name}={value}" for name, value in variables.items()]
        return self._run(
            "psql",
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--set=ON_ERROR_STOP=1",
            f"--host={self._directory}",
            f"--port={self.port}",
            "--username=postgres",
            *settings,
            statement=statement,
        )

    def _run(self, program: str, *arguments: str, statement: str = "") -> str:
        done = subprocess.run(
            [self._programs / program, *arguments],
            env={**os.environ, "PGDATA": str(self._data)},
            input=statement,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd=self._directory,
            user=self._user,
            group=self._user,
            extra_groups=() if self._user is not None else None,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stdout}")
        return done.stdout

    def _append(self, name: str, text: str) -> None:
        with (self._data / name).open("a") as file:
            file.write(text)

    def _give(self, path: Path) -> None:
        if self._user is not None:
            os.chown(path, self._user, self._user)


def _unprivileged_user() -> int | None:
    """Return whom to run as: PostgreSQL refuses to run as root. None means: as who we are."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
