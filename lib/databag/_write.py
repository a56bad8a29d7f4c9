"""Writes a charm's own model as a databag."""

import json
from collections.abc import Mapping

from ._model import JSON, WireModel, wire_fields


def to_databag(model: WireModel) -> Mapping[str, str]:
    """Return the databag of a model. Empty text means that the key is to be removed.

    ``None`` is never written, at any depth: hooks of remote applications fail on a ``null``.
    """
    dumped = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    databag: dict[str, str] = {}
    for key, field in wire_fields(type(model)).items():
        value = dumped.get(key, "")
        is_json = JSON in field.metadata and key in dumped
        databag[key] = json.dumps(value) if is_json else str(value)
    return databag
