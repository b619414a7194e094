"""What a walk over a statement's tree finds, and the checks that need all of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from chimera_metrics.integrations.guard.lambdas import Lambdas
from chimera_metrics.integrations.guard.refusals import StatementRefused
from chimera_metrics.integrations.guard.rules import (
    HIDDEN_SYSTEM_COLUMNS,
    PHYSICAL_COLUMNS,
    REPLACING_TABLES,
    ROLLUPS,
    Rules,
)


@dataclass
class Findings:
    """Names and settings that one statement uses."""

    # Dictionaries of None keep the order in which names were found.
    tables: dict[str, None] = field(default_factory=dict)
    functions: dict[str, None] = field(default_factory=dict)
    settings: list[tuple[str, Any]] = field(default_factory=list)
    #: Each column as the parts of its name.
    columns: set[tuple[str, ...]] = field(default_factory=set)
    #: Whether a star, or COLUMNS(), may stand for any column.
    star: bool = False
    aliases: set[str] = field(default_factory=set)
    lambdas: Lambdas = field(default_factory=Lambdas)
    #: The functions called, in lower case.
    called: set[str] = field(default_factory=set)
    #: Aliases of names, names behind IN or in a function's place, and names behind FROM: the engine may follow an
    #: alias, so that WITH audit_log AS y SELECT 1 IN y reads the table.
    name_aliases: set[str] = field(default_factory=set)
    name_aliases_of_with: set[str] = field(default_factory=set)
    table_or_function_names: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    #: The system tables of which only some columns may be read, with these columns.
    partly_readable: dict[str, frozenset[str]] = field(default_factory=dict)

    #: Whether it makes states of aggregates; how often it names a column of states other than to finish them.
    makes_states: bool = False
    loose_states: int = 0
    #: The clause that brings values of one query or row into another one's type.
    casts: str = ""

    def check(self, rules: Rules) -> None:
        """Refuses what can only be seen on the statement as a whole."""
        self._check_system_columns()
        self._check_physical_columns()
        self._check_states()
        self._check_borrowed_names(rules)
        self.lambdas.check_expansion()

    def _check_system_columns(self) -> None:
        """Of some system tables only the listed columns may be read; what could stand for another one is refused."""
        if not self.partly_readable:
            return
        names = " and ".join(self.partly_readable)
        readable: frozenset[str] = frozenset().union(*self.partly_readable.values())
        may = ", ".join(sorted(readable))
        if self.star:
            raise StatementRefused(f"* and COLUMNS() may not be used with {names}; name the columns: {may}.")
        known = readable | self.aliases
        tables = {part for name in self.partly_readable for part in name.split(".")}
        for column in self.columns:
            if column[-1] not in known or not known.union(tables).issuperset(column):
                raise StatementRefused(f"Column '{'.'.join(column)}' of {names} may not be read here; {may} may.")
        for alias in self.aliases & HIDDEN_SYSTEM_COLUMNS:
            raise StatementRefused(f"'{alias}' cannot be an alias in a query on {names}; choose another word.")

    def _check_physical_columns(self) -> None:
        """Nothing may choose which parts are read before it is known which of a run's rows is the newest."""
        for table in REPLACING_TABLES & self.tables.keys():
            for name in PHYSICAL_COLUMNS.intersection(chain.from_iterable(self.columns)):
                raise StatementRefused(
                    f"Column '{name}' may not be read with {table}, where it would bring replaced rows back; "
                    "leave it out, or ask by the table's own columns."
                )

    def _check_states(self) -> None:
        """UNION and INTERPOLATE cast texts to the type of a state, whose bytes the engine would trust."""
        loose = self.loose_states or self.star
        if self.casts and (self.makes_states or (loose and ROLLUPS & self.tables.keys())):
            raise StatementRefused(
                f"{self.casts} could turn a text into a state of an aggregate here; finish states within each query, "
                "with …Merge or finalizeAggregation, and name its columns without *."
            )

    def _check_borrowed_names(self, rules: Rules) -> None:
        """No alias may have the name of what is called or read: WITH x -> … AS upper, WITH audit_log AS y."""
        for sentence in self._borrowed_names():
            raise StatementRefused(sentence)
        # Nor may a column have such a name, so that the engine can never take a column's name for a table's.
        for name in self.aliases.union(*self.columns):
            check_not_hidden(name, rules)

    def _borrowed_names(self) -> Iterator[str]:
        for name in self.lambdas.aliases & self.called:
            yield f"'{name}' is an alias and a function in this query; choose another word for the alias."
        called = self.called | {name.lower() for name in self.lambdas.called}
        for name in self.lambdas.parameters:
            if self.lambdas.called and name.lower() in called:
                yield (
                    f"'{name}' is a lambda's parameter and is called as a function in this query; choose another word "
                    "for the parameter."
                )
        followed = self.name_aliases & self.table_or_function_names
        for name in followed | (self.name_aliases_of_with & self.sources):
            yield (
                f"'{name}' is an alias of another name, and stands for a table or a function in this query too; "
                "choose another word for the alias."
            )


def check_not_hidden(name: str, rules: Rules) -> None:
    if name in rules.hidden - rules.tables:
        raise StatementRefused(f"'{name}' cannot be used as a name here; choose another word.")
