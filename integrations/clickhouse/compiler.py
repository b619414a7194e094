"""The SQL compiler of both dialects: what SQLAlchemy means, in ClickHouse's words, or a CompileError.

clickhouse-sqlalchemy's compiler renders some statements as another database would read them; docs/decisions/0007 lists
what is mended here and in operators.py.
"""

from __future__ import annotations

import re
from typing import Any

from clickhouse_sqlalchemy import types as ch
from clickhouse_sqlalchemy.sql.selectable import Select as ChSelect
from sqlalchemy import exc
from sqlalchemy import types as sa
from sqlalchemy.sql import coercions, elements, roles, selectable
from sqlalchemy.sql.selectable import CompoundSelect
from sqlalchemy.sql.type_api import TypeEngine

from chimera_metrics.integrations.clickhouse.literals import literal, plain, quote_name
from chimera_metrics.integrations.clickhouse.operators import Operators
from chimera_metrics.integrations.errors import MuseError

#: What `clickhouse_sqlalchemy.select` adds to a Select, and an ORM statement must be given again.
_EXTRAS = (
    "_final_clause",
    "_sample_clause",
    "_array_join",
    "_limit_by_clause",
    "_with_cube",
    "_with_rollup",
    "_with_totals",
)
_ALL = (
    "ClickHouse's {0} ALL is no difference or section of multisets: it asks only whether a row is in both. Use {1}()."
)


class Compiler(Operators):
    """Statements. Expressions are in `Operators`."""

    compound_keywords = Operators.compound_keywords | {
        selectable._CompoundSelectKeyword.UNION: "UNION DISTINCT",
        selectable._CompoundSelectKeyword.EXCEPT: "EXCEPT DISTINCT",
        selectable._CompoundSelectKeyword.INTERSECT: "INTERSECT DISTINCT",
    }

    #: The row of parameters that was left out of an INSERT's text.
    row_template = ""
    #: The table of the UPDATE that is being written.
    _changed: Any = None

    # -- SELECT ----------------------------------------------------------------------------------------------------

    def visit_select(self, select_stmt: Any, **kw: Any) -> str:
        # A mutation names its own table's columns bare; inside a subquery that could mean another table's.
        kw.pop("include_table", None)
        return str(super().visit_select(select_stmt, **kw))

    def visit_compound_select(
        self, cs: CompoundSelect[Any], asfrom: bool = False, compound_index: int | None = None, **kw: Any
    ) -> str:
        keyword = cs.keyword.name
        if keyword in ("EXCEPT_ALL", "INTERSECT_ALL"):
            word = keyword.removesuffix("_ALL")
            raise exc.CompileError(_ALL.format(word, word.lower() + ("_" if word == "EXCEPT" else "")))
        ordered = bool(cs._order_by_clauses or cs._group_by_clauses or cs._has_row_limiting_clause)
        if not ordered:
            return str(super().visit_compound_select(cs, asfrom=asfrom, compound_index=compound_index, **kw))
        return self._ordered_compound(cs, asfrom, compound_index, **kw)

    def _ordered_compound(self, cs: CompoundSelect[Any], asfrom: bool, compound_index: int | None, **kw: Any) -> str:
        """ClickHouse would give the order and the limit to the last SELECT alone."""
        clauses: list[str] = []
        group_by, order_by, limit = self.group_by_clause, self.order_by_clause, self._row_limit_clause

        def keep(render: Any) -> Any:
            def rendered(select: Any, **words: Any) -> str:
                text = str(render(select, **words))
                if select is not cs:
                    return text
                clauses.append(text)
                return ""

            return rendered

        own = {"group_by_clause": group_by, "order_by_clause": order_by, "_row_limit_clause": limit}
        before = {name: self.__dict__.get(name) for name in own}
        self.__dict__.update({name: keep(render) for name, render in own.items()})
        try:
            inner = str(super().visit_compound_select(cs, asfrom=asfrom, compound_index=compound_index, **kw))
        finally:
            for name, render in before.items():
                if render is None:
                    del self.__dict__[name]
                else:
                    self.__dict__[name] = render
        return f"SELECT * FROM ({inner}) AS compound{''.join(clauses)}"

    def _compose_select_body(
        self, text: str, select: Any, compile_state: Any, inner_columns: Any, froms: Any, *rest: Any
    ) -> str:
        asked = getattr(compile_state, "select_statement", None)
        if isinstance(asked, ChSelect) and asked is not select:
            self._carry(asked, select)
        if select._fetch_clause is not None and (select._fetch_clause_options or {}).get("percent"):
            raise exc.CompileError("ClickHouse has no FETCH in percent; give a number of rows.")
        final = getattr(select, "_final_clause", None) is not None
        if final or getattr(select, "_sample_clause", None) is not None:
            if len(froms) != 1 or isinstance(froms[0], selectable.Join):
                raise exc.CompileError(
                    "final() and sample() are about one table: put them into a subquery, and join that. The setting "
                    "final = 1 is about all tables of a statement."
                )
            self.stack[-1]["final"] = final
        return str(super()._compose_select_body(text, select, compile_state, inner_columns, froms, *rest))

    def final_clause(self) -> str:
        """FINAL, once, behind the table and before whatever comes next."""
        return str(super().final_clause()) if self.stack[-1].pop("final", False) else ""

    def sample_clause(self, select: Any, **kw: Any) -> str:
        return f"{self.final_clause()}{super().sample_clause(select, **kw)}"

    def visit_array_join(self, array_join: Any, **kw: Any) -> str:
        return f"{self.final_clause()}{super().visit_array_join(array_join, **kw)}"

    def visit_left_array_join(self, array_join: Any, **kw: Any) -> str:
        return f"{self.final_clause()}{super().visit_left_array_join(array_join, **kw)}"

    def _carry(self, asked: ChSelect, select: Any) -> None:
        """The ORM makes a Select of its own, in which ClickHouse's clauses are missing."""
        for name in _EXTRAS:
            value = getattr(asked, name, None)
            if value is not None and value is not False:
                setattr(select, name, value)

    def limit_clause(self, select: Any, **kw: Any) -> str:
        limit, offset = select._limit_clause, select._offset_clause
        if limit is None and offset is not None:
            return f" \n OFFSET {self.process(offset, **kw)}"
        return str(super().limit_clause(select, **kw))

    def fetch_clause(self, select: Any, fetch_clause: Any = None, **kw: Any) -> str:
        offset = select._offset_clause
        skipped = f"{self.process(offset, **kw)}, " if offset is not None else ""
        ties = " WITH TIES" if (select._fetch_clause_options or {}).get("with_ties") else ""
        return f" \n LIMIT {skipped}{self.process(select._fetch_clause, **kw)}{ties}"

    def for_update_clause(self, select: Any, **kw: Any) -> str:
        raise exc.CompileError("ClickHouse locks no rows, so with_for_update() would promise what does not hold.")

    # -- FROM ------------------------------------------------------------------------------------------------------

    def visit_lateral(self, lateral_: Any, **kw: Any) -> str:
        raise exc.CompileError("ClickHouse has no LATERAL; use array_join(), a window function or LIMIT BY.")

    def visit_tablesample(self, tablesample: Any, asfrom: bool = False, **kw: Any) -> str:
        method = tablesample._get_method()
        if tablesample.seed is not None or method.name != "system":
            raise exc.CompileError("ClickHouse samples by a table's own key: tablesample(table, percent) without seed.")
        share = self.process(method.clauses.clauses[0], **kw)
        return f"{self.visit_alias(tablesample, asfrom=True, **kw)} SAMPLE {share} / 100"

    def visit_values(self, element: Any, asfrom: bool = False, from_linter: Any = None, **kw: Any) -> str:
        if element._is_lateral:
            raise exc.CompileError("ClickHouse has no LATERAL VALUES.")
        table = self._render_values(element, **kw)
        name = element.name
        if isinstance(name, elements._truncated_label):
            name = self._truncated_identifier("values", name)
        visiting = kw.get("visiting_cte")
        if visiting is not None and visiting.element is element:
            return f"SELECT * FROM {table}"
        if not asfrom:
            return table
        if from_linter:
            from_linter.froms[element._de_clone()] = name or "(unnamed VALUES element)"
        return table if element._unnamed else f"{table} AS {self.preparer.quote(name)}"

    def visit_scalar_values(self, element: Any, **kw: Any) -> str:
        return f"(SELECT * FROM {self._render_values(element, **kw)})"

    def _render_values(self, element: Any, **kw: Any) -> str:
        """ClickHouse's table function `values`, whose columns are named and typed."""
        kw["literal_binds"] = True
        kw.pop("visiting_cte", None)
        rows = [row for chunk in element._data for row in chunk]
        types = [sa.to_instance(type_) for type_ in element._column_types]
        described = []
        for index, (column, type_) in enumerate(zip(element._column_args, types, strict=True)):
            name = self.dialect.type_compiler_instance.process(type_)
            if any(row[index] is None for row in rows) and not _holds_null(type_):
                name = f"Nullable({name})"
            described.append(f"{quote_name(column.name)} {name}")
        values = ", ".join(
            "("
            + ", ".join(
                self.process(coercions.expect(roles.ExpressionElementRole, value, type_=type_), **kw)
                for value, type_ in zip(row, types, strict=True)
            )
            + ")"
            for row in rows
        )
        return f"values({self.render_literal_value(', '.join(described), sa.String())}, {values})"

    def visit_cte(self, cte: Any, *args: Any, **kw: Any) -> str | None:
        text: str | None = super().visit_cte(cte, *args, **kw)
        known: dict[Any, str] = self.ctes or {}
        if (cte.recursive or cte.element.name_cte_columns) and cte in known:
            # The names stand in the first SELECT as well; a list of them is younger than the oldest version.
            known[cte] = re.sub(r"\([^()]*\)(?= AS \n?\()", "", known[cte], count=1)
        return text

    # -- INSERT, UPDATE, DELETE ------------------------------------------------------------------------------------

    def visit_insert(self, insert_stmt: Any, visited_bindparam: Any = None, **kw: Any) -> str:
        if insert_stmt._returning:
            raise exc.CompileError("ClickHouse has no RETURNING: an insert answers how many rows it stored.")
        text = str(super().visit_insert(insert_stmt, visited_bindparam=visited_bindparam, **kw))
        if (
            kw.get("literal_binds")
            or insert_stmt._values
            or insert_stmt._multi_values
            or insert_stmt.select is not None
        ):
            return text
        # The values do not travel in the text.
        start = text.lower().rfind("values (")
        if start == -1:
            return text
        self.row_template = text[start + len("values") :]
        return text[: start + len("values")]

    def visit_update(self, update_stmt: Any, **kw: Any) -> str:
        self._check_mutation(update_stmt, "UPDATE", **kw)
        self._changed = update_stmt.table
        try:
            return str(super().visit_update(update_stmt, **kw))
        finally:
            self._changed = None

    def visit_column(self, column: Any, *args: Any, **kw: Any) -> str:
        """A column; in the UPDATE of its table by its name alone, because older versions know no other there."""
        if self._changed is not None and column.table is self._changed:
            kw["include_table"] = False
        return str(super().visit_column(column, *args, **kw))

    def visit_delete(self, delete_stmt: Any, **kw: Any) -> str:
        self._check_mutation(delete_stmt, "DELETE", **kw)
        return str(super().visit_delete(delete_stmt, **kw))

    def _check_mutation(self, statement: Any, word: str, **kw: Any) -> None:
        if statement._returning:
            raise exc.CompileError(f"ClickHouse has no RETURNING after {word}.")
        state = statement._compile_state_factory(statement, self, **kw)
        if getattr(state, "_extra_froms", None):
            raise exc.CompileError(
                f"ALTER TABLE … {word} has one table; compare with a subquery, such as column.in_(select(…))."
            )

    # -- literals --------------------------------------------------------------------------------------------------

    def render_literal_value(self, value: Any, type_: TypeEngine[Any]) -> str:
        """A literal of the value that a parameter would carry; in a text, backslashes are doubled."""
        if value is None and not type_.should_evaluate_none:
            return "NULL"
        try:
            return self._rendered(value, type_)
        except MuseError as error:
            raise exc.CompileError(str(error)) from None

    def _rendered(self, value: Any, type_: TypeEngine[Any]) -> str:
        value = plain(value)
        if isinstance(type_, sa.TypeDecorator) and not isinstance(type_, sa.Interval):
            if type_._has_literal_processor:
                value, type_ = type_.process_literal_param(value, self.dialect), type_.impl_instance
            else:
                value, type_ = type_.process_bind_param(value, self.dialect), type_.impl_instance
            return self._rendered(value, type_)
        process = type_.dialect_impl(self.dialect).bind_processor(self.dialect)
        if process is not None:
            value = process(value)
        return self._text_literal(value) if type(value) is str else _doubled(self._other(value, type_))

    def _other(self, value: Any, type_: TypeEngine[Any]) -> str:
        if isinstance(value, list | tuple) and not isinstance(type_, sa.TupleType):
            inner = getattr(type_, "item_type_impl", getattr(type_, "item_type", sa.NULLTYPE))
            if isinstance(inner, TypeEngine) and not isinstance(inner, sa.NullType):
                return literal([_processed(item, inner, self.dialect) for item in value])
        return literal(value)

    def _text_literal(self, value: str) -> str:
        text = value.replace("\\", "\\\\").replace("'", "''").replace("\0", "\\0")
        return "'" + (_doubled(text) if self.preparer._double_percents else text) + "'"


def _doubled(text: str) -> str:
    return text.replace("%", "%%")


def _processed(item: Any, type_: TypeEngine[Any], dialect: Any) -> Any:
    process = type_.dialect_impl(dialect).bind_processor(dialect)
    return item if process is None or item is None else process(item)


def _holds_null(type_: TypeEngine[Any]) -> bool:
    nested = getattr(type_, "nested_type", None)
    return isinstance(type_, ch.Nullable | ch.Map | ch.Array | ch.Tuple) or isinstance(nested, ch.Nullable)
