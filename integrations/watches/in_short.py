"""The line on watches in `muse status`."""

from __future__ import annotations

from chimera_metrics.integrations.clickhouse.executor import Executor
from chimera_metrics.integrations.errors import SchemaMismatch, StatementFailed
from chimera_metrics.integrations.questions.freshness import check

_FIGURES = (
    "SELECT (SELECT count() FROM watches FINAL WHERE removed = 0), (SELECT count() FROM watch_alarms FINAL "
    "WHERE isNull(cleared_at) AND isNull(acknowledged_at)), (SELECT uniqExact(subject) FROM watch_turns "
    "WHERE work = 'webhook' AND state = 'queued' AND subject NOT IN "
    "(SELECT subject FROM watch_turns WHERE work = 'webhook' AND state IN ('done', 'given_up')))"
)


def figures(executor: Executor) -> dict[str, int]:
    """How many watches are set, alarms are open, and webhooks wait."""
    [row] = executor.read(_FIGURES).rows
    return dict(zip(("watches", "open_alarms", "webhooks_waiting"), map(int, row), strict=True))


def watches_in_short(executor: Executor) -> dict[str, str]:
    """The check `watches`: a warning where an alarm is open or a webhook waits."""
    try:
        found = figures(executor)
    except (SchemaMismatch, StatementFailed):
        return check("watches", "warning", "not known", "Run `muse upgrade`: the store has no tables of watches yet.")
    alarms, waiting = found["open_alarms"], found["webhooks_waiting"]
    said = f"{found['watches']} set, {alarms} alarm{'s' * (alarms != 1)} open"
    advice = "`muse watch list` shows them; `muse watch acknowledge ID` says that one was seen." if alarms else ""
    if waiting:
        said += f", {waiting} webhook{'s' * (waiting != 1)} waiting"
        advice = advice or "Webhooks are tried again for 3 days; the log says why they failed."
    return check("watches", "warning" if alarms or waiting else "ok", said, advice)
