"""The file of rows that were refused, each with the reason."""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from chimera_metrics.integrations.backfill.arrow_rows import python_rows
from chimera_metrics.integrations.backfill.files import SourceFile
from chimera_metrics.integrations.masking.columns import mask_json
from chimera_metrics.integrations.private_files import open_private
from chimera_metrics.integrations.validation.row_path import faults_of

MOST_BYTES = 8_000_000
"""Where the file ends; its last line says so."""
_LONGEST_VALUE = 1_000
_LONGEST_ROW = 20_000
_MOST_PARTS = 100
_DEEPEST = 8
_ROWS_AT_ONCE = 500


@dataclass
class Reason:
    """Why some rows were refused: the first one's sentence, and how many there are."""

    first: str
    rows: int = 0


class RejectedRows:
    """Written when the first row is refused. Only its owner may read it. Long values are cut, secrets are masked."""

    def __init__(self, folder: Path, now: datetime, mask: bool = True) -> None:
        self._new = folder / f"rejected-{now:%Y%m%dT%H%M%S.%f}.jsonl"
        self._mask = mask
        self.file: Path | None = None
        self.left_out = 0
        """Rows for which the file had no room."""
        self.reasons: dict[tuple[str, str], Reason] = {}
        """By file and column, why rows in the file were refused."""

    def go_on(self, earlier: Path) -> None:
        """Adds to the file of the run that was stopped, unless it is gone."""
        self.file = self.file or (earlier if earlier.is_file() else None)

    def add(self, file: SourceFile, rows: Any, rejected: Sequence[Any]) -> None:
        if not rejected:
            return
        self.file = self.file or self._new
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with open(open_private(self.file, flags), "a", encoding="utf-8", errors="backslashreplace") as out:
            room = MOST_BYTES - os.fstat(out.fileno()).st_size
            for start in range(0, len(rejected), _ROWS_AT_ONCE):
                some = rejected[start : start + _ROWS_AT_ONCE]
                chosen = self._chosen(rows, [bad.index for bad in some])
                for done, (bad, row) in enumerate(zip(some, chosen, strict=True), start):
                    line = self._line(file, bad, row)
                    room -= len(line.encode("utf-8", "surrogatepass"))
                    if room <= 0:
                        self._end(out, len(rejected) - done)
                        return
                    out.write(line)

    def _end(self, out: Any, left: int) -> None:
        if not self.left_out and out.tell() < MOST_BYTES:
            note = f"This file holds {MOST_BYTES:,} bytes; rows refused after this one are not in it."
            out.write(json.dumps({"note": note}) + "\n")
        self.left_out += left

    def _line(self, file: SourceFile, bad: Any, row: Any) -> str:
        facts = {"file": file.path.name, "field": bad.field, "error": bad.error, "row": _cut(row, 2 * _LONGEST_VALUE)}
        also = [{"field": name, "error": text} for name, text in faults_of(file.table, row) if name != bad.field]
        facts |= {"also": also[:_MOST_PARTS]} if also else {}
        text = json.dumps(facts, default=str, ensure_ascii=False, allow_nan=False)
        if self._mask:
            text = mask_json(text)[0]
        # Masked first, while secrets are whole.
        facts = _cut(json.loads(text), _LONGEST_VALUE)
        for fault in (facts, *facts.get("also", ())):
            reason = self.reasons.setdefault((facts["file"], fault["field"]), Reason(fault["error"]))
            reason.rows += 1
        text = json.dumps(facts, ensure_ascii=False, allow_nan=False)
        if len(text) > _LONGEST_ROW:
            text = json.dumps(facts | {"row": f"{len(text):,} characters"}, ensure_ascii=False, allow_nan=False)
        return text + "\n"

    @staticmethod
    def _chosen(rows: Any, indexes: list[int]) -> list[Any]:
        return [rows[index] for index in indexes] if isinstance(rows, list) else python_rows(rows.take(indexes))


def _cut(value: Any, longest: int, depth: int = 0) -> Any:
    """A value of which a long text, and what is many or deep, is cut and says how much there was."""
    if isinstance(value, str | bytes):
        unit = "characters" if isinstance(value, str) else "bytes"
        rest = "" if len(value) <= longest else f"… ({len(value):,} {unit})"
        return (value[:longest] if isinstance(value, str) else str(value[:longest])) + rest
    if depth >= _DEEPEST and isinstance(value, Mapping | list | tuple | set):
        return f"… ({len(value):,} values)"
    if isinstance(value, Mapping):
        parts = {_cut(str(key), longest): _cut(part, longest, depth + 1) for key, part in _some(value.items())}
        return parts | ({"…": f"{len(value):,} values"} if len(value) > _MOST_PARTS else {})
    if isinstance(value, list | tuple | set):
        cut = [f"… ({len(value):,} values)"] if len(value) > _MOST_PARTS else []
        return [_cut(part, longest, depth + 1) for part in _some(value)] + cut
    if isinstance(value, float) and not math.isfinite(value):  # JSON has no numbers for them, but their words
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    return value


def _some(values: Any) -> Any:
    return itertools.islice(values, _MOST_PARTS)
