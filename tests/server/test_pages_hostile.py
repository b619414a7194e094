"""Stored text that would like to be markup, on the page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings, Settings
from tests.report.reading import Page
from tests.server.test_pages import browser

HOSTILE = "<script>alert(1)</script>\"'"
RUN = "123e4567-e89b-12d3-a456-426614174000"


def test_stored_text_stays_text(tmp_path: Path) -> None:
    store = ClickHouseSettings(path=str(tmp_path / "store"))
    now = datetime.now(UTC).isoformat()
    run = {"ts": now, "run_id": RUN, "model": HOSTILE, "quant": "q", "dataset": "d", "latency_p95_ms": 1.0}
    with ClickHouseClient(store) as client:
        assert client.insert("bench_runs", [run])["inserted"] == 1
    with browser(Settings(store, MuseSettings(audit_dir=tmp_path, tokens_file=tmp_path / "t.json"))) as client:
        for view in ("/benchmarks", "/rows?table=bench_runs", "/trend?metric=bench.runs&by=model"):
            page = Page(client.get(view).text)
            assert [script["src"] for script in page.all("script")] == ["/page/page.js"]
            assert HOSTILE in page.text, view
