"""Autogenerate: what the models want against what stands, both as the engine sees them."""

from __future__ import annotations

from typing import Any

from alembic.runtime.plugins import Plugin

PLUGIN = "chimera.clickhouse"


def number_revision(context: Any, revision: Any, directives: list[Any]) -> None:
    """Revisions are numbered: 0004 follows 0003."""


def setup(plugin: Plugin) -> None:
    """Called once, when this module is imported."""


setup(Plugin(PLUGIN))
