"""A summary as tools answer it: the same fields, what matters first, and no more rows than there is room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chimera_metrics.integrations.questions.figures import figure
from chimera_metrics.integrations.results import PerformanceResult, as_json, lean

ROOM = 2_000
"""Bytes of a summary that is to be read at a glance."""
_DIGITS = 4
_LISTS = ("comparisons", "llm", "ui", "groups")
_OF_A_REGRESSION = ("measure", "before", "after", "change_pct", "p_adjusted", "commit_sha")


def brief(result: PerformanceResult) -> PerformanceResult:
    """A performance summary of at most 2,000 bytes as JSON where its regressions leave room; a note tells the rest.

    Groups that ran stand with their means and what is known of their changes; regressed ones are never left out.
    """
    ran = [one for one in result["groups"] if one["runs"] or one["regressions"]]
    lists = {"groups": list(map(_group, ran)), **{name: list(map(_rounded, result[name])) for name in _LISTS[:3]}}
    least = {"groups": max(1, sum(1 for one in ran if one["regressions"])), **dict.fromkeys(_LISTS[:3], 1)}
    shown = {name: rows[: least[name]] for name, rows in lists.items()}
    found, longer = _with(result, ran, shown), True
    while longer:
        longer = False
        for name in _LISTS:
            wider = {**shown, name: lists[name][: len(shown[name]) + 1]}
            tried = _with(result, ran, wider)
            if len(wider[name]) > len(shown[name]) and len(as_json(lean(tried))) <= ROOM:
                shown, found, longer = wider, tried, True
    return found


def _with(result: PerformanceResult, ran: Sequence[Any], shown: Mapping[str, Sequence[Any]]) -> PerformanceResult:
    notes = [*result["notes"], *_unjudged(ran), *_left_out(result, shown)]
    found = PerformanceResult.of({**result, **shown, "notes": notes})
    found.images = result.images
    return found


def _group(one: Mapping[str, Any]) -> dict[str, Any]:
    found = _rounded({name: value for name, value in one.items() if name != "reason"})
    found["change_pct"] = {name: value for name, value in one["change_pct"].items() if value is not None}
    found["regressions"] = list(map(_regression, one["regressions"]))
    return found


def _regression(one: Mapping[str, Any]) -> dict[str, Any]:
    """Since when, where no commit says it."""
    found = _rounded({name: one[name] for name in _OF_A_REGRESSION})
    return found if one["commit_sha"] else {**found, "since": one["since"]}


def _rounded(one: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers to four digits; sums of money whole."""
    return {
        name: figure(value, _DIGITS) if isinstance(value, float) and name != "cost_usd" else value
        for name, value in one.items()
    }


def _unjudged(groups: Sequence[Mapping[str, Any]]) -> list[str]:
    texts = [one["reason"]["text"] for one in groups if one["reason"] is not None]
    if not texts:
        return []
    have = "has" if len(texts) == 1 else "have"
    return [f"{len(texts)} of {len(groups)} groups {have} too few runs to be judged."]


def _left_out(result: PerformanceResult, shown: Mapping[str, Sequence[Any]]) -> list[str]:
    cut = [
        f"{len(rows)} of {len(result[name])} {name}" for name, rows in shown.items() if len(rows) < len(result[name])
    ]
    return [f"Shown: {', '.join(cut)}; name a model or a dataset to see others."] if cut else []
