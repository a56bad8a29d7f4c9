"""The base models, and the markers that say how a field is encoded in the databag."""

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar, NoReturn, TypeAlias, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    JsonValue,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUseDefault, from_json

_T = TypeVar("_T")
_MAX_JSON = 1024 * 1024  # characters

_REASONS = {
    "missing": "is missing",
    "string_type": "is not text",
    "int_type": "is not a whole number",
    "bool_type": "is neither true nor false",
    "list_type": "is not a list",
    "tuple_type": "is not a list",
    "dict_type": "is not an object",
    "model_type": "is not an object",
    "too_short": "has too few entries",
    "too_long": "has too many entries",
}


class WireModel(BaseModel):
    """A model of data in a relation. A field's key in the databag is its name, or its alias.

    A field without a default is required. A field with a default may be missing. If it is present,
    it must be valid, unless it is :data:`Lenient`. Keys without a field are ignored.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        defer_build=True, frozen=True, hide_input_in_errors=True, validate_by_name=True
    )


def _dashed(name: str) -> str:
    return name.replace("_", "-")


class DashedModel(WireModel):
    """A :class:`WireModel` whose keys have dashes instead of underscores."""

    model_config: ClassVar[ConfigDict] = ConfigDict(alias_generator=_dashed, validate_by_name=True)


def wire_key(model: type[WireModel], name: str) -> str:
    """Return the key of a model's field in the databag."""
    field = model.model_fields.get(name)
    if field is not None and field.alias:
        return field.alias
    return _dashed(name) if issubclass(model, DashedModel) else name


def wire_fields(model: type[WireModel]) -> Mapping[str, FieldInfo]:
    """Return the fields of a model by their keys in the databag."""
    return {wire_key(model, name): field for name, field in model.model_fields.items()}


def _decode(value: object, info: ValidationInfo) -> object:
    """Decode text from a databag. A charm's own values need no decoding."""
    if info.context is None or not isinstance(value, str):
        return value
    if len(value) > _MAX_JSON:
        raise ValueError(f"is longer than {_MAX_JSON} characters")
    try:
        # Unlike json.loads, it limits the depth. It gets bytes: lone surrogates are a ValueError.
        return _without_null(from_json(value.encode()))
    except ValueError:  # the text of this error holds the value
        raise ValueError("is not JSON") from None


def _without_null(value: JsonValue) -> JsonValue:
    """Leave out keys whose value is ``null``: they count as missing, as everywhere in a databag."""
    if isinstance(value, dict):
        return {key: _without_null(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_null(item) for item in value]
    return value


def from_text(parse: Callable[[str], object]) -> BeforeValidator:
    """Return a validator that parses text, and passes other values of the charm unchanged."""
    return BeforeValidator(lambda value: parse(value) if isinstance(value, str) else value)


def _refuse_text(_: str) -> NoReturn:
    raise ValueError("is not the URI of a secret")


def _use_default_if_malformed(
    value: object, validate: ValidatorFunctionWrapHandler, info: ValidationInfo
) -> object:
    try:
        return validate(value)
    except ValidationError as error:
        ignored: list[tuple[str, str]] | None = info.context
        if ignored is not None:
            problem = error.errors()[0]
            reason = reason_of(problem, is_inside=bool(problem["loc"]))
            ignored.append((info.field_name or "", reason))
        raise PydanticUseDefault from None


def reason_of(problem: ErrorDetails, *, is_inside: bool) -> str:
    """Return a check's own text, or one of a few fixed texts: pydantic's may hold the value.

    Args:
        problem: The error, from pydantic.
        is_inside: Whether the error is in a part of the field, such as an entry of a list.
    """
    error = problem.get("ctx", {}).get("error")
    if isinstance(error, ValueError):
        return str(error)
    reason = _REASONS.get(problem["type"], "is malformed")
    return f"has a part that {reason}" if is_inside else reason


JSON = BeforeValidator(_decode)
FROM_SECRET = from_text(_refuse_text)

Json: TypeAlias = Annotated[_T, JSON]
"""A field that is JSON in the databag. At any depth, ``null`` counts as missing."""
FromSecret: TypeAlias = Annotated[_T, FROM_SECRET]
"""A field that is a model of a secret's content. The databag has the secret's URI.

Without a URI, the databag itself is read as the content: some providers write plain values.
"""
Lenient: TypeAlias = Annotated[_T, WrapValidator(_use_default_if_malformed)]
"""A field that counts as missing if it is malformed. It needs a default."""
