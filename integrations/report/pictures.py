"""Pictures for light and dark screens: the charts' SVG with a style of its own, which needs no page around it."""

from __future__ import annotations

import base64

from chimera_metrics.integrations.report.parts import Ask, Picture
from chimera_metrics.integrations.results.picture import picture

# The charts paint in few colours; on a dark screen those of paper and ink change, those of the data stay.
_DARK = {
    "#ffffff": "#15191e", "#222222": "#e6e9ec", "#767676": "#9aa4ae", "#ececec": "#2b323a", "#d9d9d9": "#4a545e",
    "#0072b2": "#4aa8e0", "#000000": "#e6e9ec",
}  # fmt: skip


def _style() -> str:
    rules = "".join(
        f'[style*="{kind}: {light}"]{{{kind}:{dark}!important}}'
        for light, dark in _DARK.items()
        for kind in ("fill", "stroke")
    )
    # Text is drawn as shapes, which say no colour where they are black.
    return f"<style>@media (prefers-color-scheme: dark){{svg{{fill:#e6e9ec}}{rules}}}</style>"


def svg(ask: Ask, shown: Picture) -> bytes | None:
    """The picture as SVG, or None where the answer has none."""
    found = picture(ask(shown.method, **shown.arguments), "svg")
    if found is None:
        return None
    begin = found.index(b"<svg")
    head = found.index(b">", begin) + 1
    return found[begin:head] + _style().encode() + found[head:]


def png(ask: Ask, shown: Picture) -> bytes | None:
    return picture(ask(shown.method, **shown.arguments), "png")


def inline(data: bytes) -> str:
    """A picture as an address that holds it whole."""
    return f"data:image/svg+xml;base64,{base64.b64encode(data).decode()}"
