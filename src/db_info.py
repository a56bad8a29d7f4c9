"""The ``get-db-info`` action."""

from postgresql_client import CaCertificates, Connected, Tls


def describe(database: Connected, requested_name: str, *, show_password: bool) -> dict[str, str]:
    """Return the action's results; user and password only when they are asked for."""
    results = {
        "db-host": ",".join(endpoint.host for endpoint in database.endpoints),
        "db-port": ",".join(str(endpoint.port) for endpoint in database.endpoints),
        "db-name": database.database or requested_name,
        "db-tls": _tls(database.tls),
        "db-version": str(database.version or "unknown"),
    }
    if show_password:
        results["db-username"] = database.credentials.username
        results["db-password"] = database.credentials.password.get_secret_value()
    return results


def _tls(tls: Tls | CaCertificates) -> str:
    match tls:
        case Tls.OFF:
            return "off"
        case Tls.WITHOUT_CA:
            return "on, not verified: the provider sent no CA"
        case CaCertificates():
            return "on, verified"
