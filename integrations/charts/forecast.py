"""A forecast drawn: what was, and the fan of what may come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from chimera_metrics.integrations.charts.shares import in_percent
from chimera_metrics.integrations.charts.style import (
    BLUE,
    GREY,
    ORANGE,
    Form,
    axis_label,
    dates,
    head,
    heights,
    moment,
    new_figure,
    nothing,
    number,
    save,
    style,
)
from chimera_metrics.integrations.charts.trend import isolated

_MARKED = 120
"""Up to so many values each has a marker."""
_CYCLES = {"day": "week", "hour": "day", "month": "year"}
_SHOWN_CYCLES = 6
"""As many times the horizon of the past as are drawn at most, so that the fan stays readable."""


def forecast_chart(result: Mapping[str, Any], form: Form = "png") -> bytes:
    """The picture of a `query.forecast` result with the `points` {ts, value, partial} that it learned from."""
    result = in_percent(result, result["unit"])
    with style():
        figure = new_figure(430)
        axes = figure.subplots()
        rows = result["forecast"]["rows"]
        if rows:
            _draw(axes, result["points"], rows, result)
            figure.legend(
                handles=_legend(result["points"]), loc="outside lower center", ncols=5, fontsize=9, handlelength=1.6
            )
        else:
            nothing(axes, (result["reason"] or {}).get("text", "No points."))
        head(figure, _title(result), _sentence(result))
        return save(figure, form)


def _title(result: Mapping[str, Any]) -> str:
    by, ahead = result["granularity"], result["horizon"]
    title = f"{axis_label(result['metric'], result['unit'])}, the next {by if ahead == 1 else f'{ahead} {by}s'}"
    return f"{title}, {' and '.join(result['filters'])}" if result["filters"] else title


def _sentence(result: Mapping[str, Any]) -> str:
    """The total with its interval where there is one, and how the method did."""
    tested, total = result["backtest"], result["total"]
    if tested is None:
        return str((result["reason"] or {}).get("text", ""))
    unit = f" {result['unit']}" if result["unit"] else ""
    words = []
    if total is not None:
        words.append(
            f"total {number(total['value'])}{unit} (80 %: {number(total['low_80'])} to {number(total['high_80'])})"
        )
    cycle = _CYCLES.get(result["granularity"])
    backtests = f"{tested['cases']} backtests"
    if tested["mase"] is not None:
        step = f"a {cycle}'s change" if cycle else "the change to the next value"
        again = f"last {cycle or 'value'} again"
        words.append(f"mean error in {backtests} {tested['mase']:.2g} of {step} ({again}: {tested['mase_naive']:.2g})")
    else:
        words.append(backtests)
    words.append(f"n = {result['n']}")
    return "; ".join(words)


def _draw(
    axes: Any, points: Sequence[Mapping[str, Any]], rows: Sequence[Sequence[Any]], result: Mapping[str, Any]
) -> None:
    shown = points[-max(_SHOWN_CYCLES * len(rows), 30) :]
    over = [p for p in shown if not p["partial"]]
    times = [moment(p["ts"]) for p in over]
    values = [float("nan") if p["value"] is None else p["value"] for p in over]
    is_marked = sum(value == value for value in values) <= _MARKED
    axes.plot(times, values, color=BLUE, lw=1.3, marker="o", ms=4 if is_marked else 0, zorder=3)
    if not is_marked:
        alone = isolated(values)
        axes.plot([times[i] for i in alone], [values[i] for i in alone], "o", color=BLUE, ms=3.5, zorder=3)
    at = [moment(row[0]) for row in rows]
    one = len(at) == 1
    for low, high, alpha in ((4, 5, 0.15), (2, 3, 0.3)):
        lower, upper = [row[low] for row in rows], [row[high] for row in rows]
        if one:
            axes.vlines(at, lower, upper, color=ORANGE, alpha=2 * alpha, lw=9, zorder=1)
        else:
            axes.fill_between(at, lower, upper, color=ORANGE, alpha=alpha, lw=0, zorder=1)
    axes.plot(at, [row[1] for row in rows], color=ORANGE, lw=2, marker="o", ms=4, zorder=4)
    for point in shown:
        if point["partial"] and point["value"] is not None:
            axes.plot(
                moment(point["ts"]), point["value"], "o", ms=6, mfc="white", mec=GREY, mew=1.4, zorder=5, clip_on=False
            )
    _heights(axes, [v for v in values if v == v], rows, result["unit"])
    axes.set_ylabel(axis_label(result["metric"], result["unit"]))
    dates(axes)


def _heights(axes: Any, values: Sequence[float], rows: Sequence[Sequence[Any]], unit: str | None) -> None:
    """The axis is the past's and the 80 % interval's: a wide 95 % interval runs out of the picture."""
    every = [*values, *(row[2] for row in rows), *(row[3] for row in rows)]
    low, high = min(every), max(every)
    room = 0.14 * (high - low) or 0.1 * abs(high) or 1.0
    heights(axes, low - room if low < 0.0 else max(0.0, low - room), high + room, unit)


def _legend(points: Sequence[Mapping[str, Any]]) -> list[Any]:
    handles: list[Any] = [
        Line2D([], [], color=BLUE, marker="o", ms=4, label="measured"),
        Line2D([], [], color=ORANGE, lw=2, marker="o", ms=4, label="forecast"),
        Patch(color=ORANGE, alpha=0.45, label="80 % interval"),
        Patch(color=ORANGE, alpha=0.15, label="95 % interval"),
    ]
    if any(point["partial"] and point["value"] is not None for point in points):
        handles.append(Line2D([], [], ls="", marker="o", ms=6, mfc="white", mec=GREY, label="not over yet"))
    return handles
