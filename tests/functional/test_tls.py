"""The server verifies what it connects to, as far as the provider makes that possible."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from environment.certificates import CertificateAuthority
from environment.images import ROCK_2_0, Image
from environment.real_postgresql import PostgreSQL
from environment.simulated_provider import Provider
from environment.stages import Stage, run_postgresql
from environment.steps import CANNOT_USE, integrate, restarts, status_after_database_check
from functional.needed import needed

NOBODY = 65534


@pytest.fixture(scope="module")
def image() -> Image:
    """One image is enough: the charm writes the CA as whoever Pebble is."""
    return ROCK_2_0


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgreSQL]:
    """A PostgreSQL that can offer TLS but does not yet."""
    with needed(), run_postgresql(with_tls=True) as server:
        yield server


@pytest.fixture(scope="module")
def ca() -> CertificateAuthority:
    return CertificateAuthority("the provider's CA")


def tls_variables(stage: Stage) -> dict[str, str]:
    environment = stage.pebble.environment()
    return {name: value for name, value in environment.items() if name.startswith("PGSSL")}


def ca_files(stage: Stage) -> list[Path]:
    directory = stage.ca_directory
    return sorted(directory.iterdir()) if directory.exists() else []


def names_after_change(stage: Stage) -> list[str] | None:
    stage.juju.relation_changed()
    stage.server.wait_until_up()
    return stage.server.names()


@pytest.fixture
def verifying(connected: Stage, shared_provider: Provider, ca: CertificateAuthority) -> Stage:
    """The server after TLS has been switched on."""
    shared_provider.switch_tls(ca)
    assert names_after_change(connected) is not None
    return connected


def test_tls_is_switched_on_changes_its_ca_and_is_switched_off(
    verifying: Stage, shared_provider: Provider, ca: CertificateAuthority
) -> None:
    assert tls_variables(verifying)["PGSSLMODE"] == "verify-full"
    assert [file.read_text() for file in ca_files(verifying)] == [ca.pem]

    newer = CertificateAuthority("a newer CA")
    for now, files in ((newer, [newer.pem]), (None, [])):
        secret = shared_provider.switch_tls(now)
        assert restarts(verifying, partial(verifying.juju.secret_changed, secret)) == 1
        verifying.server.wait_until_up()
        assert verifying.server.names() is not None
        assert [file.read_text() for file in ca_files(verifying)] == files
    assert tls_variables(verifying) == {}


def test_a_ca_that_was_damaged_in_the_container_is_restored_by_any_event(
    verifying: Stage, ca: CertificateAuthority
) -> None:
    (file,) = ca_files(verifying)
    for damage in (None, b"", b"\xff"):
        file.unlink()
        if damage is not None:
            file.write_bytes(damage)
        start = verifying.juju.on.start()
        assert restarts(verifying, partial(verifying.juju.dispatch, start)) == 0
        assert file.read_text() == ca.pem
    assert verifying.server.names() is not None


def signed_by_another_ca(provider: Provider, ca: CertificateAuthority) -> None:
    provider.switch_tls(ca)
    provider.write_tls(CertificateAuthority("another CA").pem)


def expired(provider: Provider, ca: CertificateAuthority) -> None:
    provider.switch_tls(ca, is_expired=True)


def without_tls(provider: Provider, ca: CertificateAuthority) -> None:
    provider.switch_tls(None)
    provider.write_tls(ca.pem)


@pytest.mark.parametrize("offer", [signed_by_another_ca, expired, without_tls])
def test_a_database_that_cannot_be_verified_is_refused_and_the_operator_is_told(
    connected: Stage,
    shared_provider: Provider,
    ca: CertificateAuthority,
    offer: Callable[[Provider, CertificateAuthority], None],
) -> None:
    offer(shared_provider, ca)

    assert names_after_change(connected) is None
    assert status_after_database_check(connected) == CANNOT_USE

    shared_provider.switch_tls(ca)
    assert names_after_change(connected) is not None
    assert status_after_database_check(connected) == "active"


def test_a_database_with_another_name_is_refused_unless_the_operator_allows_it(
    connected: Stage, shared_provider: Provider, ca: CertificateAuthority
) -> None:
    shared_provider.switch_tls(ca, "192.0.2.1")
    assert names_after_change(connected) is None

    connected.juju.configure(tls_verification="verify-ca")

    connected.server.wait_until_up()
    assert connected.server.names() is not None
    connected.juju.configure(tls_verification="verify-full")


def test_an_intermediate_ca_needs_its_root_and_no_ca_is_encryption_alone(
    connected: Stage, shared_provider: Provider, ca: CertificateAuthority
) -> None:
    intermediate = CertificateAuthority("an intermediate CA", issuer=ca)
    shared_provider.switch_tls(intermediate)
    assert restarts(connected, connected.juju.relation_changed) == 0, "libpq could not connect"
    assert "has no root certificate" in connected.juju.status

    shared_provider.write_tls(intermediate.pem + ca.pem)
    assert names_after_change(connected) is not None
    assert connected.juju.status == "active"

    shared_provider.write_tls("")
    assert names_after_change(connected) is not None
    assert tls_variables(connected) == {"PGSSLMODE": "require"}


@pytest.mark.parametrize("is_refresh", [True, False])
def test_a_new_pod_has_the_ca_until_the_relation_goes(
    verifying: Stage, *, is_refresh: bool
) -> None:
    assert verifying.server.add_name("maksim")
    files = ca_files(verifying)
    verifying.juju.replace_pod(is_refresh=is_refresh)
    verifying.server.wait_until_up()
    assert verifying.juju.status == "active"
    assert "maksim" in (verifying.server.names() or [])
    assert ca_files(verifying) == files

    other = verifying.ca_directory / "somebody-elses"
    other.touch()
    verifying.juju.remove_relation()
    assert verifying.juju.status == "blocked: Waiting for database relation"
    assert ca_files(verifying) == [other]
    assert tls_variables(verifying) == {}


def let_others_write(directory: Path) -> None:
    directory.mkdir()
    directory.chmod(0o777)


def give_away(directory: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory to somebody else")
    directory.mkdir()
    os.chown(directory, NOBODY, NOBODY)


def link(directory: Path) -> None:
    target = directory.with_name("mine")
    target.mkdir()
    directory.symlink_to(target)


@pytest.mark.parametrize("put", [let_others_write, give_away, link])
def test_a_directory_where_others_can_change_the_ca_is_not_used(
    shared: Stage,
    shared_provider: Provider,
    ca: CertificateAuthority,
    put: Callable[[Path], None],
) -> None:
    shared.begin()
    shared_provider.come_home()
    put(shared.ca_directory)
    integrate(shared, shared_provider)

    shared_provider.write_tls(ca.pem)
    shared.juju.relation_changed()

    assert "cannot write the CA" in shared.juju.status
    assert shared.server.names() is not None, "the server keeps what it had"
    assert ca_files(shared) == []
    (shared.ca_directory / "postgresql-ca-mine.pem").touch()
    shared.juju.remove_relation()
    assert len(ca_files(shared)) == 1
