"""Reports as files: one HTML file, Markdown, a folder of PNG pictures."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from chimera_metrics.integrations.access import Access
from chimera_metrics.integrations.errors import InvalidInput
from chimera_metrics.integrations.private_files import write_named
from chimera_metrics.integrations.report.asking import Asked, made
from chimera_metrics.integrations.report.pictures import png
from chimera_metrics.integrations.report.scope import Scope
from chimera_metrics.integrations.report.views import whole

TITLE = "Muse report"


def write_report(
    client: Access, days: int, html: Path | None, markdown: Path | None, folder: Path | None
) -> list[Path]:
    """Writes what is named, from the same answers, and says which files were written."""
    ask, scope = Asked(client), Scope(days=days)
    made_at = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    written = []
    try:
        if html is not None:
            from chimera_metrics.integrations.report.html import html as page

            write_named(html, page(ask, scope, TITLE, made_at).encode())
            written.append(html)
        if markdown is not None:
            from chimera_metrics.integrations.report.markdown import markdown as text

            write_named(markdown, text(ask, scope, TITLE, made_at).encode())
            written.append(markdown)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            written += _pictures(ask, scope, folder)
    except OSError as error:
        place = error.filename or "The report"  # a full disk is told without a name
        raise InvalidInput(f"{place} cannot be written ({error.strerror}); name another place.") from None
    return written


def _pictures(ask: Asked, scope: Scope, folder: Path) -> list[Path]:
    written: list[Path] = []
    for _, planned in whole(scope):
        for one in planned:
            for picture in made(one, ask).pictures:
                data = png(ask, picture)
                if data is not None:
                    subject = picture.arguments.get("metric") or picture.arguments.get("y") or one.title
                    name = re.sub(r"\W+", "-", f"{picture.method} {subject}").strip("-").lower()
                    file = folder / f"{len(written) + 1:02}-{name}.png"
                    write_named(file, data)
                    written.append(file)
    return written
