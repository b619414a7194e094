"""A comparison drawn: every change in % of the first side, with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.lines import Line2D

from chimera_metrics.analytics import metric_of
from chimera_metrics.integrations.charts.shares import in_percent
from chimera_metrics.integrations.charts.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    VERMILLION,
    Form,
    head,
    new_figure,
    nothing,
    number,
    save,
    style,
)

MOST_SHOWN = 20
_LOOKS = {"worse": (VERMILLION, "D"), "better": (GREEN, "s"), "same": (BLUE, "o"), "unclear": (GREY, "o")}
_FARTHEST_PCT = 400.0
One = Mapping[str, Any]


def compare_chart(result: Mapping[str, Any], form: Form = "png") -> bytes:
    """The picture of a `query.compare` result, 800 pixels wide: a line a comparison, the first twenty."""
    every = result["comparisons"]
    shown = every[:MOST_SHOWN]
    with style():
        figure = new_figure(170 + 34 * max(2, len(shown)))
        axes = figure.subplots()
        if shown:
            _draw(axes, shown)
        else:
            nothing(axes, "No rows on either side.")
        head(figure, *_words(result, shown, every))
        figure.legend(handles=_legend(shown), loc="outside lower center", ncols=4, fontsize=9)
        return save(figure, form)


def _words(result: Mapping[str, Any], shown: Sequence[One], every: Sequence[One]) -> tuple[str, str]:
    now, before = (
        f"{one['since'][:10]} to {one['until'][:10]}" for one in (result["window"], result["baseline_window"])
    )
    sides = f"{now}, b against a" if now == before else f"{now} against {before}"
    counts = {verdict: sum(one["verdict"] == verdict for one in every) for verdict in _LOOKS}
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    cut = f"; {len(shown)} of {len(every)} are drawn" if len(every) > len(shown) else ""
    return f"Change in %: {sides}", f"{said or 'Nothing to compare'}{cut}. Bars are 95 % intervals."


def _draw(axes: Any, shown: Sequence[One]) -> None:
    for place, one in enumerate(shown):
        colour, marker = _LOOKS[one["verdict"]]
        change = one["change_pct"]
        words = _values(one)
        if change is None:
            axes.text(0.0, place, f" {words}: no change in %", va="center", fontsize=8.5, color=GREY)
            continue
        middle = _kept(change)
        if one["low"] is not None and one["high"] is not None:
            low, high = (_kept(100.0 * one[name] / abs(one["a"])) for name in ("low", "high"))
            axes.plot([low, high], [place, place], color=colour, lw=2.4, solid_capstyle="butt", zorder=2)
        axes.plot(middle, place, marker, ms=7, color=colour, zorder=3)
        if middle != change:
            words += f" ({change:+,.0f} %)".replace("-", "−")
        axes.annotate(
            words, (middle, place), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=8, color=INK
        )
    axes.axvline(0.0, color=INK, lw=1.0, zorder=1)
    axes.set_ylim(len(shown) - 0.5, -0.8)
    axes.set_yticks(range(len(shown)), [_name(one) for one in shown], fontsize=8.5)
    axes.set_xlabel("change in % of the first side")
    axes.margins(x=0.12)


def _values(one: One) -> str:
    """Both sides in the metric's unit; a dash where there is none."""
    unit = metric_of(one["metric"]).unit
    shown = in_percent({"before": one["a"], "after": one["b"], "unit": unit or ""}, unit)
    return f"{number(shown['before'])} → {number(shown['after'])} {shown['unit']}".rstrip()


def _kept(percent: float) -> float:
    """Within the picture: one tenfold change would flatten all others."""
    return max(-_FARTHEST_PCT, min(_FARTHEST_PCT, percent))


def _name(one: One) -> str:
    group = one["group"]
    words = group.values() if isinstance(group, Mapping) else [] if group is None else [group]
    text = " · ".join([str(one["metric"]), *map(str, words)])
    return text if len(text) <= 40 else text[:39] + "…"


def _legend(shown: Sequence[One]) -> list[Any]:
    verdicts = [verdict for verdict in _LOOKS if any(one["verdict"] == verdict for one in shown)]
    return [
        Line2D([], [], color=_LOOKS[verdict][0], marker=_LOOKS[verdict][1], lw=2.4, ms=7, label=verdict)
        for verdict in verdicts
    ]
