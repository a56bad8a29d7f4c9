"""TCP ports of this machine."""

import socket


def free_port(*, preferred: int = 0) -> int:
    """Return a port that nobody listens on: the preferred one if that can be had."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            chosen: int = probe.getsockname()[1]
            return chosen
    raise OSError("there is no free port")
