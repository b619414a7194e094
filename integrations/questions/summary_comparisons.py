"""What got better or worse than in the weeks before, for the two summaries: the test of `query.compare`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chimera_metrics import analytics
from chimera_metrics.analytics import Window
from chimera_metrics.analytics.questions.sides import is_whole, stretch, two_windows, whole_days
from chimera_metrics.integrations.questions.asking import Asking
from chimera_metrics.integrations.questions.compare import Compared, group_shown, judge_together
from chimera_metrics.integrations.questions.figures import figure

_DIGITS = 4


def comparisons(asking: Asking, window: Window, asked: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What is clearly better or worse, the worse first.

    window: of the summary; its whole days are compared with the same weekdays before. asked: the arguments of each
    `analytics.compare`, one a table: all metrics and groups of all of them are one family.
    Undefined when: no day of the window is whole; then there are none.
    """
    days = whole_days(window)
    if not is_whole(days):
        return []
    # What a comparison notes of its own windows and filters would be read as said of the summary.
    aside = asking.aside()
    metrics = [metric for one in asked for metric in one["metrics"]]
    sizes = aside.sizes(stretch(*two_windows(days)), metrics)
    questions = [analytics.compare(window=days, sizes=sizes, **one) for one in asked]
    judged = judge_together(aside, questions)
    clear = [(one, by) for one, by in judged if one.verdict in ("better", "worse")]
    clear.sort(key=lambda found: (found[0].verdict == "better", found[0].found.p_adjusted or 0.0))
    return [_described(one, by) for one, by in clear]


def _described(one: Compared, group_by: Sequence[str]) -> dict[str, Any]:
    return {
        "metric": one.metric.text,
        "group": group_shown(one.group, group_by),
        "change_pct": figure(one.found.change_pct, _DIGITS),
        "p_adjusted": figure(one.found.p_adjusted, _DIGITS),
        "verdict": one.verdict,
    }
