"""Typed relation data: validates a databag with a pydantic model, and gives an :data:`Answer`.

A :class:`WireModel` says what a remote application writes; its fields say how each value is
encoded. :func:`parse` validates a databag and never raises. :class:`RelationEndpoint` does so for a
charm's endpoint, and writes the charm's own models.
"""

from ._answer import Answer, Invalid, NotReady, NotRelated
from ._endpoint import AnswerChangedEvent, EndpointEvents, RelationEndpoint
from ._model import DashedModel, FromSecret, Json, Lenient, WireModel, from_text
from ._parse import Reading, ReadSecret, parse
from ._write import to_databag

__all__ = [
    "Answer",
    "AnswerChangedEvent",
    "DashedModel",
    "EndpointEvents",
    "FromSecret",
    "Invalid",
    "Json",
    "Lenient",
    "NotReady",
    "NotRelated",
    "ReadSecret",
    "Reading",
    "RelationEndpoint",
    "WireModel",
    "from_text",
    "parse",
    "to_databag",
]
