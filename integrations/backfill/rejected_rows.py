"""The file of rows that were refused, each with the reason."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from chimera_metrics.integrations.backfill.arrow_rows import python_rows
from chimera_metrics.integrations.backfill.files import SourceFile
from chimera_metrics.integrations.private_files import open_private


def _as_json(value: Any) -> Any:
    """The value as JSON can say it: NaN and infinity, for which it has no number, as their words."""
    if isinstance(value, float) and not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    if isinstance(value, Mapping):
        return {str(key): _as_json(part) for key, part in value.items()}
    return list(map(_as_json, value)) if isinstance(value, list | tuple | set) else value


class RejectedRows:
    """Written when the first row is refused. Only its owner may read it: rows are as they came, nothing masked."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self._new = folder / f"rejected-{now:%Y%m%dT%H%M%S.%f}.jsonl"
        self.file: Path | None = None

    def go_on(self, earlier: Path) -> None:
        """Adds to the file of the run that was stopped, unless it is gone."""
        self.file = self.file or (earlier if earlier.is_file() else None)

    def add(self, file: SourceFile, rows: Any, rejected: Sequence[Any]) -> None:
        if not rejected:
            return
        self.file = self.file or self._new
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with open(open_private(self.file, flags), "a", encoding="utf-8") as out:
            for bad, row in zip(rejected, self._chosen(rows, [bad.index for bad in rejected]), strict=True):
                facts = {"file": file.path.name, "field": bad.field, "error": bad.error, "row": row}
                out.write(json.dumps(_as_json(facts), default=str, ensure_ascii=False, allow_nan=False) + "\n")

    @staticmethod
    def _chosen(rows: Any, indexes: list[int]) -> list[Any]:
        return [rows[index] for index in indexes] if isinstance(rows, list) else python_rows(rows.take(indexes))
