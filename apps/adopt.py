"""`muse adopt`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from chimera_metrics.apps.tables import print_json, print_table, say
from chimera_metrics.integrations import config
from chimera_metrics.integrations.evolution import adopt
from chimera_metrics.models import metadata


def run(yes: bool, folder: str | None, as_json: bool, set_aside_version_table: bool = False) -> int:
    """Reports; with `yes` records the revision or writes it. 0 if nothing is left to do."""
    settings = config.load().clickhouse
    if yes:
        done = adopt.carry_out(settings, metadata, Path(folder) if folder else None, set_aside_version_table)
        if as_json:
            print_json(asdict(done))
        else:
            say(done.sentence)
        return 0 if done.action != "written" else 1
    report = adopt.plan(settings)
    if as_json:
        print_json({**asdict(report), "settled": report.settled, "sentence": report.sentence})
    else:
        print_table(
            ("table", "state", "difference"),
            [
                (table.name if not index else "", table.state if not index else "", difference)
                for table in report.tables
                for index, difference in enumerate(table.differences or ("",))
            ],
        )
        say(report.sentence)
        if not (report.settled or report.empty):
            say("Nothing was changed: `muse adopt --yes` carries it out.")
    return 0 if report.settled else 1
