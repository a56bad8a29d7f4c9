"""The server verifies what it connects to, as far as the provider makes that possible."""

from pathlib import Path

import pytest

from environment.certificates import CertificateAuthority
from environment.simulated_provider import Provider
from environment.stages import Stage
from environment.steps import integrate, restarts


@pytest.fixture
def ca() -> CertificateAuthority:
    return CertificateAuthority("the provider's CA")


@pytest.fixture
def connected(stage: Stage, tls_provider: Provider) -> Stage:
    """A server with a database, without TLS."""
    integrate(stage, tls_provider)
    return stage


def tls_variables(stage: Stage) -> dict[str, str]:
    environment = stage.pebble.environment()
    return {name: value for name, value in environment.items() if name.startswith("PGSSL")}


def ca_files(stage: Stage) -> list[Path]:
    directory = stage.ca_directory
    return sorted(directory.iterdir()) if directory.exists() else []


def switch_on(
    stage: Stage, provider: Provider, ca: CertificateAuthority, *, certified: str | None = None
) -> None:
    """Have the provider serve and announce TLS."""
    provider.switch_tls(ca, certified)
    stage.juju.relation_changed()
    stage.server.wait_until_up()


def test_switched_on_and_off_again(
    connected: Stage, tls_provider: Provider, ca: CertificateAuthority
) -> None:
    switch_on(connected, tls_provider, ca)

    assert connected.server.names() is not None
    variables = tls_variables(connected)
    assert variables["PGSSLMODE"] == "verify-full"
    assert Path(variables["PGSSLROOTCERT"]).read_text() == ca.pem

    secret = tls_provider.switch_tls(None)
    assert restarts(connected, lambda: connected.juju.secret_changed(secret)) == 1
    connected.server.wait_until_up()
    assert connected.server.names() is not None
    assert tls_variables(connected) == {}
    assert ca_files(connected) == []


def test_a_new_ca_restarts_the_server_once(
    connected: Stage, tls_provider: Provider, ca: CertificateAuthority
) -> None:
    switch_on(connected, tls_provider, ca)

    secret = tls_provider.switch_tls(CertificateAuthority("a newer CA"))

    assert restarts(connected, lambda: connected.juju.secret_changed(secret)) == 1
    connected.server.wait_until_up()
    assert connected.server.names() is not None
    assert len(ca_files(connected)) == 1


def test_a_ca_that_got_lost_in_the_container_is_back_after_any_event(
    connected: Stage, tls_provider: Provider, ca: CertificateAuthority
) -> None:
    switch_on(connected, tls_provider, ca)
    (file,) = ca_files(connected)
    text = file.read_text()
    file.unlink()

    assert (
        restarts(connected, lambda: connected.juju.dispatch(connected.juju.on.update_status())) == 0
    )
    assert file.read_text() == text
    assert connected.server.names() is not None


def test_a_server_that_another_ca_signed_is_refused(
    connected: Stage, tls_provider: Provider, ca: CertificateAuthority
) -> None:
    switch_on(connected, tls_provider, ca)

    secret = tls_provider.announce_ca(CertificateAuthority("another CA"))
    connected.juju.secret_changed(secret)
    connected.server.wait_until_up()

    assert connected.server.names() is None


def test_a_server_with_another_name_is_refused_unless_the_operator_allows_it(
    connected: Stage, tls_provider: Provider, ca: CertificateAuthority
) -> None:
    switch_on(connected, tls_provider, ca, certified="192.0.2.1")
    assert connected.server.names() is None

    connected.juju.configure(tls_verification="verify-ca")

    connected.server.wait_until_up()
    assert connected.server.names() is not None


def test_without_a_ca_the_connection_is_encrypted_all_the_same(
    connected: Stage, tls_provider: Provider, ca: CertificateAuthority
) -> None:
    tls_provider.switch_tls(ca)
    tls_provider.announce_tls_without_ca()
    connected.juju.relation_changed()
    connected.server.wait_until_up()

    assert connected.server.names() is not None
    assert tls_variables(connected) == {"PGSSLMODE": "require"}


def test_a_server_without_tls_is_refused_where_the_provider_announces_it(
    connected: Stage, tls_provider: Provider, ca: CertificateAuthority
) -> None:
    tls_provider.announce_ca(ca)
    connected.juju.relation_changed()
    connected.server.wait_until_up()

    assert connected.server.names() is None


def test_a_removed_relation_takes_the_ca_with_it(
    connected: Stage, tls_provider: Provider, ca: CertificateAuthority
) -> None:
    switch_on(connected, tls_provider, ca)
    assert len(ca_files(connected)) == 1
    other = connected.ca_directory / "somebody-elses"
    other.touch()

    connected.juju.remove_relation()

    assert ca_files(connected) == [other]
    assert tls_variables(connected) == {}
