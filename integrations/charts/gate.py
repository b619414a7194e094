"""A gate drawn: the change of each measure with its interval."""

from __future__ import annotations

from collections.abc import Sequence
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

MOST = 20
Drawn = tuple[str, str, float, float | None, float | None]
"""Name, verdict, and the change in % with its interval."""


def gate_chart(title: str, said: str, judged: Sequence[Drawn], form: Form = "png") -> bytes:
    """The picture of a gate, 800 pixels wide, a line a measure, the worse ones first; twenty are drawn."""
    shown = sorted(judged, key=lambda one: one[1] != "worse")[:MOST]
    with style():
        figure = new_figure(170 + 34 * max(3, len(shown)))
        axes = figure.subplots()
        if shown:
            _draw(axes, shown)
        else:
            nothing(axes, "Nothing can be told.")
        head(figure, title, said if len(shown) == len(judged) else f"{said} {len(shown)} of {len(judged)} are drawn.")
        figure.legend(handles=_legend(), loc="outside lower center", ncols=3, fontsize=9)
        return save(figure, form)


def _draw(axes: Any, shown: Sequence[Drawn]) -> None:
    axes.axvline(0.0, color=INK, lw=1.0, zorder=1)
    for place, (_, verdict, change, low, high) in enumerate(shown):
        colour = {"worse": VERMILLION, "not worse": BLUE}.get(verdict, GREY)
        if low is not None and high is not None:
            axes.plot([low, high], [place, place], color=colour, lw=2.2, zorder=2)
        axes.plot(change, place, "D" if verdict == "worse" else "o", ms=6.5, color=colour, zorder=3)
    axes.set_ylim(len(shown) - 0.5, -0.7)
    axes.set_yticks(
        range(len(shown)), [name if len(name) <= 60 else f"{name[:59]}…" for name, *_ in shown], fontsize=8.5
    )
    axes.set_xlabel("change in % of the median before, with its 95 % interval")
    axes.margins(x=0.1)


def _legend() -> list[Any]:
    marks = (("D", VERMILLION, "worse"), ("o", BLUE, "not worse"), ("o", GREY, "cannot tell"))
    return [Line2D([], [], ls="", marker=mark, ms=6.5, color=colour, label=label) for mark, colour, label in marks]
