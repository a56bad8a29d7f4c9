"""The relations that other charms test with: each is one that a provider could have made."""

from collections.abc import Mapping

import ops
import pytest
from ops.testing import Context, State
from pydantic import SecretStr

from postgresql_client import (
    Connected,
    Credentials,
    Endpoint,
    NotReady,
    Tls,
)
from postgresql_client.testing import CA, Response, relation_for_provider, relation_for_requirer
from unit.postgresql_client.requirer_charm import ENDPOINT, INTERFACE, REQUEST, context, dispatch
from unit.postgresql_client.strategies import OTHER_CA


@pytest.mark.parametrize("use_secrets", [True, False])
@pytest.mark.parametrize(
    ("tls_ca", "tls"),
    [
        (None, Tls()),
        ("", Tls(enabled=True)),
        (CA, Tls(enabled=True, ca=CA)),
        (OTHER_CA, Tls(enabled=True, ca=OTHER_CA)),
    ],
)
def test_a_requirer_reads_what_the_response_says(
    tls_ca: str | None, tls: Tls, *, use_secrets: bool
) -> None:
    ctx = context()
    related = relation_for_requirer(
        ENDPOINT,
        request=REQUEST,
        response=Response(
            endpoints=("a:1", "b:2"),
            read_only_endpoints=("c:3",),
            username="role",
            password="secret",
            version="16.4",
            tls_ca=tls_ca,
            use_secrets=use_secrets,
        ),
    )
    state = State(leader=True, relations={related.relation}, secrets=related.secrets)

    outcome = dispatch(ctx, ctx.on.relation_changed(related.relation, remote_unit=0), state)

    assert outcome.answer == Connected(
        endpoints=(Endpoint(host="a", port=1), Endpoint(host="b", port=2)),
        credentials=Credentials(username="role", password=SecretStr("secret")),
        tls=tls,
        database="names",
        version=(16, 4),
        read_only_endpoints=(Endpoint(host="c", port=3),),
    )
    before: Mapping[str, str] = related.relation.local_app_data
    after: Mapping[str, str] = outcome.state.get_relation(related.relation.id).local_app_data
    assert after == before  # the request was there


def test_a_requirer_waits_for_a_response() -> None:
    ctx = context()
    related = relation_for_requirer(ENDPOINT, response=False)
    state = State(leader=True, relations={related.relation}, secrets=related.secrets)

    outcome = dispatch(ctx, ctx.on.relation_created(related.relation), state)

    assert isinstance(outcome.answer, NotReady)
    assert not related.secrets


def test_a_provider_owns_what_the_requirer_reads() -> None:
    """The two sides are the same relation."""
    meta = {"name": "postgresql-k8s", "provides": {ENDPOINT: {"interface": INTERFACE}}}
    ctx = Context(ops.CharmBase, meta=meta)
    ours = relation_for_requirer(ENDPOINT, request=REQUEST, response=Response(tls_ca=CA))
    theirs = relation_for_provider(ENDPOINT, request=REQUEST, response=Response(tls_ca=CA))
    state = State(leader=True, relations={theirs.relation}, secrets=theirs.secrets)

    with ctx(ctx.on.update_status(), state) as manager:
        model = manager.charm.model
        (relation,) = model.relations[ENDPOINT]
        read = dict(relation.data[relation.app])
        written = dict(relation.data[model.app])
        tls = model.get_secret(id=written["secret-tls"])
        assert tls.get_info().revision
        assert tls.get_content() == {"tls": "True", "tls-ca": CA}

    asked: dict[str, str] = ours.relation.local_app_data
    answered: dict[str, str] = ours.relation.remote_app_data
    assert read == asked
    assert written.keys() == answered.keys()
    assert all(
        secret.remote_grants == {theirs.relation.id: {"application"}} for secret in theirs.secrets
    )


def test_a_provider_that_has_not_answered() -> None:
    related = relation_for_provider(ENDPOINT, response=False)

    written: Mapping[str, str] = related.relation.local_app_data
    assert not written
    assert not related.secrets
