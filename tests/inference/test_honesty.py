"""The command that writes the measured half of docs/statistics.md."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench import honesty, honesty_anomalies, honesty_newest, honesty_steps, honesty_trend
from bench.honesty import MARKER, PAGE, SECTIONS
from bench.honesty_report import Report
from bench.many_anomalies import COMPARED, one_by_one, places_of
from bench.noise import laid_over, unit_noise
from bench.tabulate_critical_values import MAKERS, NAMES, POINTS, STATISTICS, Z, points_of, simulate, surface
from chimera_metrics.analytics.inference import critical_values
from chimera_metrics.analytics.inference.critical_values import critical_value

PARTS = {
    "change": ["change", "lag1 after step"],
    "far": ["far one", "far arc", "far stairs"],
    "anomaly": ["anomaly rule", "anomaly cap"],
}


def test_every_section_measures_and_judges_its_promises(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (honesty_steps, honesty_trend, honesty_anomalies, honesty_newest):
        monkeypatch.setattr(module, "POINTS", (12, 30))
    monkeypatch.setattr(honesty_steps, "POINTS_WITH_WEEK", (28,))
    report = Report()
    for section in SECTIONS.values():
        section(report, 5, 1)
    tables = [line for line in report.lines if line.startswith("**")]
    assert len(tables) == 41
    assert report.promised > 300
    assert all(": " in missed and "promised" in missed for missed in report.missed)


@pytest.mark.parametrize(("name", "residual"), [("t3", 0.05), ("70 % zeros", 0.0), ("AR(1) 0.9", 0.15)])
def test_anomalies_of_many_series_at_once_are_those_of_each(name: str, residual: float) -> None:
    rng = np.random.default_rng(4)
    y = unit_noise(rng, name, COMPARED + 20, 30) + laid_over(rng, 7, residual, COMPARED + 20, 30)
    y[::3, 15] += 10.0
    found = places_of(y, 7)[COMPARED:]
    assert found == [one_by_one(row, 7) for row in y[COMPARED:]]
    assert name == "70 % zeros" or any(found)


def test_the_page_has_its_words_and_a_measured_half_of_every_section() -> None:
    words, measured = PAGE.read_text().split(MARKER)
    assert "standard deviation" in words
    assert all(f"### {name}" in measured for name in SECTIONS)
    assert "Seed 7" in measured


def test_tables_are_made_by_the_code_that_reads_them() -> None:
    simulated = simulate(lambda y: STATISTICS["trend"](15, y), 15, 1000, np.random.default_rng(5))
    table = surface(simulated, 2)
    assert 15 in POINTS["trend"]
    ours = critical_value("trend", 0.05, np.array([0.0]), 15)[0]
    assert np.interp(1.96, Z, table[0]) == pytest.approx(ours, rel=0.15)


def test_every_table_of_the_generator_is_stored_at_its_points() -> None:
    stored = json.loads((Path(critical_values.__file__).parent / "critical_values.json").read_text())["tables"]
    for name in NAMES:
        kind, _, period = name.partition("/")
        parts = PARTS.get(kind, [kind])
        assert kind in MAKERS
        for part in parts:
            table = stored[f"{part}/{period}" if period else part]
            nodes = points_of("far" if kind == "gate" else kind, int(period) if period else None)
            assert table["points"] == list(nodes)
            assert np.isfinite(np.array(table["values"])).all()
            assert len(table["values"]) == len(nodes)


def test_a_section_is_replaced_and_the_others_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "statistics.md"
    page.write_text(f"words\n\n{MARKER}\n\n## Measured\n\n### Trend\n\nold\n\n### Cycles\n\nkept\n")
    monkeypatch.setattr(honesty, "PAGE", page)
    honesty.write("Trend", ["### Trend", "", "new"])
    text = page.read_text()
    assert text.startswith("words")
    assert "old" not in text
    assert text.index("kept") < text.index("new")  # in the order of the sections
