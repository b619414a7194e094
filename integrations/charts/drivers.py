"""Drivers drawn as a waterfall: from the value before, by each contribution and the rest, to the value after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from chimera_metrics.integrations.charts.shares import change_unit, in_percent
from chimera_metrics.integrations.charts.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    VERMILLION,
    Form,
    axis_label,
    head,
    new_figure,
    nothing,
    number,
    p_text,
    save,
    style,
)

MOST_SHOWN = 10
Bar = tuple[str, float, float, str]


def drivers_chart(result: Mapping[str, Any], form: Form = "png") -> bytes:
    """The picture of a `query.drivers` result, 800 pixels wide: the first ten drivers, and the rest."""
    result = in_percent(result, result["unit"])
    change = result["change"]
    bars = _bars(result) if change["change"] is not None else []
    with style():
        figure = new_figure(180 + 36 * max(3, len(bars)))
        axes = figure.subplots()
        if bars:
            _draw(axes, bars)
            axes.set_xlabel(axis_label(result["metric"], result["unit"]))
        else:
            nothing(axes, (result["reason"] or {}).get("text", "No rows."))
        head(figure, *_words(result))
        figure.legend(handles=_legend(bars), loc="outside lower center", ncols=4, fontsize=9)
        return save(figure, form)


def _words(result: Mapping[str, Any]) -> tuple[str, str]:
    change = result["change"]
    sides = [f"{one['since'][:10]} to {one['until'][:10]}" for one in (result["window"], result["baseline_window"])]
    title = f"Why {result['metric']} moved: {sides[0]} against {sides[1]}"
    if change["change"] is None:
        return title, (result["reason"] or {}).get("text", "")
    low, high = number(change["low"]), number(change["high"])
    unit = change_unit(result["unit"])
    said = f"change {number(change['change'])}{unit} (95 %: {low} to {high}, {p_text(change['p_value'])})"
    if result["drivers"]:
        return title, f"{said}; {result['looked_at']:,} looked at"
    return title, f"{said}. {(result['reason'] or {}).get('text', '')}"


def _bars(result: Mapping[str, Any]) -> list[Bar]:
    """Name, begin, end and colour of each bar."""
    at = result["change"]["before"]
    bars: list[Bar] = [("before", 0.0, at, INK)]
    shown = result["drivers"][:MOST_SHOWN]
    for one in shown:
        begin, at = at, at + one["contribution"]
        bars.append((_name(one), begin, at, BLUE if one["kind"] == "rate" else GREEN))
    after = result["change"]["after"]
    return [*bars, ("rest", at, after, GREY), ("after", 0.0, after, INK)]


def _name(one: Mapping[str, Any]) -> str:
    words = ", ".join(f"{dim} {word}" for dim, word in one["where"].items()) or "everything alike"
    text = f"{words} ({one['kind']})"
    return text if len(text) <= 46 else text[:45] + "…"


def _draw(axes: Any, bars: list[Bar]) -> None:
    for place, (name, begin, end, colour) in enumerate(bars):
        if name in ("before", "after"):
            # A mark and no bar: the axis does not begin at 0, so that a bar's length would say nothing.
            axes.plot(end, place, "o", ms=9, color=colour, zorder=3)
        else:
            axes.barh(place, end - begin, left=begin, height=0.62, color=colour, zorder=2)
        if place + 1 < len(bars):
            axes.plot([end, end], [place, place + 1], color=GREY, lw=0.9, zorder=1)
        is_step = name not in ("before", "after")
        words = ("+" if end > begin and is_step else "") + number(end - begin if is_step else end)
        axes.annotate(
            words, (max(begin, end) if is_step else end, place), xytext=(4 if is_step else 8, 0),
            textcoords="offset points", va="center", fontsize=8.5,
            color=VERMILLION if name == bars[1][0] and is_step and name != "rest" else INK,
        )  # fmt: skip
    ends = [one for _, begin, end, _ in bars[1:-1] for one in (begin, end)]
    room = 0.25 * (max(ends) - min(ends)) or abs(max(ends)) * 0.1 or 1.0
    low = min(ends) - room
    axes.set_xlim(max(0.0, low) if min(ends) >= 0.0 else low, max(ends) + 1.4 * room)
    axes.set_ylim(len(bars) - 0.5, -0.6)
    axes.set_yticks(range(len(bars)), [name for name, *_ in bars], fontsize=8.5)


def _legend(bars: list[Bar]) -> list[Any]:
    names = {BLUE: "by its rate", GREEN: "by its volume", GREY: "rest", INK: "the metric"}
    kept = [(colour, name) for colour, name in names.items() if any(bar[3] == colour for bar in bars)]
    return [
        Line2D([], [], ls="", marker="o", ms=8, color=colour, label=name)
        if colour == INK
        else Patch(color=colour, label=name)
        for colour, name in kept
    ]
