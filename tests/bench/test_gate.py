"""A slice of `python -m bench.gate`: commits that are judged as the command judges them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import gate
from chimera_metrics.integrations.operations.gate import FOUND, NONE


def test_commits_are_judged_and_the_command_agrees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_WHOLE", 8)
    every = gate.cases(commits=8)
    codes, otherwise, _ = gate.measure(tmp_path, every, seed=7)
    assert otherwise == []
    assert [codes[case] for case in every if case.step == 4.0] == [FOUND]
    assert {codes[case] for case in every if not case.step} == {NONE}


def test_too_many_alarms_are_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    every = gate.cases(commits=8)
    assert not gate.report(dict.fromkeys(every, FOUND))
    assert "False alarms: 8 of 8 commits (100.00%; at most 1%)" in capsys.readouterr().out
