"""Statements that ask a function or a clause for as much as it can do, by the types that its examples have."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Ask = Callable[[str], str | None]
"""Runs one trusted statement: its first value, None where it fails."""

SIZES = (10**8, 10**7, 10**6, 10**5, 10**4, 10**3)
_ROWS = 300_000
_MANY = 200_000_000
# Values of about {n} bytes, by the beginning of their type.
_TEXTS = ("repeat('lorem 42, ', {n10})", "repeat('a', {n})", "repeat('{{\"a\":', {n5})")
_VALUES: dict[str, tuple[str, ...]] = {
    "Array(Array(Array(Tuple": ("[[arrayMap(y -> (cos(y) * 10, sin(y * 1.7) * 10), range({n16}))]]",),
    "Array(Array(Tuple": ("[arrayMap(y -> (cos(y) * 10, sin(y * 1.7) * 10), range({n16}))]",),
    "Array(Tuple": ("arrayMap(y -> (cos(y) * 10, sin(y * 1.7) * 10), range({n16}))",),
    "Array(Array": ("arrayMap(y -> [y, y + 1], range({n24}))",),
    "Array(String": ("arrayMap(y -> toString(cityHash64(y)), range({n28}))",),
    "Array(Float": ("arrayMap(y -> cityHash64(y) / 7, range({n8}))",),
    "Array": ("arrayMap(y -> cityHash64(y), range({n8}))", "arrayWithConstant({n8}, 1)"),
    "Map(String": ("mapFromArrays(arrayMap(y -> toString(y), range({n40})), range({n40}))",),
    "Map": ("mapFromArrays(range({n16}), range({n16}))",),
    "AggregateFunction(groupBitmap": ("bitmapBuild(range({n8}))",),
    "String": _TEXTS,
    "FixedString": _TEXTS,
    "LowCardinality(String": _TEXTS,
    "Int": ("{n}",),
    "UInt": ("{n}", "18446744073709551557"),
    "Float": ("{n}", "1e300"),
}
# The same, another in each row, and gathered from many rows.
_ROW_FORM = {
    "Int": "({text} + number % 2)",
    "UInt": "({text} + 0 * number)",
    "String": "concat(toString(number), {text})",
    "Array": "arrayPushBack({text}, {text}[1])",
}
_GATHERED = {
    "Array(String": "groupArray(toString(cityHash64(number)))",
    "Array(Float": "groupArray(cityHash64(number) / 7)",
    "Array(Tuple": "groupArray((cos(number) * 10, sin(number) * 10))",
    "Array": "groupArray(cityHash64(number))",
    "String": "groupConcat(' ')(toString(cityHash64(number)))",
    "Map": "mapFromArrays(groupArray(number), groupArray(number))",
}
_COLUMNS = {"String": "toString(cityHash64(number))", "Date": "toDateTime(number)", "Array": "[number, number + 1]"}
# By its name in lower case, what one function takes longest with.
_PATHS = ("{name}(concat('http://h/', repeat('a/', {n2})))", "{name}(concat('http://h/', repeat('?', {n})))")
_SHAPED: dict[str, tuple[str, ...]] = {"urlhierarchy": _PATHS, "urlpathhierarchy": _PATHS}
_HASHES = "arrayMap(y -> cityHash64(y), range({n8}))"
_SHAPED["arrayreduce"] = (f"{{name}}('groupBitmap', {_HASHES})", f"{{name}}('histogram(250)', {_HASHES})")
_SHAPED["arrayreduceinranges"] = (
    f"{{name}}('groupBitmap', [(1, {{n8}}), (2, {{n8}})], {_HASHES})",
    f"{{name}}('entropy', [(1, {{n8}}), (2, {{n8}})], {_HASHES})",
)
_SHAPED_AGGREGATES: dict[str, tuple[str, ...]] = {
    "mannwhitneyutest": tuple(
        f"SELECT {{name}}(cityHash64(number), number % 2) FROM numbers({rows})"
        for rows in (2_000_000, 3_000_000, 11_000_000)
    ),
    "rankcorr": tuple(
        f"SELECT {{name}}(cityHash64(number), cityHash64(number, 1)) FROM numbers({rows})"
        for rows in (1_500_000, 4_000_000)
    ),
    "kolmogorovsmirnovtest": (
        "SELECT {name}('two-sided', 'exact')(number, number % 2) FROM numbers(1000000)",
        "SELECT {name}('two-sided', 'auto')(number, number % 2) FROM numbers(20000)",
        "SELECT {name}('two-sided')(number, intDiv(number, 30) % 2) FROM numbers(600000) GROUP BY number % 30",
        "SELECT {name}('less', 'asymp')(cityHash64(number), number % 2) FROM numbers(15000000)",
    ),
}
_PLAIN = ("repeat('a', 9)", "3", "[1, 2]", "['a']", "now()")


@dataclass(frozen=True)
class Example:
    """A call as the documentation writes it: parameters, arguments and the types of these."""

    parameters: list[str]
    arguments: list[str]
    types: list[str]


def examples(name: str, documentation: str, ask: Ask) -> list[Example]:
    """The different calls of `name` in its documentation, at most three."""
    found: dict[tuple[str, ...], Example] = {}
    for block in re.findall(r"```sql[^\n]*\n(.*?)```", documentation, re.DOTALL):
        for statement in block.split(";"):
            tree = (
                ask(f"SELECT parseQueryToJSON(unhex('{statement.strip().encode().hex()}'))")
                if statement.strip()
                else ""
            )
            for call in _calls(_read(tree), name.lower()):
                arguments = [_text(one, ask) for one in call.get("arguments", {}).get("children", ())]
                parameters = [_text(one, ask) for one in call.get("parameters", {}).get("children", ())]
                types = tuple(_type(one, ask) for one in arguments)
                found.setdefault(types, Example(parameters, arguments, list(types)))
    return list(found.values())[:3] or [Example([], [], [])]


def _read(tree: str | None) -> Any:
    try:
        return json.loads(tree or "null")
    except ValueError:  # of a statement that is none, such as the text of an answer
        return None


def statements(name: str, example: Example) -> Iterator[Callable[[int], str]]:
    """Each gives a statement for a size in bytes: one argument large, then all; of one row, of many, gathered."""
    for shape in _SHAPED.get(name.lower(), ()):
        yield lambda n, s=shape: f"SELECT ignore({s.format_map(_Shares(n, name))})"  # type: ignore[misc]
    slots = [index for index, type_ in enumerate(example.types) if _values(type_)]
    several = [slots] if len(slots) > 1 else []
    for chosen in [*several, *([slot] for slot in slots)]:
        width = max(len(_values(example.types[slot])) for slot in chosen)
        for number in range(width):
            yield lambda n, c=chosen, k=number: f"SELECT ignore({_call(name, example, c, k, n)})"  # type: ignore[misc]
        yield lambda n, c=chosen: (  # type: ignore[misc]
            f"SELECT max(ignore({_call(name, example, c, 0, n, _ROW_FORM)})) FROM numbers({_ROWS})"
        )
        if any(_by_type(_GATHERED, example.types[slot]) for slot in chosen):
            yield lambda n, c=chosen: _gathered(name, example, c)  # type: ignore[misc]
    if not slots:
        for one in _PLAIN:
            yield lambda n, a=one: f"SELECT ignore({name}({a}))"  # type: ignore[misc]


def aggregates(name: str, example: Example) -> Iterator[str]:
    """An aggregate over many rows, with its own parameters and with large ones."""
    parameters = [example.parameters, [re.sub(r"^\d+$", "100000000", one) for one in example.parameters]]
    for words in parameters if example.parameters and parameters[0] != parameters[1] else parameters[:1]:
        for arguments in _rows_of(example):
            head = f"{name}({', '.join(words)})" if words else name
            yield f"SELECT ignore({head}({', '.join(arguments)})) FROM numbers({_MANY})"
    yield from (shape.format(name=name) for shape in _SHAPED_AGGREGATES.get(name.lower(), ()))


def _rows_of(example: Example) -> Iterator[list[str]]:
    types = example.types or ["UInt64"]
    numbers = ("cityHash64(number)", "number", "number % 2")
    for shift in range(2):
        yield [
            _by_type(_COLUMNS, type_) or numbers[(place + shift) % 3 if place else 0]
            for place, type_ in enumerate(types)
        ]


def _call(
    name: str, example: Example, chosen: list[int], number: int, size: int, form: dict[str, str] | None = None
) -> str:
    arguments = list(example.arguments)
    for slot in chosen:
        values = _values(example.types[slot])
        text = values[number % len(values)].format_map(_Shares(size))
        row = _by_type(form or {}, example.types[slot])
        arguments[slot] = row.format(text=text) if row else text
    return f"{name}({', '.join(arguments)})"


def _gathered(name: str, example: Example, chosen: list[int]) -> str:
    arguments, columns = list(example.arguments), []
    for slot in chosen:
        if column := _by_type(_GATHERED, example.types[slot]):
            arguments[slot] = f"g{slot}"
            columns.append(f"{column} AS g{slot}")
    return f"SELECT ignore({name}({', '.join(arguments)})) FROM (SELECT {', '.join(columns)} FROM numbers({_MANY}))"


class _Shares(dict[str, int | str]):
    """{n}, and {n16} for a sixteenth of it; {name} of the function."""

    def __init__(self, size: int, name: str = "") -> None:
        super().__init__(name=name)
        self._size = size

    def __missing__(self, name: str) -> int:
        return max(self._size // int(name[1:] or 1), 1)


def _values(type_: str) -> tuple[str, ...]:
    return next((values for start, values in _VALUES.items() if type_.startswith(start)), ())


def _by_type(texts: dict[str, str], type_: str) -> str | None:
    return next((text for start, text in texts.items() if type_.startswith(start)), None)


def _calls(node: Any, name: str) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for one in node:
            yield from _calls(one, name)
    elif isinstance(node, dict):
        if node.get("type") == "Function" and str(node["name"]).lower() == name:
            yield node
        for part in node.values():
            yield from _calls(part, name)


def _text(node: dict[str, Any], ask: Ask) -> str:
    """A node of the engine's tree as SQL."""
    node = {part: value for part, value in node.items() if part != "alias"}
    select = {"type": "SelectQuery", "select": {"type": "ExpressionList", "children": [node]}}
    tree = {
        "type": "SelectWithUnionQuery",
        "union_mode": "UNION_DEFAULT",
        "list_of_selects": {"type": "ExpressionList", "children": [select]},
        **dict.fromkeys(("is_outfile_append", "is_outfile_truncate", "is_into_outfile_with_stdout"), False),
    }
    digits = json.dumps(tree).encode().hex()
    return (ask(f"SELECT formatQuerySingleLine(formatQueryFromJSON(unhex('{digits}')))") or "SELECT NULL")[7:].strip()


def _type(argument: str, ask: Ask) -> str:
    found = ask(f"SELECT toTypeName({argument})") or ""
    return re.sub(r"^Nullable\((.*)\)$|(?<=\()Nullable\((\w+)\)", r"\1\2", found)
