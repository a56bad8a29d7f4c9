"""The databags of ``loki_push_api``, as they are on the wire."""

from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict

from alert_rules import AlertRules, OneLine, Topology

_MAX_URL = 2000  # characters


class _Frozen(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(
        defer_build=True, frozen=True, hide_input_in_errors=True
    )


def _is_push_url(text: str) -> str:
    if not text.isascii() or not text.isprintable() or " " in text or len(text) > _MAX_URL:
        raise ValueError("is not the text of a URL")
    try:
        url = urlsplit(text)
        is_complete = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:  # whose text holds the value
        raise ValueError("is not a URL") from None
    if not is_complete:
        raise ValueError("is not a complete http or https URL")
    if url.username is not None:
        raise ValueError("holds credentials, which Pebble would show in its plan")
    return text


PushUrl = Annotated[str, AfterValidator(_is_push_url)]


class Endpoint(_Frozen):
    """Where a unit of Loki takes log lines."""

    url: PushUrl


class ProviderUnitBag(_Frozen):
    """What each unit of the peer writes; the value is JSON. Before it has, the unit is not ready."""

    endpoint: Endpoint | None = None


class RequirerApplicationBag(_Frozen):
    """What our leader writes; each value is JSON."""

    alert_rules: AlertRules
    metadata: Topology


class PeerEvent(_Frozen):
    """What the peer found when it looked at the rules: nothing, when all is well."""

    errors: OneLine = ""


class ProviderApplicationBag(_Frozen):
    """What the peer's leader writes; the value is JSON."""

    event: PeerEvent | None = None
