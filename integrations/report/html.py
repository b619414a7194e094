"""HTML from templates that escape whatever they are given."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from chimera_metrics.integrations.report.asking import Asked, made
from chimera_metrics.integrations.report.pictures import inline, svg
from chimera_metrics.integrations.report.scope import Scope
from chimera_metrics.integrations.report.views import whole

PACKAGE = "chimera_metrics.integrations.report"


@cache
def environment() -> Environment:
    loader = PackageLoader(PACKAGE, "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def style() -> str:
    """The style sheet that a report and the page share."""
    return files(PACKAGE).joinpath("templates", "page.css").read_text(encoding="utf-8")


def html(ask: Asked, scope: Scope, title: str, made_at: str) -> str:
    """A report as one file, which asks nothing of any host."""
    chapters = []
    for name, planned in whole(scope):
        sections = []
        for one in planned:
            section = made(one, ask)
            drawn = [(picture, svg(ask, picture)) for picture in section.pictures]
            sections.append((section, [(picture.words, inline(data)) for picture, data in drawn if data]))
        chapters.append((name, sections))
    page = environment().get_template("report.html")
    return page.render(title=title, scope=scope, made_at=made_at, chapters=chapters, style=style())
