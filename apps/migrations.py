"""`muse upgrade | downgrade | check | history`: alembic's commands where there is no `alembic.ini`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from textwrap import shorten

from chimera_metrics.apps.tables import print_json, print_table, say
from chimera_metrics.integrations import config
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.evolution import runner

_LINE = 150


def upgrade(revision: str, sql: bool, allow_destructive: bool = False) -> int:
    """Brings the schema up to `revision`; with `sql` only prints the statements."""
    settings = config.load().clickhouse
    if sql:
        runner.print_upgrade(settings, revision)
        return 0
    with _steps_shown():
        runner.upgrade(settings, revision, allow_destructive=allow_destructive)
    return _conclude(settings)


def downgrade(revision: str, allow_destructive: bool = False) -> int:
    """Brings the schema down to `revision`."""
    settings = config.load().clickhouse
    with _steps_shown():
        runner.downgrade(settings, revision, allow_destructive=allow_destructive)
    return _conclude(settings)


def check(as_json: bool) -> int:
    """Compares the store with the models; 0 if they agree, 1 if not."""
    settings = config.load().clickhouse
    found = runner.check(settings)
    if as_json:
        print_json({"where": settings.where, "database": settings.database, "differences": found})
        return 1 if found else 0
    for operation in found:
        say(shorten(operation, _LINE, placeholder=" …"))
    name = f"{settings.database} on {settings.where}"
    if found:
        say(
            f"{name} differs from the models: the lines above would bring it to them. What they remove is lost; "
            "to keep it, write it into the models. See `muse adopt`."
        )
    else:
        say(f"{name} is as the models say.")
    return 1 if found else 0


def history(as_json: bool) -> int:
    """Lists the revisions, the newest first, and marks the one that the store is at."""
    found = runner.history(config.load().clickhouse)
    if as_json:
        print_json([asdict(one) for one in found])
    else:
        rows = [(one.revision, "here" if one.recorded else "", one.message) for one in found]
        print_table(("revision", "store", "what it brings"), rows)
    return 0


def _conclude(settings: ClickHouseSettings) -> int:
    revision = runner.current(settings)
    at = f"is at revision {revision}" if revision else "is at no revision: it holds no tables"
    further = "." if revision == runner.head() else f"; the newest is {runner.head()}."
    say(f"{settings.database} on {settings.where} {at}{further}")
    return 0


class _Steps(logging.Handler):
    """Prints a line before each step, and warnings; alembic's records of its set-up are left out."""

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.levelno >= logging.WARNING:
            say(f"{text}.")
        if text.startswith("Running "):
            # alembic leaves a blank where there is no revision; `base` is its own word for that.
            say(text.replace("  -> ", " base -> ").replace(" -> ,", " -> base,"))


@contextmanager
def _steps_shown() -> Iterator[None]:
    log, shown = logging.getLogger("alembic.runtime.migration"), _Steps()
    before = log.level
    log.addHandler(shown)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(shown)
        log.setLevel(before)
