"""The commands of `muse` that look after a store: verify, retention, backup, restore, roles, completion."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from chimera_metrics.apps.tables import say

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.command(short_help="Check the data.")
@click.option("--days", type=click.IntRange(1, 36500), help="Only rows of the last N days; all by default.")
@as_json
def verify(days: int | None, as_json: bool) -> None:
    """Check the data: gaps, duplicates, times, ranges, rollups, sessions, schema, ledger, quarantine.

    A line for each check, and what to do where one does not hold. Exits 0 if all hold, 1 if not.
    """
    from chimera_metrics.apps.verify import run

    sys.exit(run(days, as_json))


@click.group()
def retention() -> None:
    """How many days each table keeps. Only `apply --yes` removes anything."""


@retention.command("show")
@as_json
def show_rules(as_json: bool) -> None:
    """Show the rules, and what they would remove today."""
    from chimera_metrics.apps import retention as work

    sys.exit(work.show(as_json))


@retention.command("set")
@click.argument("table")
@click.option("--keep-days", type=int, help="Whole days to keep, besides today.")
@click.option("--keep-all", is_flag=True, help="Keep everything.")
@as_json
def set_rule(table: str, keep_days: int | None, keep_all: bool, as_json: bool) -> None:
    """Set a table's rule. It removes nothing by itself.

    \b
    Example:
      muse retention set ui_events --keep-days 180
    """
    from chimera_metrics.apps import retention as work

    if (keep_days is None) != keep_all:
        raise click.UsageError("Name either --keep-days N or --keep-all.")
    sys.exit(work.set_rule(table, keep_days, as_json))


@retention.command("apply", short_help="Remove the days that no rule keeps.")
@click.option("--yes", is_flag=True, help="Remove; without it only show what would go.")
@as_json
def apply_rules(yes: bool, as_json: bool) -> None:
    """Remove the days that no rule keeps: whole partitions, of tables and their rollups.

    Without --yes it is a dry run.
    """
    from chimera_metrics.apps import retention as work

    sys.exit(work.apply(yes, as_json))


@click.group(short_help="Back the store up, and prove that a backup restores.")
def backup() -> None:
    """Back the whole store up, by the engine itself; prove that a backup can be restored."""


@backup.command("create", short_help="Make a backup.")
@click.option("--incremental", is_flag=True, help="Only what changed since the newest backup.")
@click.option("--name", help="Its name; by default the time.")
@click.option("--keep", type=click.IntRange(min=1), help="Afterwards remove all but the newest N of this store.")
@click.option("--keep-days", type=click.IntRange(min=1), help="Afterwards remove those older than N days.")
@as_json
def create_backup(incremental: bool, name: str | None, keep: int | None, keep_days: int | None, as_json: bool) -> None:
    """Make a backup in MUSE_BACKUP_DIR (on a server: on MUSE_BACKUP_DISK).

    With --keep or --keep-days old ones are removed afterwards; with both, those that neither keeps. What a backup that
    stays builds on stays too.
    """
    from chimera_metrics.apps import backup as work

    sys.exit(work.create(incremental, name, as_json, keep, keep_days))


@backup.command("list")
@as_json
def list_backups(as_json: bool) -> None:
    """Show the backups, oldest first."""
    from chimera_metrics.apps import backup as work

    sys.exit(work.show(as_json))


@backup.command("verify", short_help="Restore a backup into a throw-away store, and compare.")
@click.argument("name", required=False)
@as_json
def verify_backup(name: str | None, as_json: bool) -> None:
    """Restore a backup (the newest by default) into a store that is thrown away, and compare rows and checksums."""
    from chimera_metrics.apps import backup as work

    sys.exit(work.verify(name, as_json))


@click.command()
@click.argument("name", required=False)
@click.option("--to", required=True, help="A new folder; on a server the name of a new database.")
@as_json
def restore(name: str | None, to: str, as_json: bool) -> None:
    """Restore a backup (the newest by default) into a new place. Overwrites nothing.

    A backup that is damaged, or not of this program, is refused before anything is touched.

    \b
    Example:
      muse restore muse-20261101-020000 --to /srv/muse/store-2
    """
    from chimera_metrics.apps import backup as work

    sys.exit(work.restore(name, to, as_json))


@click.command(short_help="Copy a whole store to a folder or a server.")
@click.option("--from", "source", required=True, metavar="PATH_OR_URL", help="The store to copy.")
@click.option("--to", "target", metavar="PATH_OR_URL", help="Where to copy it; by default the configured store.")
@as_json
def copy(source: str, target: str | None, as_json: bool) -> None:
    """Copy a whole store: rows, ledger, quarantine, rules, watches; between a folder and a server, or two of them.

    The target is empty, or holds an earlier copy of the same store. If it is stopped, run the same command again: it
    resumes, and nothing is stored twice. At the end both sides are counted and compared. Exits 0 if the target matches
    the source (or matched it, while rows keep arriving there), 1 if not.

    \b
    Examples:
      muse copy --from ~/.local/share/chimera-metrics/store --to clickhouse://muse:secret@db.example.org/chimera_metrics
      muse copy --from clickhouse://muse:secret@db.example.org --to /srv/muse/store
    """
    from chimera_metrics.apps.copying import run

    sys.exit(run(source, target, as_json))


def _access(command: Callable[..., None]) -> Any:
    """The options that `roles plan` and `roles apply` share."""
    for option in (
        as_json,
        click.option("--only", multiple=True, help="Rows that readers see: llm_events.source=council. Repeatable."),
        click.option(
            "--hide", multiple=True, help="A column that readers do not see: llm_events.error_msg. Repeatable."
        ),
        click.option("--network", multiple=True, help="A network that --user may come from: 10.0.0.0/8. Repeatable."),
        click.option("--user", multiple=True, help="Bind a user that exists to a role: alice=reader. Repeatable."),
    ):
        command = option(command)
    return command


@click.group(short_help="Make the roles reader, writer and admin on a server.")
def roles() -> None:
    """Roles on a server: reader, writer and admin, with limits, quotas and grants."""


@roles.command("plan")
@_access
def plan_roles(
    user: tuple[str, ...], network: tuple[str, ...], hide: tuple[str, ...], only: tuple[str, ...], as_json: bool
) -> None:
    """Print the statements; runs none, needs no server."""
    from chimera_metrics.apps import roles as work

    sys.exit(work.plan(user, network, hide, only, as_json))


@roles.command("apply", short_help="Create the roles on the server that CH_HOST names.")
@_access
def apply_roles(
    user: tuple[str, ...], network: tuple[str, ...], hide: tuple[str, ...], only: tuple[str, ...], as_json: bool
) -> None:
    """Run the statements on the server that CH_HOST names; again and again leads to the same.

    \b
    Example:
      muse roles apply --user alice=reader --user pipeline=writer --network 10.0.0.0/8
    """
    from chimera_metrics.apps import roles as work

    sys.exit(work.apply(user, network, hide, only, as_json))


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    Examples:
      muse completion bash >> ~/.bashrc
      muse completion zsh >> ~/.zshrc
      muse completion fish > ~/.config/fish/completions/muse.fish
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None  # noqa: S101  # click knows the three
    # Not by `source()`, which for bash first starts bash to ask its version.
    made = found(click.get_current_context().find_root().command, {}, "muse", "_MUSE_COMPLETE")
    say(made.source_template % made.source_vars(), lines=True)


COMMANDS = (verify, retention, backup, restore, copy, roles, completion)
