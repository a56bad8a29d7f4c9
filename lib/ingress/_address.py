"""The unit's own name and address, from the operating system: on Kubernetes, those of the pod.

After a restart, Juju may still give the address of the previous pod.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address


def own_host() -> str:
    """Return the full name: in a pod, the name that Juju's headless service gives it."""
    return socket.getfqdn()


def own_ip() -> IPv4Address | IPv6Address | None:
    """Return the address at which other pods reach this one: IPv6 only if there is no IPv4.

    None if the name of the machine has no such address.
    """
    try:
        found = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)
    except OSError:
        return None
    addresses = [ip_address(socket_address[0]) for *_, socket_address in found]
    reachable = [ip for ip in addresses if _is_reachable(ip)]
    return min(reachable, key=lambda ip: ip.version, default=None)


def _is_reachable(ip: IPv4Address | IPv6Address) -> bool:
    return not (ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified)
