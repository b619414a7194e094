"""What servers have taken on for watches: looks, and webhooks to deliver."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID as Uuid

from clickhouse_sqlalchemy import engines
from sqlalchemy import text
from sqlalchemy.orm import Mapped

from chimera_metrics.models.base import DEDUPLICATION_WINDOW, Base
from chimera_metrics.models.columns import count, ident, message, moment, prose, word


class WatchTurn(Base):
    """A step of a look or of a delivery. Of several claims on one attempt the first counts.

    The rows of the work `webhook` are the outbox: a message is queued, claimed by one server, delivered or tried again.
    """

    __tablename__ = "watch_turns"

    at: Mapped[datetime] = moment("When the row was written", digits=6, stray=True)
    work: Mapped[str] = word("What it is about", words=("look", "webhook"), key=True)
    subject: Mapped[str] = message("Watch and bucket of a look, alarm of a webhook", key=True)
    attempt: Mapped[int] = count("Which attempt, from 1 on")
    state: Mapped[str] = word("What became of it", words=("queued", "claimed", "done", "failed", "given_up"))
    server: Mapped[Uuid] = ident("The server that claimed it")
    due_at: Mapped[datetime] = moment("When it may be tried next", stray=True)
    detail: Mapped[str] = prose("What was found, or the message and its receiver, as JSON text")

    __table_args__: Any = (
        engines.MergeTree(
            partition_by=text("toYYYYMM(at)"),
            order_by=("work", "subject"),
            index_granularity=256,
            non_replicated_deduplication_window=DEDUPLICATION_WINDOW,
        ),
        {"comment": "Looks of watches and webhooks to deliver, each claimed by one server."},
    )
