"""What all pictures share: size, colours, words for numbers. No pyplot, so no state between calls or threads."""

from __future__ import annotations

import contextlib
import textwrap
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from chimera_metrics.integrations.results.numbers import number as number
from chimera_metrics.integrations.results.numbers import p_text as p_text
from chimera_metrics.integrations.results.picture import Form as Form

BLUE, ORANGE, GREEN, VERMILLION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
INK, GREY, PALE = "#222222", "#767676", "#d9d9d9"
WIDTH_PX, DPI = 800, 100
_COMMAS_FROM = 1_000.0

# Matplotlib's settings are the whole process's.
_ONE_AT_A_TIME = threading.Lock()
_RC: Any = {
    "font.size": 10.0,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#ececec",
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "svg.hashsalt": "chimera-metrics",
}


@contextlib.contextmanager
def style() -> Iterator[None]:
    """The settings under which a picture is made; all drawing happens within them, one thread at a time."""
    with _ONE_AT_A_TIME, rc_context(_RC):
        yield


def new_figure(height_px: int) -> Figure:
    """An empty picture of the common width."""
    figure = Figure(figsize=(WIDTH_PX / DPI, height_px / DPI), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, form: Form) -> bytes:
    """The picture's bytes; the same result gives the same bytes."""
    out = BytesIO()
    metadata = {"Date": None} if form == "svg" else {"Software": None}
    figure.savefig(out, format=form, metadata=metadata)
    return out.getvalue()


def head(figure: Figure, title: str, below: str) -> None:
    """A title, and in a smaller hand what there is to know before reading on."""
    lines = [*textwrap.wrap(title, 92), *textwrap.wrap(below, 100)]
    figure.suptitle("\n".join(lines), fontsize=10.5, x=0.012, ha="left", color=INK, linespacing=1.35)


def moment(text: str) -> datetime:
    """The time of a point."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def dates(axes: Any) -> None:
    """Dates along the bottom, said once each."""
    locator = AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def heights(axes: Any, low: float, high: float, unit: str | None) -> None:
    """The axis of values: none below 0 where no value is, none over 100 %, large numbers with commas."""
    top = min(high, 104.0) if unit == "%" else high
    axes.set_ylim(low, top)
    if max(abs(low), abs(top)) >= _COMMAS_FROM and top - low >= _COMMAS_FROM / 100.0:
        axes.yaxis.set_major_formatter("{x:,.0f}")


def axis_label(metric: str, unit: str | None) -> str:
    """`latency (ms)`."""
    return f"{metric} ({unit})" if unit else metric


def nothing(axes: Any, text: str) -> None:
    """Says why there is nothing to see."""
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes, color=GREY, wrap=True)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    # A panel in a grid shares its dates with others that have something to show: no tick of theirs is removed.
    is_alone = len(axes.get_shared_x_axes().get_siblings(axes)) == 1
    axes.tick_params(left=False, labelleft=False)
    if is_alone:
        axes.tick_params(bottom=False, labelbottom=False)
