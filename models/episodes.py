"""Episodes that the Council agent wrote."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import DEDUPLICATION_WINDOW, Base
from chimera_metrics.models.columns import commit, count, ident, measure, moment, money, prose, word


class Episode(Base):
    """One episode, at one point of its life."""

    __tablename__ = "episodes"

    ts: Mapped[datetime] = moment("When the episode was written", key=True, now=True, stray=True)
    run_id: Mapped[Uuid] = ident("The Council run that wrote it", key=True, fresh=True)
    series: Mapped[str] = word("Series that the episode belongs to", required=True)
    episode_num: Mapped[int] = count("Its number in the series", required=True, serial=True)
    title: Mapped[str] = prose("Title", required=True)
    confidence_score: Mapped[float | None] = measure("The Council's confidence, 0 to 1", bounds=(0, 1))
    correlation_strength: Mapped[float | None] = measure("Correlation that it rests on, -1 to 1", bounds=(-1, 1))
    tokens_total: Mapped[int | None] = count("Tokens used in writing it", "tokens", bits=64, null=True)
    cost_total: Mapped[Decimal | None] = money("Cost of writing it")
    status: Mapped[str] = word("Where it stands", default="draft", words=("draft", "published", "failed"))
    file_path: Mapped[str | None] = prose("File that holds the text", null=True)
    commit_sha: Mapped[str | None] = commit("Commit that added the file")

    __table_args__: Any = (
        engines.MergeTree(
            partition_by=text("toDate(ts)"),
            order_by=("series", "episode_num"),
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        {"comment": "Episodes that the Council wrote from what correlates."},
    )
