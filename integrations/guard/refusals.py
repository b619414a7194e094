"""The guard's refusals: the exception, and the sentences that a reader gets."""

import re
from collections.abc import Collection

from chimera_metrics.errors import MuseError
from chimera_metrics.integrations.guard.functions import WHY_LEFT_OUT, spellings
from chimera_metrics.integrations.guard.other_databases import instead_of_place
from chimera_metrics.integrations.guard.other_functions import instead_of_function
from chimera_metrics.integrations.guard.rules import Rules
from chimera_metrics.suggestions import did_you_mean

# A part of a node that may not be there, where a sentence of its own helps more than the part's name.
PART_REFUSALS = {
    "out_file": "INTO OUTFILE writes files, which may not happen here; leave it out, the rows come back as the answer.",
    "format_ast": "The format of the answer is set by the tool; leave the FORMAT clause out.",
    "settings_ast": "SETTINGS after FORMAT is not read here; write it before, without FORMAT.",
    "children": "{name:Identifier} would put a name into the statement after it was judged; write the name itself.",
    "column_aliases": "A list of column names after a table's alias may not be used here; name columns with AS.",
    "group_by_with_totals": "The row of WITH TOTALS gets lost on the way; write WITH ROLLUP, whose last row it is.",
    "cte_aliases": "A list of column names after a CTE's name may not be used here; name columns with AS inside it.",
    "table_override": "EXPLAIN TABLE OVERRIDE may not run here; DESCRIBE shows a table's columns.",
}


class StatementRefused(MuseError):
    """The statement may not run; the message is one sentence for the reader, with a next step."""

    kind = "statement_refused"


def not_a_read(what: str) -> str:
    return (
        f"{what} may not run here: this is for reading, with SELECT, EXPLAIN, SHOW or DESCRIBE; "
        "to write rows use the insert tools."
    )


def other_database(name: str, rules: Rules, table: str = "") -> str:
    """table: what is asked for in it, where a table is."""
    if name.lower() == "information_schema" and (instead := instead_of_place(table)):
        return f"{name}.{table} may not be read here; {instead}"
    if name.lower() == "information_schema":
        return (
            "Of information_schema only tables and columns may be read here, in small letters or in capitals; "
            "SELECT name FROM system.functions shows what functions there are."
        )
    if table in rules.tables:
        return f"There is no database '{name}' to read here; write {table} alone."
    if instead := instead_of_place(name):
        return f"{name} is another database's; {instead}"
    return f"Database '{name}' may not be read here, only {rules.database}; SHOW TABLES lists its tables."


def other_table_function(name: str, rules: Rules) -> str:
    may = ", ".join(sorted(rules.table_functions))
    return f"Table function {name}() may not be used here{_why_left_out(name.lower())}; allowed are {may}."


def unknown_table(name: str, rules: Rules) -> str:
    if instead := instead_of_place(name):
        return f"There is no table '{name}' here; {instead}"
    hint = did_you_mean(name, rules.tables, letters=0.7)
    tables = ", ".join(sorted(rules.tables))
    return f"Table '{name}' is not among those that may be read.{hint} There are: {tables}."


def unknown_function(name: str, lambda_aliases: Collection[str]) -> str:
    """lambda_aliases: the names of the statement's lambdas so far, in lower case."""
    low = name.lower()
    if low in lambda_aliases:
        return (
            f"{name}() is no lambda that is known at this place; define it in WITH before it is used, write its "
            "name as it is written there, and in LIMIT or a table function write its value out."
        )
    if (instead := instead_of_function(low)) is not None:
        return f"Function {name}() is not one of ClickHouse's that may run here; write {instead}."
    reason = _why_left_out(low)
    hint = "" if reason else did_you_mean(name, spellings(), "{}()", letters=0.8, words=0.8)
    return (
        f"Function {name}() is not on the list of what may run here{reason}.{hint} Write the query without it; "
        "SELECT name FROM system.functions shows what the engine has."
    )


def spoken(kind: object) -> str:
    """A type of node as a reader would write it: SelectQuery is SELECT."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(kind)).removesuffix("Query").strip()
    return words.upper() or "This statement"


def _why_left_out(name: str) -> str:
    return f" ({WHY_LEFT_OUT[name]})" if name in WHY_LEFT_OUT else ""
