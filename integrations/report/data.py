"""What is stored, and whether the store is well."""

from __future__ import annotations

from chimera_metrics.integrations.report.parts import Ask, Cell, Link, Planned, Section, Table
from chimera_metrics.integrations.report.scope import Scope
from chimera_metrics.integrations.report.words import day

# Others name folders, hosts and accounts, which are the operator's to know.
_SHOWN = ("version", "schema", "hearts freshness", "packs freshness", "watcher", "parts", "dedup window", "time zone")


def data(_: Scope) -> list[Planned]:
    return [Planned("Tables", _tables), Planned("Health", _health)]


def _tables(ask: Ask) -> Section:
    answer = ask("describe")
    rows: list[list[Cell]] = [
        [
            Link(one["name"], "rows", {"table": one["name"]}),
            one["meaning"],
            f"{one['rows']:,}",
            day(one["oldest"] or "–"),
            day(one["newest"] or "–"),
        ]
        for one in answer["tables"]
    ]
    notes = [answer["note"]] if answer.get("note") else []
    return Section(
        "Tables", tables=[Table("Tables", ["table", "what it holds", "rows", "oldest", "newest"], rows, 2)], notes=notes
    )


def _health(ask: Ask) -> Section:
    found = [one for one in ask("health")["checks"] if one["name"] in _SHOWN]
    rows: list[list[Cell]] = [[one["name"], one["level"], one["figure"], one["advice"]] for one in found]
    bad = [one["name"] for one in found if one["level"] != "ok"]
    said = f"To look at: {', '.join(bad)}." if bad else "All checks hold."
    return Section("Health", [said], tables=[Table("Checks", ["check", "level", "what was found", "what to do"], rows)])
