"""`readonly = 1` without the parser guard, in a process that holds the older engine itself."""

from __future__ import annotations

from collections.abc import Mapping

from tests.guard.conftest import Store, readonly, store
from tests.guard.hostile import HOSTILE
from tests.guard.hostile.statement import Outcome
from tests.guard.test_guard import outcome

__all__ = ["readonly", "store"]

# What the engine does otherwise than the newest. `readonly` does not hold back what PARALLEL WITH joins.
_JOINED = "statements joined by PARALLEL WITH"
# Nor do these engines take a statement that begins with FROM, or an experiment's setting, as the newest does.
_BEFORE_26_9: dict[str, Outcome] = {
    _JOINED: "passes",
    "the audit log by FROM alone": "fails",
    "the audit log in a pipe": "fails",
    "data paths by FROM alone": "fails",
    "SETTINGS that open experiments": "refused",
}
DIFFERENT: Mapping[str, dict[str, Outcome]] = {
    "26.3": _BEFORE_26_9
    | {
        "a lambda that reads a file by its name": "fails",
        "another name for a function": "fails",
        "file as a function's name given to a function": "fails",
        "input()": "refused",
        # Words that it does not know.
        "the account's name, in a subquery": "fails",
        "the account's name, session_user": "fails",
    },
    "26.7": _BEFORE_26_9 | {"system.tables through IN": "passes"},
}
JOINED_TABLES = "12 tables"
# chDB 26.3 sometimes does not come back from these, which `readonly` lets through to the collections' own storage.
# Nor do any come back that nothing stops.
TRIED = [
    hostile for hostile in HOSTILE if "NAMED COLLECTION" not in hostile.sql and hostile.readonly_alone != "endless"
]


def test_readonly_alone_lets_pass_what_the_list_says(readonly: Store) -> None:
    version = ".".join(readonly.run("SELECT version()").split(".")[:2])
    found = {
        hostile.why: outcome(readonly, readonly.place(hostile.sql, f"out-readonly-{number}"))
        for number, hostile in enumerate(TRIED)
    }
    assert found == {hostile.why: hostile.readonly_alone for hostile in TRIED} | DIFFERENT[version]
    assert {name for name in readonly.changes() if not name.startswith("out-readonly")} == {JOINED_TABLES}
