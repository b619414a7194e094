"""A correlation drawn: the pairs, and with lags the coefficient at each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chimera_metrics.integrations.charts.style import (
    BLUE,
    GREY,
    PALE,
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
from chimera_metrics.integrations.results import records

_LETTER = {"pearson": "r", "spearman": "ρ", "kendall": "τ"}


def correlation_chart(result: Mapping[str, Any], form: Form = "png") -> bytes:
    """The picture of a `query.correlation` result, 800 pixels wide."""
    lags = result["lags"]
    with style():
        figure = new_figure(450)
        panels = figure.subplots(1, 2 if lags else 1, squeeze=False, width_ratios=[3, 2] if lags else [1])[0]
        _scatter(panels[0], result)
        if lags:
            _bars(panels[1], result)
        head(figure, *_words(result))
        return save(figure, form)


def _words(result: Mapping[str, Any]) -> tuple[str, str]:
    letter = _LETTER[result["method"]]
    title = f"{result['y']['metric']} against {result['x']['metric']}, by {result['granularity']}"
    if result["coefficient"] is None:
        return title, (result["reason"] or {}).get("text", "")
    interval = "no interval"
    if result["ci_low"] is not None:
        interval = f"95 %: {result['ci_low']:.2f} to {result['ci_high']:.2f}"
    text = f"{letter} = {result['coefficient']:.2f} ({interval}), {p_text(result['p_value'])}, n = {result['n']}"
    if result["n_effective"] is not None and result["n_effective"] < 0.9 * result["n"]:
        text += f", which tell as much as {result['n_effective']:.0f} independent pairs"
    return title, f"{text}. {result['window']['since'][:10]} to {result['window']['until'][:10]}."


def _scatter(axes: Any, result: Mapping[str, Any]) -> None:
    axes.set_xlabel(axis_label(result["x"]["metric"], result["x"]["unit"]))
    axes.set_ylabel(axis_label(result["y"]["metric"], result["y"]["unit"]))
    points = records(result["points"])
    if not points:
        nothing(axes, (result["reason"] or {}).get("text", "No pairs."))
        return
    many = len(points) > 150
    axes.plot(
        [p["x"] for p in points],
        [p["y"] for p in points],
        "o",
        ms=4.5 if many else 7,
        mfc=BLUE,
        mec="white",
        mew=0.6,
        alpha=0.6 if many else 0.85,
    )
    last = points[-1]
    words = f"newest: {last['ts'][:16].replace('T00:00', '').replace('T', ' ')}"
    axes.plot(last["x"], last["y"], "o", ms=11, mfc="none", mec=VERMILLION, mew=1.5, ls="", label=words)
    axes.margins(0.06)
    axes.figure.legend(loc="outside lower center", fontsize=9)


def _bars(axes: Any, result: Mapping[str, Any]) -> None:
    lags, best = result["lags"], result["best_lag"]
    known = [one for one in lags if one["coefficient"] is not None]
    axes.axhline(0, color=GREY, lw=0.8)
    axes.set_ylim(-1, 1)
    axes.set_xlabel(f"lag in {result['granularity']}s (positive: y follows x)")
    axes.set_ylabel(f"{_LETTER[result['method']]} at that lag")
    colours = [VERMILLION if one["lag"] == best else BLUE if one["lag"] == 0 else PALE for one in known]
    axes.bar([one["lag"] for one in known], [one["coefficient"] for one in known], color=colours, ec=GREY, lw=0.6)
    axes.set_xlim(lags[0]["lag"] - 0.7, lags[-1]["lag"] + 0.7)
    axes.xaxis.get_major_locator().set_params(integer=True)
    p = p_text(result["best_lag_p_adjusted"])
    said = "no lag stands out" if best is None else f"lag {number(best)} stands out"
    axes.set_title(f"{said} ({p}, corrected)", fontsize=9)
