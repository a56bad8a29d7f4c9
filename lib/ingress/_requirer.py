"""The requirer's side of a relation."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

import ops

from databag import RelationEndpoint

from ._address import own_host, own_ip
from ._models import MAX_PORT, HealthCheck, Ready, RequirerApplication, RequirerUnit, Scheme


class IngressRequirer(RelationEndpoint[Ready]):
    """Requests a route to the application over an ``ingress`` endpoint, and has the answer.

    It stores nothing: every event reads the same answer and writes what is missing. Create it in
    the charm's ``__init__``, once for each endpoint, which needs ``limit: 1``.
    """

    def __init__(  # noqa: PLR0913 - all of it by name, and most of it optional
        self,
        charm: ops.CharmBase,
        endpoint: str,
        *,
        port: Callable[[], int],
        strip_prefix: bool = False,
        redirect_https: bool = False,
        scheme: Scheme = "http",
        health_check: HealthCheck | None = None,
        host: Callable[[], str] = own_host,
        ip: Callable[[], IPv4Address | IPv6Address | None] = own_ip,
    ) -> None:
        """Observe ``endpoint`` of ``charm``, and write the request to its relation.

        The callables are called only while there is a relation.

        Args:
            charm: The charm that has the endpoint.
            endpoint: The name of the endpoint in the charm's metadata.
            port: Returns the TCP port that the application listens on. While it is not between 1
                and :data:`MAX_PORT`, the request stays as it is: providers would refuse the port.
            strip_prefix: Have the provider remove the prefix from the path of a request.
            redirect_https: Have the provider redirect clients from http to https. Traefik's charm
                ignores it: there, its own configuration decides.
            scheme: What the application speaks with the provider.
            health_check: How the provider finds out which units are healthy, where it can.
            host: Returns the name of this unit. The default, the pod's, outlives the pod.
            ip: Returns the address of this unit, or None where it is not known.
        """
        app, model = charm.app.name, charm.model.name

        def request() -> RequirerApplication | None:
            if not 1 <= (served := port()) <= MAX_PORT:
                return None
            return RequirerApplication(
                model=model,
                name=app,
                port=served,
                strip_prefix=strip_prefix,
                redirect_https=redirect_https,
                scheme=scheme,
                health_check=health_check,
            )

        super().__init__(
            charm,
            endpoint,
            Ready,
            application=request,
            unit=lambda: RequirerUnit(host=host(), ip=ip()),
        )
