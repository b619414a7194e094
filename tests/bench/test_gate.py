"""A slice of `python -m bench.gate`: commits that are judged as the command judges them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import gate
from bench.gate_cases import HELD, STATED, cases
from bench.honesty_report import Report
from chimera_metrics.integrations.operations.gate import FOUND, NONE


def test_commits_are_judged_as_the_command_judges_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_WHOLE", 20)
    every = cases(commits=24)
    stored, otherwise, _ = gate.from_a_store(tmp_path, every, seed=7)
    assert otherwise == []
    assert {case: gate.judged(case, 7) for case in every} == stored
    assert {stored[case] for case in every if case.step == 2.0} == {FOUND}
    assert {stored[case] for case in every if not case.step and case.noise in HELD} == {NONE}


def test_many_commits_show_few_alarms_and_enough_power() -> None:
    every = cases(commits=72, power=100)
    report = Report()
    gate.tell(report, {case: gate.judged(case, 7) for case in every if case.noise not in STATED})
    assert report.missed == []
    assert report.promised == 4


def test_too_many_alarms_are_a_failure() -> None:
    report = Report()
    gate.tell(report, dict.fromkeys(cases(commits=72), FOUND))
    assert report.missed == ["false alarms: 1000 of 1,000, promised at most 10"]
    assert any("(72 of 72, 100.00%, without those of AR(1); at most 1%)" in line for line in report.lines)
