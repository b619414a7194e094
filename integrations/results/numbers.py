"""Numbers as a reader has them, in pictures and on pages."""

from __future__ import annotations

import math

_SMALL, _LARGE = 1e-3, 1_000


def number(value: float | None) -> str:
    """Four digits at most, for a reader; small ones in full, with two."""
    if value is None:
        return "–"
    if 0.0 < abs(value) < _SMALL:
        text = f"{value:.{1 - math.floor(math.log10(abs(value)))}f}"
    else:
        text = f"{value:,.0f}" if abs(value) >= _LARGE else f"{value:.4g}"
    return text.replace("-", "−")


def p_text(p: float | None) -> str:
    if p is None:
        return "p not known"
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
