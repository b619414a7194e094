"""The commands of `muse` that change or show the schema: upgrade, downgrade, check, history, adopt."""

from __future__ import annotations

import sys

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
allow_destructive = click.option(
    "--allow-destructive", is_flag=True, help="Also run steps that destroy data: a drop, a narrower type, a TTL."
)
# A revision may be relative, such as -1, which is not an option.
_TAKES_MINUS = {"ignore_unknown_options": True}


@click.command(context_settings=_TAKES_MINUS, short_help="Create or upgrade the schema.")
@click.argument("revision", default="head", metavar="[REV]")
@click.option("--sql", is_flag=True, help="Print the statements; run none, connect to nothing.")
@allow_destructive
def upgrade(revision: str, sql: bool, allow_destructive: bool) -> None:
    """Create or upgrade the schema: to the newest revision, or to REV.

    If it is stopped half-way, run it again: nothing is done twice. A step that would destroy rows or values is
    refused, and says how many, unless --allow-destructive is given.

    \b
    Examples:
      muse upgrade            to the newest
      muse upgrade 0002       to that one
      muse upgrade +1         one further
    """
    from chimera_metrics.apps import migrations as work

    sys.exit(work.upgrade(revision, sql, allow_destructive))


@click.command(context_settings=_TAKES_MINUS)
@click.argument("revision", metavar="REV")
@allow_destructive
def downgrade(revision: str, allow_destructive: bool) -> None:
    """Go back to revision REV. To drop tables or columns that hold data takes --allow-destructive.

    \b
    Examples:
      muse downgrade 0002     back to that one
      muse downgrade -1       one back
      muse downgrade base     to nothing
    """
    from chimera_metrics.apps import migrations as work

    sys.exit(work.downgrade(revision, allow_destructive))


@click.command()
@as_json
def check(as_json: bool) -> None:
    """Compare the store's tables with the models. Exits 0 if they agree, 1 if not."""
    from chimera_metrics.apps import migrations as work

    sys.exit(work.check(as_json))


@click.command(short_help="List the schema's revisions.")
@as_json
def history(as_json: bool) -> None:
    """List the schema's revisions, the newest first, and the one that the store is at."""
    from chimera_metrics.apps import migrations as work

    sys.exit(work.history(as_json))


@click.command(short_help="Take over an existing database.")
@click.option("--yes", is_flag=True, help="Carry it out; without it only report.")
@click.option("--folder", type=click.Path(file_okay=False), help="Where a revision is written, if one is needed.")
@click.option(
    "--set-aside-version-table",
    is_flag=True,
    help="Rename a version table that another project left, if nobody needs it; otherwise it is never touched.",
)
@as_json
def adopt(yes: bool, folder: str | None, set_aside_version_table: bool, as_json: bool) -> None:
    """Take over an existing database: report how it differs, stamp it, or write the revision it needs.

    Drops nothing, and fills rollups that lack rows. Without --yes it only reports. Exits 0 if there is nothing left to
    do, 1 if there is.
    """
    from chimera_metrics.apps.adopt import run

    sys.exit(run(yes, folder, as_json, set_aside_version_table))


COMMANDS = (upgrade, downgrade, check, history, adopt)
