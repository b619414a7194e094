"""A performance summary drawn: for each measure, every group before and now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.lines import Line2D

from chimera_metrics.integrations.charts.style import (
    BLUE,
    GREY,
    INK,
    VERMILLION,
    Form,
    head,
    new_figure,
    nothing,
    save,
    style,
)

MOST_GROUPS = 10
_MEASURES = {
    "latency_p50_ms": "p50 latency (ms)",
    "latency_p95_ms": "p95 latency (ms)",
    "latency_p99_ms": "p99 latency (ms)",
    "tokens_per_sec": "tokens per second",
    "cost_per_1k": "cost of 1,000 tokens (USD)",
    "memory_peak_mb": "peak memory (MB)",
}
Group = Mapping[str, Any]


def performance_chart(result: Mapping[str, Any], form: Form = "png") -> bytes:
    """The picture of a `get.performance_summary` result, 800 pixels wide: six small multiples, a line a group.

    The regressed groups come first; ten are drawn.
    """
    every = [group for group in result["groups"] if group["runs"]]
    shown = every[:MOST_GROUPS]
    with style():
        figure = new_figure(190 + 88 * max(2, len(shown)))
        panels = figure.subplots(2, 3, sharey=True)
        for axes, (measure, title) in zip(panels.flat, _MEASURES.items(), strict=True):
            _draw(axes, measure, title, shown)
        head(figure, *_words(result, len(shown), len(every)))
        figure.legend(handles=_legend(), loc="outside lower center", ncols=3, fontsize=9)
        return save(figure, form)


def _words(result: Mapping[str, Any], shown: int, every: int) -> tuple[str, str]:
    now, before = result["window"], result["previous_window"]
    cut = f"; {shown} of {every} groups" if every > shown else ""
    worse = [f"{one['model']} {one['quant']} {one['dataset']}" for one in result["groups"] if one["regressions"]]
    commits = dict.fromkeys(r["commit_sha"] for one in result["groups"] for r in one["regressions"] if r["commit_sha"])
    said = f"Worse: {', '.join(worse)}" if worse else "Nothing got significantly worse"
    since = f", since commit {', '.join(sha[:10] for sha in commits)}" if commits else ""
    windows = [f"{window['since'][:10]} to {window['until'][:10]}" for window in (now, before)]
    return f"Benchmarks {windows[0]} against {windows[1]}", f"{said}{since}{cut}."


def _draw(axes: Any, measure: str, title: str, shown: Sequence[Group]) -> None:
    axes.set_title(title, fontsize=9.5)
    if not shown:
        nothing(axes, "No runs.")
        return
    for place, group in enumerate(shown):
        now, change = group[measure], group["change_pct"][measure]
        worse = any(one["measure"] == measure for one in group["regressions"])
        colour = VERMILLION if worse else BLUE
        if now is None:
            continue
        if change is not None and change > -100.0:
            before = now / (1.0 + change / 100.0)
            axes.plot([before, now], [place, place], color=colour, lw=2.2, zorder=2)
            axes.plot(before, place, "o", ms=6.5, mfc="white", mec=GREY, mew=1.4, zorder=3)
            words = f"{change:+.0f} %".replace("-", "−") if abs(change) >= 0.5 else "0 %"
            axes.annotate(
                words, (now, place), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=8.5,
                color=colour if worse else INK, fontweight="bold" if worse else "normal",
            )  # fmt: skip
        axes.plot(now, place, "D" if worse else "o", ms=7.5 if worse else 6.5, color=colour, zorder=4)
    axes.set_ylim(len(shown) - 0.5, -0.7)
    axes.set_yticks(range(len(shown)), [_name(group) for group in shown], fontsize=8.5)
    axes.tick_params(axis="x", labelsize=8.5)
    axes.margins(x=0.18)
    axes.locator_params(axis="x", nbins=4)


def _name(group: Group) -> str:
    model = str(group["model"])
    short = model if len(model) <= 25 else model[:24] + "…"
    return f"{short}\n{group['quant']} · {group['dataset']}"


def _legend() -> list[Any]:
    return [
        Line2D([], [], ls="", marker="o", ms=6.5, mfc="white", mec=GREY, label="window before (mean)"),
        Line2D([], [], ls="", marker="o", ms=6.5, color=BLUE, label="this window"),
        Line2D([], [], ls="", marker="D", ms=7.5, color=VERMILLION, label="regression"),
    ]
