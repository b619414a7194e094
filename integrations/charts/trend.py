"""A trend drawn: the series, its line with the interval, change points, anomalies, and the bucket that is not over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import isnan
from statistics import median
from typing import Any

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from chimera_metrics.integrations.charts.shares import change_unit, in_percent
from chimera_metrics.integrations.charts.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    VERMILLION,
    Form,
    axis_label,
    dates,
    head,
    heights,
    moment,
    new_figure,
    nothing,
    number,
    p_text,
    save,
    style,
)
from chimera_metrics.integrations.results import records

MOST_GROUPS = 6
_DAY_S = 86_400.0
_MARKED = 120
"""Up to so many values each has a marker."""
_CHANCE = 0.05
Series = Mapping[str, Any]


def trend_chart(result: Mapping[str, Any], form: Form = "png") -> bytes:
    """The picture of a `query.trend` result, 800 pixels wide; of several groups the first six, side by side."""
    result = in_percent(result, result["unit"])
    every = result["series"]
    shown = every[:MOST_GROUPS]
    rows, columns = _grid(len(shown))
    with style():
        figure = new_figure(430 if rows == 1 and columns == 1 else 130 + 215 * rows)
        panels = list(figure.subplots(rows, columns, squeeze=False, sharex=True).flat)
        for series, axes in zip(shown, panels, strict=False):
            _draw(axes, series, result)
        for place in range(len(shown) or 1, len(panels)):
            panels[place].set_visible(False)
            # The dates stand under the last panel of each column.
            panels[place - columns].tick_params(labelbottom=True)
        if not shown:
            nothing(panels[0], (result["reason"] or {}).get("text", "No rows."))
        head(figure, *_words(result, every, shown))
        figure.legend(handles=_legend(shown), loc="outside lower center", ncols=6, fontsize=9, handlelength=1.6)
        return save(figure, form)


def _grid(count: int) -> tuple[int, int]:
    columns = 1 if count <= 1 else 2 if count in (2, 4) else 3
    return max(1, -(-count // columns)), columns


def _words(result: Mapping[str, Any], every: Sequence[Series], shown: Sequence[Series]) -> tuple[str, str]:
    window = result["window"]
    title = f"{axis_label(result['metric'], result['unit'])} by {result['granularity']}"
    if result["group_by"]:
        title += f" and {' and '.join(result['group_by'])}"
    if result["filters"]:
        title += f", {' and '.join(result['filters'])}"
    if len(shown) == 1 and not result["group_by"]:
        return title, _sentence(shown[0], result["unit"])
    cut = f", {len(shown)} of {len(every)} groups" if len(every) > len(shown) else ""
    return title, f"{window['since'][:10]} to {window['until'][:10]}, {window['timezone']}{cut}"


def _sentence(series: Series, unit: str | None) -> str:
    """What the picture shows: the steps, else the trend, else the level and how far a trend could hide in it."""
    if series["slope_per_day"] is None:
        return str((series["reason"] or {}).get("text", ""))
    a_day, unit = change_unit(unit), f" {unit}" if unit else ""
    low, high = number(series["slope_low"]), number(series["slope_high"])
    steps, left = series["change_points"], series["between_steps"]
    n = f"n = {series['n']}"
    if steps and not moves(series):
        words = [f"{number(one['before'])} → {number(one['after'])}{unit} on {one['ts'][:10]}" for one in steps]
        between = f"; apart from {'it' if len(steps) == 1 else 'them'} no trend" if left is not None else ""
        kind = "step" if len(steps) == 1 else "steps"
        return f"{kind}: {', '.join(words)} ({p_text(steps[0]['p_value'])}){between}, {n}"
    if moves(series):
        slope, p = series["slope_per_day"], series["p_adjusted"]
        if steps and left is not None:
            slope, p, low = left["slope_per_day"], left["p_value"], ""
        interval = f" (95 %: {low} to {high})" if low and series["slope_low"] is not None else ""
        return f"{series['direction']}: {number(slope)}{a_day} a day{interval}, {p_text(p)}, {n}"
    level = f"level {number(_level(series))}{unit}"
    if series["slope_low"] is None:
        return f"{level}, {n}"
    return f"{series['direction']}: {level}; a trend lies between {low} and {high}{a_day} a day, {n}"


def _short(series: Series) -> str:
    if series["slope_per_day"] is None:
        return "too few points for a trend" if series["n"] else "no points"
    if series["change_points"] and not moves(series):
        steps = len(series["change_points"])
        return f"{steps} step{'' if steps == 1 else 's'}: {number(series['change_points'][-1]['after'])} now"
    if not moves(series):
        return f"{series['direction']}: level {number(_level(series))}"
    return f"{series['direction']}: {number(series['slope_per_day'])} a day, {p_text(series['p_adjusted'])}"


def moves(series: Series) -> bool:
    """Whether a line says what the series does: it rises or falls, and not only by its steps."""
    left = series["between_steps"]
    explained = bool(series["change_points"]) and left is not None and left["p_value"] >= _CHANCE
    return series["direction"] in ("rising", "falling") and not explained


def _level(series: Series) -> float:
    return median(float(p["value"]) for p in _points(series) if p["value"] is not None and not p["partial"])


def _points(series: Series) -> list[dict[str, Any]]:
    """The points, gaps among them, each with its mark."""
    return [{"partial": False} | point for point in records(series["points"])]


def _draw(axes: Any, series: Series, result: Mapping[str, Any]) -> None:
    points = _points(series)
    alone = not result["group_by"]
    known = [(moment(p["ts"]), p["value"]) for p in points if p["value"] is not None and not p["partial"]]
    if not alone:
        group = series["group"]
        name = ", ".join(map(str, group.values())) if isinstance(group, Mapping) else str(group)
        axes.set_title(f"{name if len(name) <= 34 else name[:31] + '…'}\n{_short(series)}", fontsize=9)
    if not known:
        nothing(axes, (series["reason"] or {}).get("text", "No points."))
        return
    if moves(series):
        _line(axes, series, known)
    elif not series["change_points"] and series["slope_per_day"] is not None:
        axes.hlines(_level(series), known[0][0], known[-1][0], color=ORANGE, lw=2, zorder=2)
    # A gap breaks the line.
    times = [moment(p["ts"]) for p in points if not p["partial"]]
    values = [float("nan") if p["value"] is None else p["value"] for p in points if not p["partial"]]
    is_marked = len(known) <= _MARKED
    axes.plot(times, values, color=BLUE, lw=1.3, marker="o", ms=4 if is_marked else 0, zorder=3)
    if not is_marked:
        _isolated(axes, times, values)
    _partial(axes, points)
    _changes(axes, series, (known[0][0], known[-1][0]), alone)
    for stray in series["anomalies"]:
        axes.plot(moment(stray["ts"]), stray["value"], "D", ms=11, mfc="none", mec=VERMILLION, mew=1.8, zorder=5)
    _heights(axes, points, result["unit"])
    if alone:
        axes.set_ylabel(axis_label(result["metric"], result["unit"]))
    dates(axes)


def _isolated(axes: Any, times: Sequence[datetime], values: Sequence[float]) -> None:
    """Marks the values between two gaps, which no line reaches."""
    alone = isolated(values)
    axes.plot([times[i] for i in alone], [values[i] for i in alone], "o", color=BLUE, ms=3.5, zorder=3)


def isolated(values: Sequence[float]) -> list[int]:
    """The places of values between two gaps (NaN)."""
    known = [False, *(not isnan(value) for value in values), False]
    return [i for i in range(len(values)) if known[i + 1] and not known[i] and not known[i + 2]]


def _line(axes: Any, series: Series, known: Sequence[tuple[datetime, float]]) -> None:
    """Sen's line, and the lines of the interval's slopes through its middle."""
    slope, low, high = series["slope_per_day"], series["slope_low"], series["slope_high"]
    if slope is None:
        return
    first = known[0][0]
    days = [(time - first).total_seconds() / _DAY_S for time, _ in known]
    middle = median(days)
    level = median(value - slope * (day - middle) for day, (_, value) in zip(days, known, strict=True))
    ends = (known[0][0], known[-1][0])
    if low is not None:
        # The band is a fan about the middle: left of it the steep slope is the lower one.
        steps = [days[0] + (days[-1] - days[0]) * i / 40 for i in range(41)]
        at = [first + (known[-1][0] - first) * i / 40 for i in range(41)]
        lower = [level + min(low * (day - middle), high * (day - middle)) for day in steps]
        upper = [level + max(low * (day - middle), high * (day - middle)) for day in steps]
        axes.fill_between(at, lower, upper, color=ORANGE, alpha=0.18, lw=0, zorder=1)
    axes.plot(ends, [level + slope * (day - middle) for day in (days[0], days[-1])], color=ORANGE, lw=2, zorder=2)


def _heights(axes: Any, points: Sequence[Mapping[str, Any]], unit: str | None = None) -> None:
    """The axis is the values': a wide interval runs out of the picture rather than flatten the series."""
    values = [point["value"] for point in points if point["value"] is not None]
    low, high = min(values), max(values)
    room = 0.14 * (high - low) or 0.1 * abs(high) or 1.0
    # What is never negative has no axis below zero.
    heights(axes, low - room if low < 0.0 else max(0.0, low - room), high + 1.6 * room, unit)


def _partial(axes: Any, points: Sequence[Mapping[str, Any]]) -> None:
    for point in points:
        if point["partial"] and point["value"] is not None:
            axes.plot(
                moment(point["ts"]), point["value"], "o", ms=6, mfc="white", mec=GREY, mew=1.4, zorder=4, clip_on=False
            )


def _changes(axes: Any, series: Series, times: tuple[datetime, datetime], alone: bool) -> None:
    changes = series["change_points"]
    edges = [times[0], *(moment(change["ts"]) for change in changes), times[-1]]
    for index, change in enumerate(changes):
        at = moment(change["ts"])
        axes.axvline(at, color=GREEN, lw=1.4, ls=(0, (4, 3)), zorder=2)
        axes.hlines(change["before"], edges[index], at, color=GREEN, lw=1.6, zorder=2)
        axes.hlines(change["after"], at, edges[index + 2], color=GREEN, lw=1.6, zorder=2)
        if alone:
            commit = f"\n{change['commit_sha'][:10]}" if change["commit_sha"] else ""
            text = f"{number(change['before'])} → {number(change['after'])}{commit}"
            late = at > times[0] + (times[-1] - times[0]) * 0.72
            axes.annotate(
                text, (at, 1.0), xycoords=("data", "axes fraction"), xytext=(-5 if late else 5, -4),
                textcoords="offset points", ha="right" if late else "left", va="top", fontsize=9, color=INK, zorder=6,
                bbox={"boxstyle": "round,pad=0.2", "fc": "white", "ec": "none", "alpha": 0.8},
            )  # fmt: skip


def _legend(shown: Sequence[Series]) -> list[Any]:
    if not any(one["points"]["rows"] for one in shown):
        return []
    handles: list[Any] = [Line2D([], [], color=BLUE, marker="o", ms=4, label="value")]
    if any(moves(one) for one in shown):
        handles.append(Line2D([], [], color=ORANGE, lw=2, label="trend (Theil–Sen)"))
        handles.append(Patch(color=ORANGE, alpha=0.18, label="95 % of the slope"))
    elif any(one["slope_per_day"] is not None and not one["change_points"] for one in shown):
        handles.append(Line2D([], [], color=ORANGE, lw=2, label="level (median)"))
    if any(one["change_points"] for one in shown):
        handles.append(Line2D([], [], color=GREEN, ls=(0, (4, 3)), label="change of level"))
        handles.append(Line2D([], [], color=GREEN, lw=1.6, label="level"))
    if any(one["anomalies"] for one in shown):
        handles.append(Line2D([], [], ls="", marker="D", ms=8, mfc="none", mec=VERMILLION, label="anomaly"))
    if any(p["partial"] and p["value"] is not None for one in shown for p in _points(one)):
        handles.append(Line2D([], [], ls="", marker="o", ms=6, mfc="white", mec=GREY, label="not over yet"))
    return handles
