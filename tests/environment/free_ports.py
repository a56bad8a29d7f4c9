"""TCP ports of this machine."""

import socket


def free_port(*, preferred: int = 0) -> int:
    """Return a port that can be bound at all addresses: the preferred one if that can be had."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("0.0.0.0", port))
            except OSError:
                continue
            chosen: int = probe.getsockname()[1]
            return chosen
    raise OSError("there is no free port")
