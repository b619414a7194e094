"""`muse retention show | set | apply`."""

from __future__ import annotations

from chimera_metrics.apps.tables import print_json, print_table, say
from chimera_metrics.integrations import config
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.operations import retention
from chimera_metrics.integrations.operations.health import size
from chimera_metrics.integrations.operations.retention import KeepRule, Plan


def _client() -> ClickHouseClient:
    settings = config.load()
    return ClickHouseClient(settings.clickhouse, settings.muse)


def show(as_json: bool) -> int:
    """Every table's rule, and what `apply` would remove."""
    with _client() as client:
        plans = retention.plan(client)
    _print(plans, as_json)
    return 0


def set_rule(table: str, keep_days: int | None, as_json: bool) -> int:
    """Writes a rule down."""
    with _client() as client:
        rule = retention.set_rule(client, table, keep_days)
    if as_json:
        print_json({"table": rule.table, "keep_days": rule.keep_days, "set_by": rule.set_by})
    else:
        kept = "keeps all its days" if rule.keep_days is None else f"keeps {rule.keep_days} whole days and today"
        say(f"{rule.table} {kept}. Nothing is removed yet: `muse retention apply` shows what would go.")
    return 0


def apply(yes: bool, as_json: bool) -> int:
    """Shows what would go; with `yes` removes it."""
    with _client() as client:
        plans = retention.plan(client)
        if yes:
            retention.apply(client, plans)
    _print(plans, as_json, removed=yes)
    if not as_json:
        say(_conclusion(plans, yes))
    return 0


def _conclusion(plans: list[Plan], yes: bool) -> str:
    rows, amount = sum(plan.rows for plan in plans), size(sum(plan.bytes for plan in plans))
    if not any(plan.partitions for plan in plans):
        return "Nothing is older than the rules keep."
    removed = f"{rows:,} rows{_last_copies(plans)}, {amount}"
    if yes:
        return f"Removed {removed}."
    return f"Would remove {removed}. This was a dry run: `muse retention apply --yes` removes them."


def _last_copies(plans: list[Plan]) -> str:
    """What goes of rollups alone must be said: no row is left that could tell of it."""
    return "".join(
        f" and {len(plan.last_copies):,} days of {plan.last_copies[0].table}, the last copy of rows that are gone "
        "already"
        for plan in plans
        if plan.last_copies
    )


def _print(plans: list[Plan], as_json: bool, removed: bool = False) -> None:
    if as_json:
        print_json([_as_dict(plan, removed) for plan in plans])
        return
    print_table(
        ("table", "keeps", "set by", "rows", "goes before", "partitions", "rows to go", "bytes to go"),
        [
            (
                plan.rule.table,
                _keeps(plan.rule),
                plan.rule.set_by or "default",
                plan.stands,
                plan.before,
                len(plan.partitions),
                plan.rows,
                size(plan.bytes),
            )
            for plan in plans
        ],
        right=("rows", "partitions", "rows to go", "bytes to go"),
    )


def _keeps(rule: KeepRule) -> str:
    return "all" if rule.keep_days is None else f"{rule.keep_days} days"


def _as_dict(plan: Plan, removed: bool) -> dict[str, object]:
    return {
        "table": plan.rule.table,
        "keep_days": plan.rule.keep_days,
        "set_by": plan.rule.set_by or "default",
        "rows": plan.stands,
        "before": plan.before,
        "partitions": [f"{part.table} {part.id}" for part in plan.partitions],
        "rows_to_go": plan.rows,
        "bytes_to_go": plan.bytes,
        "removed": removed,
    }
