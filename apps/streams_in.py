"""The commands of `muse` by which facts of other tools arrive."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from chimera_metrics.apps.operations import as_json

FORMATS = ("pytest-benchmark", "asv", "google-benchmark", "lm-eval", "llama-bench", "vllm", "otlp")


@click.command("import", short_help="Store the results of other tools.")
@click.argument("format", type=click.Choice(FORMATS))
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--commit", help="The commit that was measured; overrides those of the file, the CI and git.")
@as_json
def import_files(format: str, files: tuple[Path, ...], commit: str | None, as_json: bool) -> None:
    """Store the results of other tools. Importing a file again stores nothing.

    Results of benchmarks go into bench_runs, one run for each benchmark. otlp files hold OpenTelemetry spans of model
    calls, as JSON (one request a line) or protobuf, gzipped or not; they go into llm_events.

    \b
    Examples:
      muse import pytest-benchmark .benchmarks/*/*.json
      muse import otlp traces.jsonl
    """
    from chimera_metrics.apps import importing

    if format == "otlp":
        if commit is not None:
            raise click.UsageError("--commit is for benchmarks; spans have no commit.")
        sys.exit(importing.spans(files, as_json))
    sys.exit(importing.benchmarks(format, files, commit, as_json))


@click.command(short_help="Say whether this commit's benchmarks got worse.")
@click.option("--against", metavar="REF", help="Compare with the commits of this branch, tag or commit.")
@click.option(
    "--markdown",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a table, and a picture beside it.",
)
def gate(against: str | None, file: Path | None) -> None:
    """Say whether this commit's benchmarks are worse than the history before it.

    Looks at the stored runs of HEAD and of its ancestors. Exits 0 if none is worse, 1 if one is, 2 if it cannot tell:
    it takes five runs of this commit, and five before.

    \b
    Example:
      muse import pytest-benchmark results/*.json && muse gate --markdown gate.md
    """
    from chimera_metrics.apps.gate import run

    sys.exit(run(against, file))


@click.command(short_help="Store the messages of a Kafka topic, each once.")
@click.option("--brokers", required=True, help="Addresses of brokers, host:port, separated by commas.")
@click.option("--group", required=True, help="The consumer group; its members share the partitions.")
@click.option("--topic", required=True, help="The topic to read.")
@click.option("--table", required=True, help="The table to store its messages in.")
@click.option(
    "--mapping", type=click.Path(dir_okay=False, path_type=Path), help="TOML file: which field is which column."
)
@click.option(
    "--dead-letter", metavar="TOPIC", help="Where to send what cannot be stored; by default it is kept in files."
)
@click.option("--known-as", metavar="NAME", help="The topic's name in the ledger, if another topic has the same name.")
def consume(
    brokers: str,
    group: str,
    topic: str,
    table: str,
    mapping: Path | None,
    dead_letter: str | None,
    known_as: str | None,
) -> None:
    """Store the messages of a Kafka topic, each once, until it is stopped (SIGTERM or Ctrl-C).

    A message is a JSON object. Its position is kept in the store: killed and started again, it resumes there. TLS and
    passwords are settings, MUSE_KAFKA_….

    \b
    Example:
      muse consume --brokers kafka:9092 --group muse --topic ui --table ui_events --mapping ui.toml
    """
    from chimera_metrics.apps.consume import run
    from chimera_metrics.integrations.kafka.consumer import Subscription

    sys.exit(run(Subscription(brokers, group, topic, table, mapping, dead_letter, known_as)))


COMMANDS = (import_files, gate, consume)
