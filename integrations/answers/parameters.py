"""ClickHouse's own `{name:Type}` parameters: a value becomes a literal of its type, or a sentence says why not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from chimera_metrics.integrations.clickhouse import call
from chimera_metrics.integrations.clickhouse.literals import DAYS, literal, quote
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.validation.type_texts import split

# What may stand between parameters: literals, quoted names, comments and heredocs are passed over whole.
_TOKENS = re.compile(
    r"""
      '(?:\\.|''|[^'\\])*' | "(?:\\.|""|[^"\\])*" | `(?:\\.|``|[^`\\])*`
    | --[^\n]* | \#[ !][^\n]* | /\*.*?\*/ | \$(\w*)\$.*?\$\1\$
    | \{\s*(?P<name>[A-Za-z_]\w*)\s*:\s*(?P<type>[^{}]+?)\s*\}
    """,
    re.VERBOSE | re.DOTALL,
)
_QUOTED = r"'(?:[^'\\]|\\.)*'"
_TYPE = re.compile(rf"[A-Za-z](?:[\w(), =-]|{_QUOTED})*")
_WRAPPED = re.compile(r"(?:Nullable|LowCardinality)\((.*)\)", re.DOTALL)
_PARTS = re.compile(r"(?P<kind>\w+)(?:\((?P<inner>.*)\))?", re.DOTALL)
_NAMED = re.compile(r"(?P<name>[A-Za-z_]\w*) +(?P<type>[A-Z].*)", re.DOTALL)
_INTEGER = re.compile(r"(?P<unsigned>U?)Int(?P<bits>8|16|32|64|128|256)")
_SINGLE = re.compile(
    r"U?Int\d+|B?Float\d+|Decimal\d*|(?:Fixed)?String|UUID|IPv[46]|Bool|Enum\d*|Date(?:32)?|(?:Date)?Time(?:64)?"
)
_COMPOSED = {"Array", "Map", "Tuple", "JSON"}
_WHOLE = re.compile(r"[+-]?\d+")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


# A model's code block; three backticks open no statement of SQL.
_FENCE = re.compile(r"\s*```(?:[ \t]*\w*[ \t]*\n)?(?P<sql>.*?)\s*```\s*", re.DOTALL)


_STATEMENT = re.compile(r"\s*(?:SELECT|WITH|FROM|EXPLAIN|SHOW|DESC|DESCRIBE|EXISTS|--|/\*|\()", re.IGNORECASE)


def unfenced(statement: str) -> str:
    """The statement within a code fence or quotes, or as it is where none are around it.

    Words around a fence are left out where they are no statement themselves.
    """
    found = _FENCE.fullmatch(statement)
    if found is None and statement.count("```") == 2 and not _STATEMENT.match(statement):
        found = _FENCE.search(statement)
    if found is not None:
        return found["sql"]
    plain = statement.strip()
    quote_ = plain[:1]
    if (
        quote_
        and quote_ in "`\"'"
        and plain.endswith(quote_)
        and plain.count(quote_) == 2
        and _STATEMENT.match(plain[1:])
    ):
        return plain[1:-1]
    return statement


def bind(statement: str, parameters: Mapping[str, Any]) -> str:
    """Replaces ClickHouse's own `{name:Type}` parameters by typed literals.

    A value is always a literal cast to its type, so it cannot become anything else, and one that the type does not
    hold is refused: a cast would make 44 of 300. A parameter without a value, or a value without a parameter, is an
    InvalidInput.
    """
    if not isinstance(statement, str):
        raise InvalidInput(f"A statement is text or a Select; this is {type(statement).__name__}.")
    if not isinstance(parameters, Mapping) or not all(isinstance(name, str) for name in parameters):
        raise InvalidInput(f"`parameters` takes an object of names and values; this is {parameters!r:.80}.")
    used: set[str] = set()

    def replace(match: re.Match[str]) -> str:
        name, type_ = match["name"], match["type"]
        if name is None:
            return match[0]
        if name not in parameters:
            given = ", ".join(sorted(parameters)) or "none"
            raise InvalidInput(f"Parameter {name} has no value; add it to `parameters` (given: {given}).")
        if type_ == "Identifier" or not _TYPE.fullmatch(type_):
            raise InvalidInput(
                f"Parameter {name} has type {type_}, which is not a value's type such as String or UInt32."
            )
        used.add(name)
        return f"CAST({typed(name, parameters[name], type_)}, {quote(type_)})"

    bound = _TOKENS.sub(replace, unfenced(statement))
    unused = sorted(set(parameters) - used)
    if unused:
        raise InvalidInput(
            f"Parameter {unused[0]} is not in the statement; write it there as {{{unused[0]}:String}} or leave it out."
        )
    if parameters and (serves := call.current()) is not None:
        serves.hidden += _secrets(parameters)
    return bound


def typed(name: str, value: Any, type_: str) -> str:
    """`value` as a literal that a cast to `type_` takes with every digit; raises InvalidInput where it has no room."""
    nullable = False
    while (wrapped := _WRAPPED.fullmatch(type_)) is not None:
        nullable |= type_.startswith("Nullable")
        type_ = wrapped[1].strip()
    parts = _PARTS.fullmatch(type_)
    kind, inner = (parts["kind"], parts["inner"] or "") if parts is not None else ("", "")
    _check_form(name, value, kind, inner, type_, nullable)
    if kind == "Array" and isinstance(value, list | tuple):
        return f"[{', '.join(typed(name, item, inner) for item in value)}]"
    if kind == "Map" and isinstance(value, Mapping) and len(types := split(inner)) == 2:
        items = (typed(name, one, of) for pair in value.items() for one, of in zip(pair, types, strict=True))
        return f"map({', '.join(items)})"
    if kind == "Tuple" and isinstance(value, list | tuple | Mapping):
        return _tuple(name, value, type_, split(inner))
    _check(name, value, kind, inner, type_)
    if kind in ("DateTime", "DateTime64") and isinstance(value, datetime):
        # With its zone: text would be read as the time of day in the zone of the type, or of the server.
        return literal(value)
    return _leaf(value)


def _tuple(name: str, value: Sequence[Any] | Mapping[str, Any], type_: str, elements: Sequence[str]) -> str:
    named = [_NAMED.fullmatch(element) for element in elements]
    types = [element if match is None else match["type"] for element, match in zip(elements, named, strict=True)]
    if isinstance(value, Mapping):
        fields = ["" if match is None else match["name"] for match in named]
        if set(fields) != set(value):
            raise InvalidInput(f"Parameter {name} has the fields {', '.join(map(str, value))}, but is {type_}.")
        value = [value[field] for field in fields]
    if len(value) != len(types):
        raise InvalidInput(f"Parameter {name} has {len(value)} items, but {type_} takes {len(types)}.")
    return f"tuple({', '.join(typed(name, item, of) for item, of in zip(value, types, strict=True))})"


def _check_form(name: str, value: Any, kind: str, inner: str, type_: str, nullable: bool) -> None:
    """Refuses null, a list or an object where the type has none: a cast would write an object as text."""
    single = _SINGLE.fullmatch(kind) is not None
    if value is None and not nullable and (single or kind in _COMPOSED):
        instead = f"write Nullable({type_}) in the statement, or give a value" if single else "give a value"
        raise InvalidInput(f"Parameter {name} holds null, but {type_} takes none; {instead}.")
    if single and isinstance(value, Mapping):
        raise InvalidInput(f"Parameter {name} holds an object, but {type_} takes one value; give its JSON as text.")
    if single and isinstance(value, list | tuple):
        raise InvalidInput(
            f"Parameter {name} holds a list, but {type_} takes one value; write Array({type_}) in the statement, or "
            "give one value."
        )
    if kind == "Array" and isinstance(value, Mapping) and not inner.startswith("Tuple("):
        raise InvalidInput(f"Parameter {name} holds an object, but {type_} takes a list; give a list.")


def _check(name: str, value: Any, kind: str, inner: str, type_: str) -> None:
    if value is None or isinstance(value, bool):
        return
    text = str(value).strip()
    if (integer := _INTEGER.fullmatch(kind)) is not None and text:
        if not _WHOLE.fullmatch(text):
            raise InvalidInput(f"Parameter {name} is {text[:80]}, but {kind} takes a whole number.")
        bits = int(integer["bits"])
        low, high = (0, 2**bits - 1) if integer["unsigned"] else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        if not low <= int(text) <= high:
            raise InvalidInput(f"Parameter {name} is {text[:80]}, but {kind} takes {low} to {high}.")
    elif kind in DAYS and (day := _DAY.match(text)) is not None:
        # Beyond these the engine would answer another day, without a word.
        days = [one.isoformat() for one in DAYS[kind]]
        if not days[0] <= day[0] <= days[1]:
            raise InvalidInput(f"Parameter {name} is {text[:80]}, but {kind} takes {days[0]} to {days[1]}.")
    elif kind.startswith("Decimal") and (scale := inner.rpartition(",")[2].strip()).isdecimal():
        try:
            exponent = Decimal(text).normalize().as_tuple().exponent
        except InvalidOperation:
            return  # the engine says what is wrong with it
        if isinstance(exponent, int) and -exponent > int(scale):
            raise InvalidInput(f"Parameter {name} is {text[:80]}, but {type_} keeps {scale} digits after the point.")


def _leaf(value: Any) -> str:
    # A number or a time is cast from its text, so that no digit passes through a Float64.
    if isinstance(value, bool) or value is None or isinstance(value, list | tuple | Mapping):
        return literal(value)
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return quote(f"{moment:%Y-%m-%d %H:%M:%S.%f}")
    return quote(str(value))


def _secrets(parameters: Mapping[str, Any]) -> list[str]:
    """The literals of parameters whose names say that they are secret: no record of the statement may hold them."""
    from chimera_metrics.integrations.masking.columns import mask_json

    found = []
    for name, value in parameters.items():
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
            masked: dict[str, Any] = orjson.loads(mask_json(orjson.dumps({name: "."}).decode())[0])
            if masked.get(name) != ".":
                found.append(quote(str(value)))
    return found
