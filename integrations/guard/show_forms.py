"""SHOW, DESCRIBE and EXISTS, for most of which the engine gives no tree.

Their canonical forms are so simple that one pattern over the whole text is enough.
"""

import re

from chimera_metrics.integrations.guard.findings import Findings
from chimera_metrics.integrations.guard.nodes import EMPTY_SCOPE, Kind
from chimera_metrics.integrations.guard.refusals import (
    PART_REFUSALS,
    StatementRefused,
    not_a_read,
    other_database,
    other_table_function,
)
from chimera_metrics.integrations.guard.rules import Rules
from chimera_metrics.integrations.guard.tables import check_table
from chimera_metrics.integrations.guard.verdicts import Verdict, verdict_on

_NAME = r"(?:`[\w$ .-]+`|[A-Za-z_]\w*)"
_TEXT = r"'(?:[^'\\]|\\.)*'"
_TABLE = rf"(?:(?P<database>{_NAME})\.)?(?P<table>{_NAME})"
_LIKE = rf"(?: (?:NOT )?I?LIKE {_TEXT})?"
_FROM = rf"(?P<table>{_NAME})(?: FROM (?P<database>{_NAME}))?"
_FORMS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("describe", re.compile(rf"DESCRIBE TABLE {_TABLE}")),
    ("show", re.compile(rf"SHOW CREATE (?:TABLE|VIEW) {_TABLE}")),
    ("show", re.compile(rf"EXISTS (?:TABLE|VIEW) {_TABLE}")),
    ("show", re.compile(rf"SHOW (?:EXTENDED )?(?:FULL )?COLUMNS FROM {_FROM}{_LIKE}(?: LIMIT \d+)?")),
    ("show", re.compile(rf"SHOW (?:EXTENDED )?INDEXES FROM {_FROM}")),
    ("show", re.compile(rf"SHOW (?:FULL )?TABLES(?: FROM (?P<database>{_NAME}))?{_LIKE}(?: LIMIT \d+)?")),
    ("show", re.compile(rf"SHOW DATABASES{_LIKE}(?: LIMIT \d+)?")),
)
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`", re.DOTALL)
_INNERMOST = re.compile(r"\([^()]*\)")
_HEAD = re.compile(r"(DESCRIBE|EXISTS|SHOW) (?:EXTENDED |FULL )*((?:CREATE )?(?:TEMPORARY )?\w+)")
# How to write the forms that may run. Where the head is one of these, a part behind it is at fault.
_USAGE = {
    "DESCRIBE": "write DESCRIBE and the table's name, or DESCRIBE (SELECT …).",
    "EXISTS TABLE": "write EXISTS TABLE and the table's name.",
    "EXISTS VIEW": "write EXISTS VIEW and the view's name.",
    "SHOW CREATE TABLE": "write SHOW CREATE TABLE and the table's name.",
    "SHOW CREATE VIEW": "write SHOW CREATE VIEW and the view's name.",
    "SHOW COLUMNS": "write SHOW COLUMNS FROM, the table's name and LIKE '…'.",
    "SHOW INDEXES": "write SHOW INDEXES FROM and the table's name.",
    "SHOW TABLES": "write SHOW TABLES LIKE '…'.",
    "SHOW DATABASES": "write SHOW DATABASES LIKE '…'.",
}
_INSTEAD = {
    "SHOW FUNCTIONS": "write SELECT name FROM system.functions.",
    "SHOW": "SHOW TABLES, DATABASES, COLUMNS FROM, INDEXES FROM and CREATE TABLE may.",
    "EXISTS": "EXISTS TABLE may, and SHOW DATABASES lists databases.",
}
_INSTEAD_OF_WHERE = {
    "SHOW TABLES": "write LIKE '…', or select from system.tables with a WHERE.",
    "SHOW COLUMNS": "write LIKE '…', or select from system.columns with a WHERE.",
    "SHOW DATABASES": "write LIKE '…'.",
}


def check_show_form(text: str, rules: Rules) -> Verdict:
    """text: a statement in canonical form that is no SELECT."""
    found = next(((kind, match) for kind, pattern in _FORMS if (match := pattern.fullmatch(text))), None)
    if found is None:
        raise StatementRefused(_what_does_not_fit(text, rules))
    kind, names = found[0], found[1].groupdict()
    database, table = ((names.get(part) or "").strip("`") for part in ("database", "table"))
    findings = Findings()
    if table:
        check_table([database, table] if database else [table], EMPTY_SCOPE, rules, findings)
    elif database and database != rules.database:
        raise StatementRefused(other_database(database, rules))
    return verdict_on(text, kind, findings)


def _what_does_not_fit(text: str, rules: Rules) -> str:
    """The part of a SHOW, DESCRIBE or EXISTS that may not be there."""
    head = _HEAD.match(text)
    if head is None:
        return not_a_read(" ".join(text.split()[:2]))
    name = f"{head[1]} {head[2]}"
    if name == "DESCRIBE TABLE":
        name = "DESCRIBE"
    function = re.match(r" (\w+)\(", text[head.end() :]) if name == "DESCRIBE" else None
    if function and function[1].lower() not in rules.table_functions:
        return other_table_function(function[1], rules)
    words = _words_outside(text[head.end() :])
    if "OUTFILE" in words:
        return PART_REFUSALS["out_file"]
    if "FORMAT" in words:
        return PART_REFUSALS["format_ast"]
    if function:
        return f"DESCRIBE takes a table or a query here; write DESCRIBE (SELECT * FROM {function[1]}(…))."
    if name not in _USAGE:
        return f"{name} may not run here; {_INSTEAD.get(name) or _INSTEAD[head[1]]}"
    if "SETTINGS" in words:
        return f"{name} takes no SETTINGS here; leave them out."
    if "WHERE" in words:
        return f"{name} takes no WHERE here; {_INSTEAD_OF_WHERE.get(name, 'leave it out.')}"
    if "LIMIT" in words:
        return f"{name} takes only a plain number after LIMIT here; write one, such as LIMIT 10."
    return f"Only a plain form of {name} may run here; {_USAGE[name]}"


def _words_outside(text: str) -> list[str]:
    """The words that stand neither in quotes nor in brackets."""
    rest = _QUOTED.sub("''", text)
    while (flat := _INNERMOST.sub(" ", rest)) != rest:
        rest = flat
    return rest.split()
