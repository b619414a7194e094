"""The rules of the seven tables, derived from the models.

A column is described once, in its model. From there come its rule here, and from the rule the row path, the
column path, the JSON schema of the insert tools and every sentence that refuses a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Column, Table

from chimera_metrics import suggestions
from chimera_metrics.analytics.tables import time_column
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.masking.searching import mask_text
from chimera_metrics.integrations.validation.column_rule import ColumnRule
from chimera_metrics.integrations.validation.rule_making import NoRule, make_rule
from chimera_metrics.models import FACT_TABLES, insertable


@dataclass(frozen=True, slots=True)
class TableRules:
    """The rules of one table, in the order of its columns."""

    table: str
    rules: tuple[ColumnRule, ...]
    set_by_store: frozenset[str]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(rule.name for rule in self.rules)

    @property
    def time(self) -> ColumnRule:
        """The column whose day decides a row's partition."""
        name = time_column(FACT_TABLES[self.table])
        return next(rule for rule in self.rules if rule.name == name)

    def unknown(self, name: object) -> str:
        """The sentence for a column that the table does not have."""
        if name in self.set_by_store:
            return f"'{name}' is set by the store; leave it out."
        shown = shown_name(name)
        return suggestions.unknown("column", shown, self.names, f"{self.table} has")

    def first_unknown(self, names: Iterable[object]) -> object:
        """The first of `names` that is no column to insert into. Call it only when there is one."""
        return next(name for name in names if name not in self.names)


def shown_name(name: object) -> str:
    """The name of a column that may be anything, a secret by mistake too, as a sentence shows it."""
    shown = mask_text(str(name)[:2_000].encode("utf-8", "backslashreplace").decode())[0]
    return shown if len(shown) <= 60 else f"{shown[:60]}…"


def known_table(name: str) -> Table:
    """The one of the seven tables that has this name. Raises InvalidInput for any other name."""
    found = FACT_TABLES.get(name, FACT_TABLES.get(str(name).lower()))
    if found is None:
        raise InvalidInput(suggestions.unknown("table", str(name), FACT_TABLES))
    return found


@cache
def rules_of(table: str) -> TableRules:
    """The rules of `table`. Raises InvalidInput for a table that is not one of the seven, or has a column without."""
    model = known_table(table)
    given = insertable(model)
    try:
        rules = tuple(make_rule(model.name, column, model) for column in given)
    except NoRule as missing:
        raise InvalidInput(str(missing)) from None
    return TableRules(table, rules, frozenset(model.columns.keys()) - {column.name for column in given})


def without_rule(tables: Iterable[Table] = ()) -> Iterator[str]:
    """A sentence for each column, of the seven tables or of `tables`, that no insert could fill."""
    for model in tables or FACT_TABLES.values():
        for column in insertable(model):
            if sentence := _missing(model, column):
                yield sentence


def _missing(model: Table, column: Column[Any]) -> str | None:
    try:
        make_rule(model.name, column, model)
    except NoRule as missing:
        return str(missing)
    return None
