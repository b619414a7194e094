"""Odd buckets drawn: each series that has one, with what was expected there and the marks of what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.lines import Line2D

from chimera_metrics.integrations.charts.shares import in_percent
from chimera_metrics.integrations.charts.style import (
    BLUE,
    GREEN,
    VERMILLION,
    Form,
    axis_label,
    dates,
    head,
    moment,
    new_figure,
    nothing,
    number,
    save,
    style,
)

_SHOWN_POINTS = 120
"""Of each series the newest so many are drawn, so that the marks can be seen."""


def anomalies_chart(result: Mapping[str, Any], form: Form = "png") -> bytes:
    """The picture of a `query.anomalies` result with `series` [{metric, unit, group, points}], a panel each."""
    series = result["series"]
    with style():
        figure = new_figure(130 + 190 * len(series) if len(series) > 1 else 430 if series else 170)
        panels = figure.subplots(max(1, len(series)), 1, squeeze=False, sharex=True)[:, 0]
        for axes, one in zip(panels, series, strict=False):
            own = _own(result["anomalies"], one)
            _draw(axes, in_percent(one, one["unit"]), in_percent(own, one["unit"]))
        if not series:
            nothing(panels[0], f"None of {result['judged']:,} buckets is odd.")
        else:
            figure.legend(handles=_legend(), loc="outside lower center", ncols=3, fontsize=9, handlelength=1.6)
        last, by = result["last"], result["granularity"]
        head(figure, f"What was odd in the newest {by if last == 1 else f'{last} {by}s'}", _sentence(result))
        return save(figure, form)


def _own(anomalies: Sequence[Mapping[str, Any]], one: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [odd for odd in anomalies if (odd["metric"], odd["group"]) == (one["metric"], one["group"])]


def _sentence(result: Mapping[str, Any]) -> str:
    window, odd = result["window"], result["anomalies"]
    words = f"{result['judged']:,} buckets judged, {len(odd)} odd"
    if result["not_judged"]:
        words += f", {len(result['not_judged'])} series not judged"
    return f"{words}; {window['since'][:10]} to {window['until'][:10]}, {window['timezone']}"


def _draw(axes: Any, one: Mapping[str, Any], odd: Sequence[Mapping[str, Any]]) -> None:
    points = one["points"][-_SHOWN_POINTS:]
    values = [float("nan") if p["value"] is None else p["value"] for p in points]
    axes.plot([moment(p["ts"]) for p in points], values, color=BLUE, lw=1.2, marker="o", ms=3, zorder=3)
    for mark in odd:
        at = moment(mark["ts"])
        axes.vlines(at, mark["low"], mark["high"], color=GREEN, lw=5, alpha=0.4, zorder=2)
        axes.plot(at, mark["value"], "D", ms=10, mfc="none", mec=VERMILLION, mew=1.8, zorder=5)
    first = odd[0]
    group = f", {str(one['group'])[:34]}" if one["group"] is not None else ""
    said = f"{number(first['value'])} where {number(first['expected'])} was expected, {first['ts'][:16]}"
    axes.set_title(f"{axis_label(one['metric'], one['unit'])}{group}: {said}", fontsize=9, loc="left")
    dates(axes)


def _legend() -> list[Any]:
    return [
        Line2D([], [], color=BLUE, marker="o", ms=3, label="value"),
        Line2D([], [], color=GREEN, lw=5, alpha=0.4, label="expected, 95 %"),
        Line2D([], [], ls="", marker="D", ms=8, mfc="none", mec=VERMILLION, label="odd"),
    ]
