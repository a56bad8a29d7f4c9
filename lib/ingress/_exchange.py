"""What goes over the relation, there and back."""

import json

import ops
from pydantic import ValidationError

from ._answer import Invalid, NotReady, Ready
from ._bags import ProviderApplicationBag, RequirerApplicationBag, RequirerUnitBag

_MAX_PORT = 65534  # the published validator, which the providers use, refuses 65535


def is_accepted(port: int) -> bool:
    """Whether providers route to a TCP port."""
    return 1 <= port <= _MAX_PORT


def write(
    relation: ops.Relation,
    bag: RequirerApplicationBag | RequirerUnitBag,
    owner: ops.Application | ops.Unit,
) -> None:
    """Write what is missing or different: nothing, most of the time."""
    relation.save(bag, owner, encoder=_encode)


def _encode(value: object) -> str:
    """Return the value as JSON; for None the empty text, which takes the key out of the databag."""
    return "" if value is None else json.dumps(value)


def read_answer(relation: ops.Relation) -> NotReady | Invalid | Ready:
    """Read the provider's databag; never raise for what stands in it."""
    try:
        # Pydantic decodes: json.loads raises RecursionError where lists are nested deeply.
        bag = relation.load(ProviderApplicationBag, relation.app, decoder=_as_it_is)
    except ValidationError as error:
        return _invalid(error)
    return NotReady() if bag.ingress is None else Ready(bag.ingress.url)


def _as_it_is(text: str) -> str:
    return text


def _invalid(error: ValidationError) -> Invalid:
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(map(str, first["loc"]))
    match first:
        case {"type": "value_error", "ctx": {"error": ValueError() as reason}}:
            return Invalid(field, str(reason))
        case {"type": "missing"}:
            return Invalid(field, "is missing")
        case _:
            return Invalid(field, "is not an object in JSON")
