"""Writes, restores and removes the CA files in the container.

They are in ``/tmp``, where every process in the container can create a file, a link or a
directory. Pebble may be root, and follows links. So the charm uses a directory only if Pebble's
user owns it and nobody else can write to it.
"""

import http
import logging

import ops
from ops import pebble

import pebble_layer

logger = logging.getLogger(__name__)


class CaFiles:
    """The file of the database's CA, and those of earlier CAs."""

    def __init__(self, container: ops.Container) -> None:
        self._container = container

    def provide(self, ca: str) -> str | None:
        """Write the CA's file if it is missing or differs; return a message if that fails."""
        path = pebble_layer.ca_path(ca)
        try:
            if not self._is_own_directory():
                parent = pebble_layer.CA_DIRECTORY.rpartition("/")[0]
                self._container.make_dir(parent, make_parents=True)  # no error if it exists
                self._container.make_dir(pebble_layer.CA_DIRECTORY, permissions=0o755)
            elif self._read(path) == ca:
                return None
            self._container.push(path, ca, permissions=0o644)
        except pebble.PathError as error:
            return f"cannot write the CA to {pebble_layer.CA_DIRECTORY}: {error.kind}"
        return None

    def remove(self, *, but: str | None) -> None:
        """Remove all CA files except the one at the path ``but``."""
        try:
            if not self._is_own_directory():
                return
            for file in self._list(pebble_layer.CA_DIRECTORY, pebble_layer.CA_FILES):
                if file.path != but:
                    self._container.remove_path(file.path)
        except pebble.PathError as error:  # a CA is not secret, and nothing reads the file
            logger.warning("cannot remove a CA file that is no longer used: %s", error.kind)

    def _read(self, path: str) -> str | None:
        try:
            with self._container.pull(path) as file:
                return file.read()
        except pebble.PathError as error:
            if error.kind == "not-found":
                return None
            raise
        except UnicodeDecodeError:
            return None

    def _is_own_directory(self) -> bool:
        """Whether the directory exists, Pebble's user owns it, and nobody else can write to it."""
        parent, _, name = pebble_layer.CA_DIRECTORY.rpartition("/")
        if not (found := self._list(parent, name)):
            return False
        (directory,) = found
        is_writable_by_others = bool(directory.permissions & 0o022)
        is_of_pebble = all(
            process.user_id == directory.user_id for process in self._list("/proc/self", "task")
        )
        return (
            directory.type is pebble.FileType.DIRECTORY
            and is_of_pebble
            and not is_writable_by_others
        )

    def _list(self, directory: str, pattern: str) -> list[pebble.FileInfo]:
        """List the files that match, without following links; none if there is no directory."""
        try:
            return self._container.list_files(directory, pattern=pattern)
        except pebble.APIError as error:
            if error.code == http.HTTPStatus.NOT_FOUND:
                return []
            raise
