"""Arguments as agents send them: JSON text is read, unknown and misplaced names are refused with their place."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any, Literal, TypeVar, get_args, get_origin

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from chimera_metrics.analytics.arguments import several
from chimera_metrics.analytics.errors import QuestionError
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.server.catalog.argument_names import hint as hint_of
from chimera_metrics.server.catalog.argument_names import named_as_documented
from chimera_metrics.server.catalog.words import EXAMPLES
from chimera_metrics.suggestions import did_you_mean

M = TypeVar("M", bound=BaseModel)
_MAKING_READY = Lock()


class Arguments(BaseModel):
    """Base of a tool's arguments: unknown names are refused at every level."""

    # Of the many tools a session calls few: each is made ready when it is called first.
    model_config = ConfigDict(extra="forbid", defer_build=True)

    @classmethod
    def spelled_out(cls, given: Any) -> list[Any]:
        """A member of a list in the form that the schema has; one may stand for several, and all for the list."""
        return [given]


def read_arguments(tool: str, model: type[M], given: Mapping[str, Any]) -> M:
    """`given` as `model`, or InvalidInput with one sentence."""
    values = _unpack_fields(model, named_as_documented(model.model_fields, given))
    values = {
        name: value for name, value in values.items() if not _is_left_out(model.model_fields.get(name), name, value)
    }
    _check_numbers(model, values)
    with _MAKING_READY:
        model.model_rebuild()  # does nothing where the model is ready
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise InvalidInput(_sentence(tool, model, values, error)) from None


def _unpack_fields(model: type[BaseModel], given: Mapping[str, Any]) -> dict[str, Any]:
    fields = model.model_fields
    return {name: _unpack(fields[name].annotation, value) if name in fields else value for name, value in given.items()}


def _unpack(annotation: Any, value: Any) -> Any:
    """`value` as the schema has it, at any level: no list or object as JSON text, a list where one is taken."""
    if isinstance(value, str) and _takes_json(annotation):
        value = _parse(value)
    item = _list_item(annotation)
    rows = None if item is None else _inner(item)
    if rows is not None and issubclass(rows, Arguments) and isinstance(value, str | list | tuple):
        value = [_parse(one) if isinstance(one, str) else one for one in value] if not isinstance(value, str) else value
        # A whole list may be one member, as ["model", "=", "opus"] is.
        value = [value] if isinstance(value, str) or not any(isinstance(one, dict | list) for one in value) else value
    if item is None:
        inner = _inner(annotation)
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str) and _takes_text(annotation):
            return value[0]
        if isinstance(value, str) and (words := _words(annotation)):
            return next((word for word in words if word == value.strip().lower()), value)
        return _unpack_fields(inner, value) if inner is not None and isinstance(value, dict) else value
    if isinstance(value, str):
        value = several("", value) if _takes_text(item) else value
    elif isinstance(value, dict):
        value = [value]
    if not isinstance(value, list | tuple):
        return value
    unpacked = [_unpack(item, one) for one in value] if _takes_json(item) else list(value)
    inner = _inner(item)
    if inner is None or not issubclass(inner, Arguments):
        return unpacked
    try:
        return [spelled for one in unpacked for spelled in inner.spelled_out(one)]
    except QuestionError as error:
        raise InvalidInput(str(error)) from None


def _words(annotation: Any) -> tuple[str, ...]:
    """The words that an argument takes, in small letters, where it takes nothing else."""
    if get_origin(annotation) is Literal:
        return tuple(str(word) for word in get_args(annotation))
    inner = [one for one in get_args(annotation) if one is not type(None)]
    return _words(inner[0]) if len(inner) == 1 else ()


def _is_left_out(field: Any, name: str, value: Any) -> bool:
    """Whether an argument is none: a host that cannot leave an optional one out sends null or an empty value for it.

    An empty idempotency_key stays one that is wrong: who sends it may rely on it.
    """
    if field is None or value is None:
        return field is not None
    if isinstance(value, list | tuple):
        value = [one for one in value if not _is_blank(one)]
    return _is_blank(value) and not field.is_required() and name != "idempotency_key"


def _is_blank(value: Any) -> bool:
    return value is None or (not value.strip() if isinstance(value, str) else value in ({}, []))


def _check_numbers(model: type[BaseModel], values: Mapping[str, Any]) -> None:
    """True is no number, although Python counts with it."""
    for name, value in values.items():
        field = model.model_fields.get(name)
        if (
            isinstance(value, bool)
            and field is not None
            and {int, float} & {field.annotation, *get_args(field.annotation)}
        ):
            raise InvalidInput(f"{name} is {str(value).lower()}, but takes a number.")


def _list_item(annotation: Any) -> Any:
    """What the items of a list are, None where no list is taken."""
    if get_origin(annotation) is list:
        [item] = get_args(annotation)
        return item
    return next((item for one in get_args(annotation) if (item := _list_item(one)) is not None), None)


def _takes_text(annotation: Any) -> bool:
    return annotation is str or str in get_args(annotation)


def _takes_json(annotation: Any) -> bool:
    origin = get_origin(annotation) or annotation
    if origin in (list, dict) or (isinstance(origin, type) and issubclass(origin, BaseModel | Mapping)):
        return True
    arguments = get_args(annotation)
    return bool(arguments) and str not in arguments and any(map(_takes_json, arguments))


def _parse(text: str) -> Any:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return value if isinstance(value, list | dict) else text


def _sentence(tool: str, model: type[BaseModel], values: Mapping[str, Any], error: ValidationError) -> str:
    # An unknown name explains a missing one better than the other way round.
    first = min(error.errors(include_url=False), key=lambda found: found["type"] != "extra_forbidden")
    place = _place(first["loc"])
    kind, context = first["type"], first.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(tool, model, first["loc"])
    if kind == "missing":
        return f"{tool} needs {place}; it takes {_names(model)}."
    # Rows are not repeated: a sentence ends up in records that are kept.
    held = _shown(first["input"]) if not place.startswith("rows") else f"of type {type(first['input']).__name__}"
    match kind:
        case "literal_error" | "enum":
            return f"{place} is {held}, but takes {context['expected']}."
        case "value_error":
            return f"{place}: {context['error']}"
        case _:
            example = EXAMPLES.get(str(first["loc"][0]))
            form = f" Write it such as {example}." if example and len(first["loc"]) <= 2 else ""
            return f"{place} is {held}: {first['msg'][0].lower()}{first['msg'][1:]}.{form}"


def _unknown(tool: str, model: type[BaseModel], loc: tuple[Any, ...]) -> str:
    name = str(loc[-1])
    if len(loc) > 1 and name in model.model_fields:
        return f"{name} belongs beside {loc[0]}, not inside it."
    if len(loc) == 1:
        for field, info in model.model_fields.items():
            inner = _inner(info.annotation)
            if inner is not None and name in inner.model_fields:
                return f"{name} belongs inside {field}, which takes {_names(inner)}."
    taker = model if len(loc) == 1 else _inner(model.model_fields[str(loc[0])].annotation) or model
    hint = (len(loc) == 1 and hint_of(name)) or did_you_mean(name, taker.model_fields, "{}", letters=0.5)
    where = tool if len(loc) == 1 else _place(loc[:-1])
    if len(loc) == 1 and "rows" in taker.model_fields:
        hint = " Columns stand inside rows, a list of objects."
    return f"Unknown argument {name}.{hint} {where} takes {_names(taker)}."


def _inner(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = _inner(argument)
        if found is not None:
            return found
    return None


def _place(loc: tuple[Any, ...]) -> str:
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _names(model: type[BaseModel]) -> str:
    return ", ".join(model.model_fields)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
