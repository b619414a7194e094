"""One row per event in the overlay's user interface, from Banterpacks."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import DEDUPLICATION_WINDOW, Base
from chimera_metrics.models.columns import commit, count, ident, measure, moment, prose, word
from chimera_metrics.models.ddl import SkipIndex


class UiEvent(Base):
    """One event of one session of the user interface."""

    __tablename__ = "ui_events"

    ts: Mapped[datetime] = moment("When the event happened", key=True, now=True)
    # A session's id comes back within minutes: level 3 finds it again in the large blocks below, level 1 does not.
    session_id: Mapped[Uuid] = ident("Session that the event belongs to", key=True, required=True, codec="ZSTD(3)")
    commit_sha: Mapped[str | None] = commit("Commit of Banterpacks that was running")
    event_type: Mapped[str] = word(
        "What happened", key=True, required=True, words=("overlay_open", "query_submit", "error")
    )
    latency_ms: Mapped[float | None] = measure("Time until the interface answered", "ms")
    user_agent: Mapped[str | None] = word("Browser, version family and platform", null=True)
    metadata_: Mapped[str] = prose(
        "Further facts as JSON text, cleaned of personal data", name="metadata", default="{}"
    )
    schema_version: Mapped[int] = count("Version of the event's format", default=text("1"), bits=16)

    __table_args__: Any = (
        # Questions name event types and a time window. A session's id repeats far apart in this order (7 bytes a row in
        # blocks of 64 kB, 3 in blocks of 1 MB), and only wide parts keep a column's blocks together: those of days from
        # about 10,000 events on, where the engine's own limit would be 100,000.
        engines.MergeTree(
            partition_by=text("toDate(ts)"),
            order_by=("event_type", "ts"),
            min_bytes_for_wide_part=1_048_576,
            min_compress_block_size=1_048_576,
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        # Rebuilding or reading one session must not read every event of its days.
        SkipIndex("session_id_bloom", "session_id", "bloom_filter(0.01)", 1),
        # What changed with a commit: its days stand together, and a day's index takes a few dozen bytes.
        SkipIndex("commit_sha_bloom", "commit_sha", "bloom_filter(0.01)", 1),
        {"comment": "Events of the user interface, from Banterpacks."},
    )
