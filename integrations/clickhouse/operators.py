"""How SQLAlchemy's operators and generic functions are said in ClickHouse's words, or a CompileError says why not.

Only what every version in support understands is written: `IS TRUE`, `LIKE … ESCAPE` and column lists of a CTE, for
example, are younger than the oldest of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clickhouse_sqlalchemy.drivers.compilers.sqlcompiler import ClickHouseSQLCompiler
from sqlalchemy import exc, literal_column
from sqlalchemy import types as sa
from sqlalchemy.sql import elements, functions, operators

_FIELDS = {
    "year": "toYear({})",
    "isoyear": "toISOYear({})",
    "quarter": "toQuarter({})",
    "month": "toMonth({})",
    "week": "toISOWeek({})",
    "day": "toDayOfMonth({})",
    "doy": "toDayOfYear({})",
    # Sunday is 0 for `dow`, as it is in PostgreSQL, and 7 for `isodow`.
    "dow": "toDayOfWeek({}, 2)",
    "isodow": "toDayOfWeek({})",
    "hour": "toHour({})",
    "minute": "toMinute({})",
    "second": "toSecond({})",
    "millisecond": "intDiv(positiveModulo(toUnixTimestamp64Micro(toDateTime64({}, 6, 'UTC')), 60000000), 1000)",
    "microsecond": "positiveModulo(toUnixTimestamp64Micro(toDateTime64({}, 6, 'UTC')), 60000000)",
    "epoch": "(toUnixTimestamp64Micro(toDateTime64({}, 6, 'UTC')) / 1000000)",
}
_FIELDS |= {"milliseconds": _FIELDS["millisecond"], "microseconds": _FIELDS["microsecond"]}

#: Flags of a pattern that RE2 knows.
_FLAGS = frozenset("imsU")


def _call(name: str) -> Callable[..., str]:
    def visit(self: Any, binary: Any, _: Any, **kw: Any) -> str:
        return f"{name}({self.process(binary.left, **kw)}, {self.process(binary.right, **kw)})"

    return visit


def _refused(sentence: str) -> Callable[..., str]:
    def visit(*_: Any, **__: Any) -> str:
        raise exc.CompileError(sentence)

    return visit


class Operators(ClickHouseSQLCompiler):
    """The part of the compiler that renders expressions."""

    # -- numbers ---------------------------------------------------------------------------------------------------

    visit_bitwise_and_op_binary = _call("bitAnd")
    visit_bitwise_or_op_binary = _call("bitOr")
    visit_bitwise_xor_op_binary = _call("bitXor")
    visit_bitwise_lshift_op_binary = _call("bitShiftLeft")
    visit_bitwise_rshift_op_binary = _call("bitShiftRight")

    def visit_bitwise_not_op_unary_operator(self, element: Any, _: Any, **kw: Any) -> str:
        # `bitNot` of an unsigned number would be unsigned.
        return f"(-1 - {self.process(element.element, **kw)})"

    def visit_truediv_binary(self, binary: Any, _: Any, **kw: Any) -> str:
        return f"{self.process(binary.left, **kw)} / {self.process(binary.right, **kw)}"

    def visit_floordiv_binary(self, binary: Any, _: Any, **kw: Any) -> str:
        left, right = self.process(binary.left, **kw), self.process(binary.right, **kw)
        if not all(isinstance(side.type, sa.Integer) for side in (binary.left, binary.right)):
            return f"floor({left} / {right})"
        # A quotient as Float64 would lose digits, and `intDiv` rounds towards zero.
        return f"(intDiv({left}, {right}) - (({left}) %% ({right}) != 0 AND (({left}) < 0) != (({right}) < 0)))"

    def visit_try_cast(self, cast: Any, **kw: Any) -> str:
        type_ = self._text(self.dialect.type_compiler_instance.process(cast.typeclause.type))
        return f"accurateCastOrNull({self.process(cast.clause, **kw)}, {type_})"

    # -- text ------------------------------------------------------------------------------------------------------

    def _pattern(self, binary: Any, **kw: Any) -> str:
        """The pattern of a LIKE, with its escape character made the backslash that ClickHouse has."""
        pattern = str(self.process(binary.right, **kw))
        escape = binary.modifiers.get("escape")
        if escape is None or escape == "\\":
            return pattern
        steps = (("\\", "\\\\"), (escape * 2, "\1"), (f"{escape}%", "\\%"), (f"{escape}_", "\\_"), ("\1", escape))
        for old, new in steps:
            pattern = f"replaceAll({pattern}, {self._text(old)}, {self._text(new)})"
        return pattern

    def _text(self, value: str) -> str:
        return str(self.render_literal_value(value, sa.String()))

    def _like(self, binary: Any, words: str, **kw: Any) -> str:
        return f"{self.process(binary.left, **kw)} {words} {self._pattern(binary, **kw)}"

    def visit_like_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._like(binary, "LIKE", **kw)

    def visit_not_like_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._like(binary, "NOT LIKE", **kw)

    def visit_ilike_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._like(binary, "ILIKE", **kw)

    def visit_not_ilike_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._like(binary, "NOT ILIKE", **kw)

    def visit_regexp_match_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        string, pattern = self.process(binary.left, **kw), self.process(binary.right, **kw)
        flags = binary.modifiers.get("flags")
        if flags:
            if not set(flags) <= _FLAGS:
                raise exc.CompileError(f"regexp_match() takes the flags i, m, s and U on ClickHouse, not {flags!r}.")
            pattern = f"concat('(?{flags})', {pattern})"
        return f"match({string}, {pattern})"

    def visit_collation(self, element: Any, **kw: Any) -> str:
        return self._text(element.collation)

    def visit_desc_op_unary_modifier(self, unary: Any, _: Any, **kw: Any) -> str:
        return self._ordered(unary.element, "DESC", **kw)

    def visit_asc_op_unary_modifier(self, unary: Any, _: Any, **kw: Any) -> str:
        return self._ordered(unary.element, "ASC", **kw)

    def visit_nulls_first_op_unary_modifier(self, unary: Any, _: Any, **kw: Any) -> str:
        return self._ordered(unary.element, "NULLS FIRST", **kw)

    def visit_nulls_last_op_unary_modifier(self, unary: Any, _: Any, **kw: Any) -> str:
        return self._ordered(unary.element, "NULLS LAST", **kw)

    def _ordered(self, element: Any, words: str, **kw: Any) -> str:
        # ClickHouse has the collation behind the direction.
        if isinstance(element, elements.CollationClause | elements.BinaryExpression) and (
            getattr(element, "operator", None) is operators.collate
        ):
            return f"{self.process(element.left, **kw)} {words} COLLATE {self.process(element.right, **kw)}"
        text = str(self.process(element, **kw))
        before, collate, name = text.rpartition(" COLLATE ")
        if collate and isinstance(element, elements.UnaryExpression):
            return f"{before} {words} COLLATE {name}"
        return f"{text} {words}"

    # -- conditions ------------------------------------------------------------------------------------------------

    def visit_is_not_distinct_from_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        # Not clickhouse-sqlalchemy's `hasAny`, to which NULL is the default value of the other side's type.
        return f"has([{self.process(binary.left, **kw)}], {self.process(binary.right, **kw)})"

    def visit_is__binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        if isinstance(binary.right, elements.Null):
            return f"{self.process(binary.left, **kw)} IS NULL"
        return self.visit_is_not_distinct_from_binary(binary, operator, **kw)

    def visit_is_not_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        if isinstance(binary.right, elements.Null):
            return f"{self.process(binary.left, **kw)} IS NOT NULL"
        return str(self.visit_is_distinct_from_binary(binary, operator, **kw))

    def visit_between_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        if binary.modifiers.get("symmetric", False):
            raise exc.CompileError(
                "ClickHouse has no BETWEEN SYMMETRIC; write between(func.least(a, b), func.greatest(a, b))."
            )
        return str(super().visit_between_op_binary(binary, operator, **kw))

    def visit_binary(self, binary: Any, override_operator: Any = None, **kw: Any) -> str:
        side = binary.right
        if isinstance(side, elements.CollectionAggregate) and not _is_query(side.element):
            return self._any_or_all(binary, side, **kw)
        return str(super().visit_binary(binary, override_operator=override_operator, **kw))

    def _any_or_all(self, binary: Any, side: Any, **kw: Any) -> str:
        """`x = ANY (array)`: ClickHouse has ANY and ALL for subqueries only."""
        element: Any = literal_column("array_element", binary.left.type)
        sign: Any = elements.BinaryExpression(binary.left, element, binary.operator)
        every = side.operator is operators.all_op
        name = "arrayAll" if every else "arrayExists"
        array = self.process(getattr(side.element, "element", side.element), **kw)
        return f"{name}(array_element -> {super().visit_binary(sign, **kw)}, {array})"

    # -- functions -------------------------------------------------------------------------------------------------

    def visit_extract(self, extract: Any, **kw: Any) -> str:
        field = extract.field.lower()
        column = self.process(extract.expr, **kw)
        zone: Any = getattr(extract.expr.type, "timezone", None)
        if isinstance(extract.expr.type, sa.DateTime) and not isinstance(zone, str):
            # A time without zone is UTC, whatever the zone of the server.
            column = f"toTimeZone({column}, 'UTC')"
        if isinstance(extract.expr.type, sa.Interval):
            if field == "epoch":
                return f"toFloat64({column})"
            raise exc.CompileError(f"extract() takes 'epoch' of an interval on ClickHouse, not {extract.field!r}.")
        if field not in _FIELDS:
            raise exc.CompileError(
                f"extract() has no field {extract.field!r} on ClickHouse; it has {', '.join(sorted(_FIELDS))}."
            )
        return _FIELDS[field].format(column)

    def visit_current_timestamp_func(self, fn: Any, **kw: Any) -> str:
        return "now()"

    def visit_current_date_func(self, fn: Any, **kw: Any) -> str:
        return "toDate(now('UTC'))"

    def visit_char_length_func(self, fn: Any, **kw: Any) -> str:
        return f"lengthUTF8{self.function_argspec(fn, **kw)}"

    def visit_aggregate_strings_func(self, fn: Any, **kw: Any) -> str:
        value, separator = fn.clauses
        if isinstance(getattr(value, "element", None), elements.ClauseList):
            raise exc.CompileError("aggregate_strings() has no order on ClickHouse; sort with func.arraySort.")
        return f"arrayStringConcat(groupArray({self.process(value, **kw)}), {self.process(separator, **kw)})"

    visit_localtime_func = visit_localtimestamp_func = visit_current_time_func = _refused(
        "ClickHouse has no clock of the session's zone; use func.now(), which is UTC."
    )
    visit_next_value_func = visit_sequence = _refused("ClickHouse has no sequences.")

    def visit_withingroup(self, withingroup: Any, **kw: Any) -> str:
        function = withingroup.element
        order = list(withingroup.order_by)
        if isinstance(function, functions.percentile_cont) and len(order) == 1 and _is_plain(order[0]):
            level = self._constant(function.clauses.clauses[0])
            return f"quantileExactInclusive({level})({self.process(order[0], **kw)})"
        raise exc.CompileError(
            f"ClickHouse has no WITHIN GROUP for {function.name}(); use its own functions, such as "
            "func.quantileExactLow or func.topK."
        )

    def _constant(self, element: Any) -> str:
        if isinstance(element, elements.BindParameter):
            return str(self.render_literal_value(element.effective_value, element.type))
        return str(self.process(element, literal_binds=True))

    def visit_getitem_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        if isinstance(binary.right, elements.Slice):
            raise exc.CompileError("ClickHouse has no slices of an array; use func.arraySlice(array, offset, length).")
        return f"{self.process(binary.left, **kw)}[{self.process(binary.right, **kw)}]"

    visit_json_getitem_op_binary = visit_json_path_getitem_op_binary = _refused(
        "An index into JSON does not compile for ClickHouse, whose JSON is text or a type of its own: use "
        "func.JSONExtractString(column, 'key') and the like, or literal_column('column.key')."
    )


def _is_query(element: Any) -> bool:
    element = getattr(element, "element", element)
    return bool(getattr(element, "is_selectable", False) or getattr(element, "is_select", False))


def _is_plain(element: Any) -> bool:
    return not isinstance(element, elements.UnaryExpression)
