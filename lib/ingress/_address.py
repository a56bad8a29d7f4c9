"""Where the provider reaches a unit."""

import socket
from ipaddress import IPv4Address, IPv6Address
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class UnitAddress(BaseModel):
    """The address of one unit, as it stands in the unit's databag."""

    model_config: ClassVar[ConfigDict] = ConfigDict(defer_build=True, frozen=True)

    host: str
    """The name that the provider's cluster resolves. Without it, no unit gets a route."""
    ip: IPv4Address | IPv6Address | None = None
    """Some providers route to this, and not to the name. None when it is not known."""


def own_address() -> UnitAddress:
    """Return the address that the operating system knows: on Kubernetes, the pod's.

    The name is that of Juju's headless service. The IP address comes from the pod's hosts file, so
    it is right as soon as the pod runs, when Juju may still give that of the pod before.
    """
    return UnitAddress(host=socket.getfqdn(), ip=_own_ip())


def _own_ip() -> IPv4Address | None:
    try:
        ip = IPv4Address(socket.gethostbyname(socket.gethostname()))
    except OSError:
        return None
    is_of_no_use = ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified
    return None if is_of_no_use else ip
