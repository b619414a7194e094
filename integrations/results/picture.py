"""The picture of a result: what draws it is kept beside the fields, so that it can be drawn later, in any form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from chimera_metrics.integrations.results.result import Result

Form = Literal["png", "svg"]
Draw = Callable[[Form], bytes]


def drawn_by(result: Result, draw: Draw, chart: bool) -> None:
    """Keeps what draws the result; with `chart` the PNG is made now."""
    result._draw = draw
    if chart:
        result.images = [draw("png")]


def picture(result: Result, form: Form) -> bytes | None:
    """The picture of a result of a question; None for a result that has none."""
    draw: Draw | None = getattr(result, "_draw", None)
    return None if draw is None else draw(form)
