"""Migrations called from Python: by the server when it starts, by `muse`, by tests.

`current`, `head` and `is_current` import no alembic: a server that starts on an up-to-date store pays one SELECT.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import exc

from chimera_metrics import integrations
from chimera_metrics.integrations.clickhouse.engine import make_engine
from chimera_metrics.integrations.config import ClickHouseSettings
from chimera_metrics.integrations.errors import MuseError
from chimera_metrics.integrations.evolution import version

if TYPE_CHECKING:
    from alembic.config import Config

    from chimera_metrics.integrations.evolution.lock import LockTerms

_UNKNOWN_TABLE, _UNKNOWN_DATABASE = 60, 81
_REVISION = re.compile(r"^(revision|down_revision)\b[^=]*= *[\"'](\w+)[\"']", re.MULTILINE)


def script_location() -> Path:
    """The folder of the revisions: beside the packages in a clone, inside `integrations` in a wheel."""
    package = Path(integrations.__path__[0])
    for folder in (package / "alembic_env", package.parent / "alembic"):
        if (folder / "versions").is_dir() and (folder / "env.py").is_file():
            return folder
    raise MuseError("The schema's revisions are not installed; install chimera-metrics again.")


def head() -> str:
    """The newest revision, read from the files."""
    revisions: set[str] = set()
    followed: set[str] = set()
    for file in script_location().joinpath("versions").glob("*.py"):
        found = dict(_REVISION.findall(file.read_text(encoding="utf-8")))
        revisions.add(found["revision"])
        followed.add(found.get("down_revision", ""))
    heads = revisions - followed
    if len(heads) != 1:
        raise MuseError(
            f"The revisions have {len(heads)} heads ({', '.join(sorted(heads))}); merge them into one line."
        )
    return heads.pop()


def current(settings: ClickHouseSettings) -> str | None:
    """The revision that is recorded; None if there is none."""
    return _recorded(settings)[0]


def is_current(settings: ClickHouseSettings) -> bool:
    """Whether the schema is the newest and whole: one SELECT."""
    revision, comment, rows = _recorded(settings)
    return rows == 1 and revision == head() and version.cut_off(revision, comment) is None


def upgrade(settings: ClickHouseSettings, revision: str = "head", lock: LockTerms | None = None) -> None:
    """Brings the schema up to `revision`, creating the database if need be. Raises MuseError with one sentence."""
    from alembic import command

    command.upgrade(config(settings, lock), revision)


def downgrade(settings: ClickHouseSettings, revision: str, lock: LockTerms | None = None) -> None:
    """Brings the schema down to `revision` (`base` for none of it). Tables that it drops lose their rows."""
    from alembic import command

    command.downgrade(config(settings, lock), revision)


def config(settings: ClickHouseSettings, lock: LockTerms | None = None) -> Config:
    """alembic's configuration for the store that `settings` name, without an ini file."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(script_location()).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["settings"] = settings
    if lock is not None:
        made.attributes["lock"] = lock
    return made


def _recorded(settings: ClickHouseSettings) -> tuple[str | None, str, int]:
    engine = make_engine(settings, session={}, pool_size=1)
    try:
        with engine.connect() as connection:
            row = connection.exec_driver_sql(version.QUESTION).one()
    except exc.DBAPIError as error:
        if getattr(error.orig, "code", 0) in {_UNKNOWN_TABLE, _UNKNOWN_DATABASE}:
            return None, "", 0
        raise
    finally:
        engine.dispose()
    return (str(row[0]) if row[2] else None), str(row[1] or ""), int(row[2])
