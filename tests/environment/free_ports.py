"""TCP ports of this machine."""

import socket

_reserved: list[socket.socket] = []


def free_port(*, preferred: int = 0) -> int:
    """Return a port for a server on any address: the preferred one if that can be had.

    No other run gets it until this process ends, also while the server restarts: a socket stays bound
    to it. A server may listen all the same, as it sets ``SO_REUSEADDR``, like us, and we do not listen.
    """
    for port in (preferred, 0):
        reservation = socket.socket()
        try:
            reservation.bind(("0.0.0.0", port))
        except OSError:
            reservation.close()
            continue
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _reserved.append(reservation)
        chosen: int = reservation.getsockname()[1]
        return chosen
    raise OSError("there is no free port")
