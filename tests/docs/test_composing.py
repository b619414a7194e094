"""Every snippet of docs/composing.md runs, in order, on a store with a month of rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chimera_metrics.integrations.clickhouse.store import open_store
from tests.analytics.conftest import Store
from tests.analytics.rows import bench, commit, llm, ui

PAGE = (Path(__file__).parents[2] / "docs" / "composing.md").read_text(encoding="utf-8")
CHANGED = 12
"""Days ago that the benchmarks and the interface became slower."""


@pytest.fixture
def month(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """30 days: benchmarks at about 100 ms, then 150 from the commit of 12 days ago; the interface follows."""
    store = Store.at(tmp_path / "store")
    store.create()
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(30, 0, -1):
        level = 150.0 if day <= CHANGED else 100.0
        wobble = (day * 7 % 5) - 2.0
        moments = [today - timedelta(days=day) + timedelta(hours=hour) for hour in (1, 9, 17)]
        sha = commit(1 if day > CHANGED else 2)
        runs = [bench(ts, day * 3 + n, level + wobble, commit_sha=sha) for n, ts in enumerate(moments)]
        store.insert("bench_runs", [*runs, bench(moments[0], day * 3, 200.0, model="qwen", commit_sha=sha)])
        store.insert("ui_events", [ui(ts, day, latency_ms=level / 2 + wobble) for ts in moments])
        cost = Decimal("0.01")
        store.insert("llm_events", [llm(ts, level, model="llama", cost_usd=cost) for ts in moments])
        store.insert("llm_events", [llm(moments[0], level, model="qwen", status="timeout", cost_usd=cost)])
    monkeypatch.setenv("CH_PATH", store.settings.path)
    monkeypatch.setenv("CH_DATABASE", store.settings.database)
    yield
    store.engine.dispose()
    open_store(store.settings.store_path).close()


def snippets() -> Iterator[tuple[str, str]]:
    for section in PAGE.split("\n## "):
        for code in re.findall(r"```python\n(.*?)```", section, re.DOTALL):
            yield section.partition("\n")[0], code


@pytest.mark.usefixtures("month")
def test_every_question_is_answered(capsys: pytest.CaptureFixture[str]) -> None:
    session: dict[str, Any] = {}
    answered = 0
    for heading, code in snippets():
        session.pop("rows", None)
        exec(compile(code, heading, "exec"), session)  # noqa: S102  # our own page
        if heading[0].isdigit():
            assert session["rows"], heading
            answered += 1
    session["engine"].dispose()
    assert answered == 13
    assert f"100 to 150 ms, commit {commit(2)}" in capsys.readouterr().out
