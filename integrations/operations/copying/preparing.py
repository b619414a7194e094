"""What must hold before a copy begins: two stores, not one, and the same schema in both."""

from __future__ import annotations

import json
import os

from chimera_metrics.integrations.clickhouse.cluster import CLAIMS, LOCAL
from chimera_metrics.integrations.clickhouse.literals import quote
from chimera_metrics.integrations.clickhouse.store_form import KnownForm
from chimera_metrics.integrations.evolution import keeper_lock, lock, runner
from chimera_metrics.integrations.operations.copying.addresses import require_source
from chimera_metrics.integrations.operations.copying.book import CopyRefused
from chimera_metrics.integrations.operations.copying.side import Side
from chimera_metrics.models import metadata


def require(source: Side, target: Side) -> None:
    """Raises CopyRefused where a copy cannot begin. A target without a row gets the schema, by the migrations, also one
    in which an earlier copy was stopped while they ran."""
    if _address(source) == _address(target):
        raise _same(target)
    require_source(source.settings)
    source.take_its_form()
    if source.settings.embedded and target.settings.embedded:
        raise CopyRefused(
            "--from and --to are both folders, and the embedded engine opens one at a time; use `muse backup create` "
            "and `muse restore --to FOLDER`, which copy a folder faster."
        )
    _require_schema("source", source, runner.current(source.settings))
    recorded = runner.current(target.settings)
    if recorded is None or (_is_behind(target, recorded) and _is_empty(target)):
        runner.upgrade(target.settings)
    else:
        KnownForm(target.executor).require()
        _require_schema("target", target, recorded)
    _refuse_readonly(target)


def _is_behind(side: Side, recorded: str) -> bool:
    return recorded <= runner.head() and not runner.is_current(side.settings)


def _is_empty(side: Side) -> bool:
    """Whether none of our tables holds a row, as far as they are there."""
    names = ", ".join(quote(form) for name in metadata.tables for form in (name, name + LOCAL))
    held = f"SELECT sum(total_rows) FROM system.tables WHERE database = currentDatabase() AND name IN ({names})"
    return not side.value(held)


def _address(side: Side) -> tuple[object, ...]:
    settings = side.settings
    if settings.embedded:
        return "embedded", os.path.realpath(settings.store_path), settings.database
    return "server", settings.host, settings.port, settings.database


def _require_schema(what: str, side: Side, recorded: str | None) -> None:
    head = runner.head()
    if recorded is None:
        raise CopyRefused(
            f"The {what}, {side.where}, has no schema of this program's; run `muse upgrade` there, or `muse adopt` for "
            "tables that were made by hand."
        )
    if recorded > head:
        raise CopyRefused(
            f"The {what}, {side.where}, has schema {recorded}, newer than {head} which this program knows; install the "
            "version that made it."
        )
    if recorded != head or not runner.is_current(side.settings):
        raise CopyRefused(
            f"The {what}, {side.where}, has schema {recorded}, and {head} is needed on both sides; run `muse upgrade` "
            "there first."
        )


def _refuse_readonly(target: Side) -> None:
    """Raises CopyRefused for replicas without Keeper: an insert there waits for long, and then fails."""
    if target.settings.cluster is None:
        return
    found = target.rows(
        "SELECT table FROM system.replicas WHERE database = currentDatabase() AND is_readonly ORDER BY 1"
    )
    if found:
        raise CopyRefused(
            f"{len(found)} tables of the target, {target.where}, take no rows at the moment ({found[0][0]} …): that "
            "server has no session with Keeper, or lost its place there. See `muse status`, and run the same command "
            "again."
        )


def refuse_same(source: Side, target: Side) -> None:
    """Raises CopyRefused if the source shows the lock that was just taken on the target: two addresses, one store."""
    if source.settings.embedded and target.settings.embedded:
        return
    if _locks(source) & _locks(target):
        raise _same(target)


def _locks(side: Side) -> set[str]:
    """The tokens of migration locks that a store shows: a table's comment, or on a cluster a name in Keeper."""
    stands = "FROM system.tables WHERE database = currentDatabase() AND name ="
    said = [text for (text,) in side.rows(f"SELECT comment {stands} {quote(lock.TABLE)}")]
    if side.rows(f"SELECT name {stands} {quote(CLAIMS)}"):
        said += [text for (text,) in side.rows(f"SELECT value FROM {CLAIMS} WHERE name = {quote(keeper_lock.NAME)}")]
    return {str(json.loads(text)["token"]) for text in said}


def _same(target: Side) -> CopyRefused:
    return CopyRefused(f"--from and --to name the same store, {target.where}; name two.")


def identity(side: Side) -> str:
    """What the target's book calls the source; the same by whatever name a server is reached."""
    uuid = side.value("SELECT toString(uuid) FROM system.databases WHERE name = currentDatabase()")
    return f"{uuid} {os.path.realpath(side.settings.store_path)}" if side.settings.embedded else str(uuid)
