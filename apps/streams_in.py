"""The commands of `muse` by which facts of other tools arrive."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from chimera_metrics.apps.operations import as_json

FORMATS = ("otlp",)


@click.command("import")
@click.argument("format", type=click.Choice(FORMATS))
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@as_json
def import_files(format: str, files: tuple[Path, ...], as_json: bool) -> None:
    """Store what other tools have written. The same file again stores nothing.

    otlp: OpenTelemetry spans of calls of models, JSON (a request a line) or protobuf, also packed by gzip, into
    llm_events.

    \b
    Example:
      muse import otlp traces.jsonl
    """
    from chimera_metrics.apps import importing

    sys.exit(importing.spans(files, as_json))


COMMANDS = (import_files,)
