"""`muse gate`: a regression of benchmarks as an exit code."""

from __future__ import annotations

from pathlib import Path

from chimera_metrics.apps.tables import say
from chimera_metrics.integrations import config
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.errors import InvalidInput, MuseError
from chimera_metrics.integrations.operations.gate import Gate, gate
from chimera_metrics.integrations.operations.gate_history import gate_history
from chimera_metrics.integrations.operations.gate_words import line, markdown
from chimera_metrics.integrations.private_files import write_named

CANNOT_TELL = 2


def run(against: str | None, file: Path | None) -> int:
    """0 none worse, 1 one is, 2 cannot tell; whatever keeps it from telling is 2 too."""
    try:
        settings = config.load()
        history = gate_history(Path.cwd(), against)
        with ClickHouseClient(settings.clickhouse, settings.muse) as client:
            client.ensure_schema()
            found = gate(client, history)
        if file is not None:
            _write(found, file)
    except MuseError as error:
        say(f"muse: {error}", err=True)
        return CANNOT_TELL
    say(line(found))
    return found.exit_code


def _write(found: Gate, file: Path) -> None:
    """The page, and its picture beside it under the page's name."""
    from chimera_metrics.integrations.charts.gate import gate_chart

    drawn = [
        (f"{one.name} {one.measure}", one.verdict, one.shift_pct, one.low_pct, one.high_pct)
        for one in found.judged
        if one.shift_pct is not None
    ]
    picture = file.with_name(f"{file.stem}.png")
    try:
        if drawn:
            write_named(picture, gate_chart(f"Benchmarks of {found.history.commit[:10]}", line(found), drawn))
        write_named(file, markdown(found, picture.name if drawn else None).encode())
    except OSError as error:
        raise InvalidInput(f"{error.filename or file} cannot be written ({error.strerror}).") from None
