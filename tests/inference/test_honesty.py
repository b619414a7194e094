"""The command that writes the measured half of docs/statistics.md."""

from __future__ import annotations

import numpy as np
import pytest

from bench.honesty import MARKER, PAGE, SECTIONS
from bench.honesty_report import Report
from bench.tabulate_critical_values import POINTS, STATISTICS, Z, simulate, surface
from chimera_metrics.analytics.inference.critical_values import critical_value


def test_every_section_measures_and_judges_its_promises() -> None:
    report = Report()
    for section in SECTIONS.values():
        section(report, 5, 1)
    tables = [line for line in report.lines if line.startswith("**")]
    assert len(tables) == 22
    assert all(": " in missed and "promised" in missed for missed in report.missed)


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
