"""The files of the database's CA in the container: written, restored and removed.

They are in ``/tmp``, where anybody in the container can put a file, a link or a directory. Pebble is
root and follows links, so only a directory that is surely its own is used.
"""

import http
import logging

import ops
from ops import pebble

import pebble_layer

logger = logging.getLogger(__name__)


class CannotWriteError(Exception):
    """The file cannot be written. The text says where and why."""


class CaFiles:
    """The CA's file that the server is told of, and those of earlier CAs."""

    def __init__(self, container: ops.Container) -> None:
        self._container = container

    def provide(self, ca: str) -> None:
        """Write the CA's file where it is missing or is not what it was.

        Raises:
            CannotWriteError: when the directory or the file is not ours to write.
        """
        path = pebble_layer.ca_path(ca)
        try:
            if not self._is_own_directory():
                parent = pebble_layer.CA_DIRECTORY.rpartition("/")[0]
                self._container.make_dir(parent, make_parents=True)  # no error if it is there
                self._container.make_dir(pebble_layer.CA_DIRECTORY, permissions=0o755)
            elif self._read(path) == ca:
                return
            self._container.push(path, ca, permissions=0o644)
        except pebble.PathError as error:
            raise CannotWriteError(
                f"cannot write the CA to {pebble_layer.CA_DIRECTORY}: {error.kind}"
            ) from None

    def remove(self, *, but: str | None) -> None:
        """Remove the files of CAs that are no longer used: all but one path."""
        try:
            if not self._is_own_directory():
                return
            for file in self._list(pebble_layer.CA_DIRECTORY, pebble_layer.CA_FILES):
                if file.path != but:
                    self._container.remove_path(file.path)
        except pebble.PathError as error:  # a CA is no secret, and the server runs without it
            logger.warning("cannot remove a CA that is no longer used: %s", error.kind)

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
        """Whether the directory is there, is Pebble's, and nobody else can write to it."""
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
        """List the files with a pattern, without following links: none where it is not there."""
        try:
            return self._container.list_files(directory, pattern=pattern)
        except pebble.APIError as error:
            if error.code == http.HTTPStatus.NOT_FOUND:
                return []
            raise
