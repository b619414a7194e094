"""`python -m bench.reliability` says in one sentence what an argument takes, before anything runs."""

from __future__ import annotations

import pytest

from bench import reliability


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--replay", "3"], "argument --replay: takes a seed and a run such as 11:42, not '3'"),
        (["--replay", "x:y"], "argument --replay: takes a seed and a run such as 11:42, not 'x:y'"),
        (["--replay", "1:-1"], "argument --replay: takes a seed and a run such as 11:42, not '1:-1'"),
        (["--runs", "0"], "argument --runs: takes a number of runs, 1 or more, not '0'"),
        (["--runs", "-1"], "argument --runs: takes a number of runs, 1 or more, not '-1'"),
        (["--runs", "many"], "argument --runs: takes a number of runs, 1 or more, not 'many'"),
    ],
)
def test_a_wrong_argument_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str], sentence: str
) -> None:
    monkeypatch.setattr("sys.argv", ["bench.reliability", *words])
    monkeypatch.setattr(reliability, "_run_all", lambda _: ({}, []))
    with pytest.raises(SystemExit) as left:
        reliability.main()
    assert left.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith(f"error: {sentence}")
