"""Where the provider reaches this unit, as the operating system knows it: on Kubernetes, the pod.

Juju could be asked, too, but after a restart it may give the address of the pod before.
"""

import socket
from ipaddress import IPv4Address


def own_host() -> str:
    """Return the full name: in a pod, that of Juju's headless service."""
    return socket.getfqdn()


def own_ip() -> IPv4Address | None:
    """Return the address that the hosts file has, None where others cannot reach it."""
    try:
        ip = IPv4Address(socket.gethostbyname(socket.gethostname()))
    except OSError:
        return None
    is_of_no_use = ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified
    return None if is_of_no_use else ip
