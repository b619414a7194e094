"""How large the value of a call can become, from the sizes of its arguments. All figures are upper ones."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chimera_metrics.integrations.guard.costs import GATHERING, NUMBER_FAMILIES, NUMBERS
from chimera_metrics.integrations.guard.functions import words
from chimera_metrics.integrations.guard.refusals import StatementRefused

#: Bytes that a text of the store has as a rule, and may have.
TEXT_USUAL, TEXT_MOST = 16.0, 65_536.0
#: What range() makes of one block at most, by a setting that goes with the statement.
MOST_RANGE = 3_000_000
# So many blocks of rows share what was gathered.
_BLOCK = 65_536
_UNKNOWN = 1e15
_MOST_REPEATS = 1e6
_PROBE = 1e4


@dataclass(frozen=True, slots=True)
class Size:
    """Upper figures for a value: bytes as a rule and at most, elements of an array or bytes of a text."""

    usual: float = 8.0
    most: float = 8.0
    items: float = 1.0
    #: The parts of its type: a tuple of tuples doubles with each level.
    leaves: float = 1.0
    #: The parts of the statement that it stands for, with aliases written out.
    nodes: float = 1.0
    #: The largest number that it can be, where the statement says so.
    value: float | None = None
    constant: bool = False
    gathered: bool = False
    #: The text of a literal.
    text: str | None = None

    @property
    def usual_items(self) -> float:
        return self.items * self.usual / self.most if self.most else 0.0

    def times(self, count: float, unit: float = 1.0) -> Size:
        """`count` of these, each with `unit` bytes more."""
        return replace(
            self, usual=count * (self.usual + unit), most=count * (self.most + unit), items=count * max(self.items, 1),
            value=None, text=None,
        )  # fmt: skip


COLUMN = Size(TEXT_USUAL, TEXT_MOST, TEXT_MOST)
NUMBER = Size()
# A number, a time, an id or a commit.
SHORT_COLUMN = Size(16.0, 40.0)


def gathered(unit: Size, whole: float) -> Size:
    """`whole` bytes of rows."""
    return Size(whole / _BLOCK, whole, whole / max(unit.usual, 8.0), unit.leaves, gathered=True)


def joined(parts: Sequence[Size]) -> Size:
    """All parts one behind the other."""
    return Size(
        sum(part.usual for part in parts) or 1.0,
        sum(part.most for part in parts) or 1.0,
        sum(part.items for part in parts) or 1.0,
        max((part.leaves for part in parts), default=1.0),
        gathered=any(part.gathered for part in parts),
    )


def larger(one: Size, other: Size) -> Size:
    return replace(
        one,
        usual=max(one.usual, other.usual),
        most=max(one.most, other.most),
        items=max(one.items, other.items),
        leaves=max(one.leaves, other.leaves),
        nodes=max(one.nodes, other.nodes),
        value=None if one.value is None or other.value is None else max(one.value, other.value),
        constant=one.constant and other.constant,
        gathered=one.gathered or other.gathered,
        text=None,
    )


Rule = Callable[[Sequence[Size]], Size]


def _counted(size: int, count: int, most: float = _UNKNOWN) -> Rule:
    """Argument `size`, as many times as argument `count` says; where it does not say, `most`."""

    def rule(args: Sequence[Size]) -> Size:
        unit = args[size] if 0 <= size < len(args) else Size(1, 1, 1)
        number = args[count].value if count < len(args) else None
        return unit.times(most if number is None else number)

    return rule


def _padded(args: Sequence[Size]) -> Size:
    width = args[1].value if len(args) > 1 else 0
    padding = Size(1, 1, 1).times(_UNKNOWN if width is None else width * 4)
    return joined([args[0], padding])


def _range(args: Sequence[Size]) -> Size:
    end = args[min(1, len(args) - 1)].value if args else None
    count = MOST_RANGE if end is None else min(end, MOST_RANGE)
    return Size(count * 8, count * 8, count)


def _replaced(args: Sequence[Size]) -> Size:
    """Each place of the text may become the whole of the last argument."""
    text, by = args[0], args[-1]
    usual = (text.usual + 1) * (by.usual + 1)
    most = (text.most + 1) * (by.most + 1)
    # As a rule a replacement is found now and then.
    return Size(text.usual + by.usual if by.text is not None and by.most < 100 else usual, most, most)


def _with_separator(args: Sequence[Size]) -> Size:
    separator = args[1].most if len(args) > 1 else 0.0
    array = args[0]
    return joined([replace(array, leaves=1.0), Size(1, 1, 1).times(array.items * separator)])


def _shingles(args: Sequence[Size]) -> Size:
    width = args[1].value if len(args) > 1 and args[1].value is not None else _UNKNOWN
    return args[0].times(width)


def _formatted(args: Sequence[Size]) -> Size:
    """Each place of the pattern may hold all of the other arguments, and be as wide as the pattern says."""
    pattern, rest = args[0], joined(args[1:])
    widths = re.findall(r"\d+", pattern.text) if pattern.text is not None else [str(int(_UNKNOWN))]
    places = pattern.text.count("{") + pattern.text.count("%") if pattern.text is not None else pattern.most
    wide = sum(min(float(width), _UNKNOWN) for width in widths) if pattern.text and "%" in pattern.text else 0.0
    grown = joined([pattern, rest.times(max(places, 1)), Size(1, 1, 1).times(max(wide, 1))])
    return replace(grown, leaves=1.0)


def _rings(args: Sequence[Size]) -> Size:
    radius = args[1].value if len(args) > 1 else None
    return NUMBER.times(_UNKNOWN if radius is None else 3 * radius * (radius + 1) + 1)


def _children(args: Sequence[Size]) -> Size:
    level = args[1].value if len(args) > 1 else None
    return NUMBER.times(_UNKNOWN if level is None else 7.0 ** min(level, 15))


def _grown(factor: float) -> Rule:
    def rule(args: Sequence[Size]) -> Size:
        whole = joined(args)
        return replace(
            whole, usual=whole.usual * factor, most=whole.most * factor, items=whole.items * factor, leaves=1
        )

    return rule


def _pieces(args: Sequence[Size]) -> Size:
    """A text cut into an array: eight bytes more for each piece."""
    whole = joined(args)
    return replace(whole, usual=whole.usual * 9, most=whole.most * 9)


def _repeated_pieces(args: Sequence[Size]) -> Size:
    width = args[1].value if len(args) > 1 and args[1].value is not None else args[0].most
    return args[0].times(max(width, 1), 8)


def _grams(args: Sequence[Size]) -> Size:
    text = args[0]
    return Size(text.usual * text.usual, text.most * text.most, text.most * 2)


def _cut(bytes_each: float, count: int) -> Rule:
    """A part of a text, of at most so many letters where a literal says so; a computed number may be below zero."""

    def rule(args: Sequence[Size]) -> Size:
        text = args[0]
        letters = args[count].value if count < len(args) and args[count].text is not None else None
        if letters is None or text.leaves > 1:
            return replace(joined(args), value=None)
        most = max(letters * bytes_each, 1.0)
        return Size(min(text.usual, most), min(text.most, most), min(text.items, most), gathered=text.gathered)

    return rule


_UNBOUNDED: Rule = lambda args: NUMBER.times(_UNKNOWN)  # noqa: E731  # a rule like the others
RULES: dict[str, Rule] = {
    "repeat": _counted(0, 1, _MOST_REPEATS),
    "space": _counted(-1, 0),
    "range": _range,
    "arraywithconstant": _counted(1, 0),
    "replicate": lambda args: args[0].times(args[1].items),
    "arrayresize": lambda args: joined([args[0], _counted(2, 1)(args)]),
    **dict.fromkeys(("leftpad", "rightpad", "leftpadutf8", "rightpadutf8", "lpad", "rpad"), _padded),
    **dict.fromkeys(("randomstring", "randomfixedstring", "randomprintableascii"), _counted(-1, 0)),
    "randomstringutf8": lambda args: _counted(-1, 0)(args).times(4),
    **dict.fromkeys(("tofixedstring", "reinterpretasfixedstring"), lambda args: _padded(args)),
    **dict.fromkeys(("replaceall", "replaceregexpall", "replace", "regexp_replace"), _replaced),
    **dict.fromkeys(("arraystringconcat", "array_to_string"), _with_separator),
    "arrayshingles": _shingles,
    "ngrams": _repeated_pieces,
    **dict.fromkeys(("sparsegrams", "sparsegramsutf8"), _grams),
    **dict.fromkeys(("format", "printf"), _formatted),
    **dict.fromkeys(("formatdatetime", "date_format", "formatdatetimeinjodasyntax"), _grown(20)),
    **dict.fromkeys(("h3kring", "h3hexring"), _rings),
    "h3tochildren": _children,
    **dict.fromkeys(("hex", "encodeurlcomponent", "encodeurlformcomponent", "bitslice"), _grown(3)),
    **dict.fromkeys(("tojsonstring", "encodexmlcomponent", "tostring", "bin"), _grown(8)),
    **dict.fromkeys(("normalizeutf8nfkc", "normalizeutf8nfkd", "normalizeutf8nfd"), _grown(18)),
    # Each part of the path is given with all that stands before it.
    **dict.fromkeys(("urlhierarchy", "urlpathhierarchy"), _grams),
    **dict.fromkeys(words("left right"), _cut(1, 1)),
    **dict.fromkeys(words("leftutf8 rightutf8"), _cut(4, 1)),
    **dict.fromkeys(words("substring substr mid byteslice"), _cut(1, 2)),
    "substringutf8": _cut(4, 2),
    "prettyprintjson": lambda args: Size(args[0].usual * args[0].usual, args[0].most * args[0].most),
    **dict.fromkeys(("timeslots", "timeseriesrange", "timeseriesfromgrid", "h3line"), _UNBOUNDED),
    **dict.fromkeys(("h3polygontocells", "h3polygontocellswithcontainment", "geohashesinbox"), _UNBOUNDED),
    "mappopulateseries": lambda args: joined([args[0], _counted(-1, 1)([NUMBER, args[-1]]).times(16)]),
}
_PIECES = ("splitby", "alphatokens", "tokens", "extractall", "jsonextractkeys", "jsonextractarray")
_ARRAYS = ("array", "map", "bitmap", "emptyarray", "bitpositions", "bitmask", "series")


def _largest(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return max(known) if known and len(known) == len(numbers) else None


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _product(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.prod(known) if len(known) == len(values) else None


def _smallest_known(values: Sequence[float | None]) -> float | None:
    return min((value for value in values if value is not None), default=None)


_KEEPS_VALUE = ("toint", "touint", "tofloat", "round", "floor", "ceil", "trunc", "abs", "assumenotnull", "tonullable")
_VALUES: dict[str, Callable[[Sequence[float | None]], float | None]] = {
    "least": _smallest_known,
    "min2": _smallest_known,
    "plus": _sum,
    "multiply": _product,
    "greatest": _largest,
    "max2": _largest,
    "if": lambda values: _largest(values[1:]),
    "cast": lambda values: values[0] if values else None,
    "clamp": lambda values: values[2] if len(values) > 2 else None,
    **dict.fromkeys(("modulo", "mod", "positivemodulo"), lambda values: values[-1] if values else None),
}
_NARROW = {"touint8": 255.0, "toint8": 127.0, "touint16": 65_535.0, "toint16": 32_767.0}
_PARTS_OF_DATES = dict.fromkeys(
    ("tohour", "tominute", "tosecond", "today", "todayofmonth", "todayofweek", "todayofyear", "tomonth", "toweek"),
    366.0,
)


def value_of(name: str, args: Sequence[Size]) -> float | None:
    """The largest number that a call can give, where its arguments tell."""
    known = [arg.value for arg in args]
    if name in _NARROW:
        inner = known[0] if known else None
        return _NARROW[name] if inner is None else min(inner, _NARROW[name])
    if name in _PARTS_OF_DATES:
        return _PARTS_OF_DATES[name]
    if name in {"length", "lengthutf8", "cardinality", "char_length", "arrayuniq", "arraycount"} and args:
        return max(arg.items for arg in args)
    if name in _VALUES:
        return _VALUES[name](known)
    return known[0] if known and name.startswith(_KEEPS_VALUE) else None


def size_of(name: str, args: Sequence[Size]) -> Size:
    """The value of a call of `name`, in lower case. Its `nodes` and `constant` are for the caller to say."""
    if rule := RULES.get(name):
        return rule(args)
    whole = joined(args)
    if name in {"tuple", "tupleconcat", "flattentuple", "tuplenames"}:
        return replace(whole, leaves=sum(arg.leaves for arg in args) or 1.0)
    if name in NUMBERS or (name.startswith(NUMBER_FAMILIES) and not name.startswith(("position", "multisearchall"))):
        return Size(value=value_of(name, args))
    if name == "array":
        return replace(whole, items=max(len(args), 1))
    if name.startswith(_PIECES):
        return _pieces(args)
    if name.startswith(_ARRAYS):
        most, usual = max(whole.most, 8 * whole.items), max(whole.usual, 8 * whole.usual_items)
        return replace(whole, most=most, usual=usual)
    if name in {
        "plus",
        "minus",
        "multiply",
        "divide",
        "modulo",
        "intdiv",
        "if",
        "multiif",
        "coalesce",
        "ifnull",
        "least",
    }:
        largest = args[0] if args else whole
        for arg in args[1:]:
            largest = larger(largest, arg)
        return replace(largest, value=value_of(name, args), constant=False, nodes=1.0, text=None)
    return replace(whole, value=value_of(name, args))


def aggregate_of(name: str, args: Sequence[Size], parameters: Sequence[Size], most_gathered: float) -> Size:
    """The value of an aggregate: what gathers is as large as its parameter says, or as its memory lets it be."""
    whole = joined(args)
    if not name.startswith(GATHERING) and not name.endswith(("map", "resample")):
        return replace(whole, constant=False, value=None)
    numbers = [parameter.value for parameter in parameters if parameter.value is not None]
    if (
        numbers
        and name.startswith(("grouparray", "groupuniqarray", "largesttriangle", "lttb"))
        and "moving" not in name
    ):
        return whole.times(max(numbers), 8)
    return gathered(whole, most_gathered)


def literal_size(value: Mapping[str, Any]) -> Size:
    kind = value.get("field_type")
    content = value.get("value")
    if kind == "String":
        length = float(len(str(content).encode())) or 1.0
        return Size(length, length, length, constant=True, text=str(content))
    if kind in {"Array", "Tuple", "Map"} and isinstance(content, list):
        parts = [literal_size(one) if isinstance(one, dict) else NUMBER for one in content]
        whole = joined(parts)
        items = float(max(len(parts), 1))
        leaves = items if kind == "Tuple" else whole.leaves
        return replace(whole, items=max(items, whole.items) if kind == "Array" else whole.items, leaves=leaves,
                       constant=True, value=None)  # fmt: skip
    try:
        number = float(str(content))
    except ValueError:
        return Size(constant=True)
    return Size(constant=True, value=number if 0 <= number < float("inf") else None, text=str(content))


def element_of(array: Size) -> Size:
    items = max(array.items, 1.0)
    most = max(array.most / items, 8.0)
    return Size(
        min(most, max(array.usual / max(array.usual_items, 1.0), 8.0)), most, most, array.leaves, value=array.value
    )


def as_type(size: Size, type_: str) -> Size:
    width = max((float(found) for found in re.findall(r"FixedString\((\d+)\)", type_, re.I)), default=0.0)
    return joined([size, Size(1, 1, 1).times(width)]) if width > size.most else size


def widened(size: Size) -> Size:
    """A value as large as it may be after some steps, by which one that doubles is told from one that grows."""
    return replace(size, usual=_PROBE + size.usual, most=_PROBE + size.most, items=_PROBE + size.items, text=None)


def after_steps(steps: float, start: Size, once: Size, again: Size) -> Size:
    """What `start` is after so many steps. `once` and `again` are two steps from where it is `widened`.

    Each adds as much as the step before it; a value that doubles is refused.
    """
    added = max(once.most - widened(start).most, 0.0)
    if again.leaves > once.leaves or again.most - once.most > 1.5 * added + 64:
        raise StatementRefused(
            "A value of this query doubles with each step, and no time limit stops that; let each step add a little."
        )
    most = start.most + added * steps
    items = start.items + added * steps
    usual = most if added else start.usual
    return replace(again, usual=usual, most=most, items=items, nodes=again.leaves, constant=False, text=None)
