"""Commands as a user runs them, on a store that the test fills once."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from chimera_metrics.apps.muse_cli import main
from chimera_metrics.integrations.writing.ledger import Ledger

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@contextlib.contextmanager
def dying_after(acknowledged: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process dies when it is about to acknowledge one batch more than that."""
    acknowledge, answers = Ledger.acknowledge, iter([True] * acknowledged)

    def dies(self: Ledger, *args: Any, **more: Any) -> bool:
        if next(answers, None) is None:
            raise KeyboardInterrupt
        return acknowledge(self, *args, **more)

    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "acknowledge", dies)
        yield


@dataclass
class Done:
    """How a command ended."""

    stdout: str
    stderr: str


class Shell:
    """Runs commands with the settings of one store: `muse` in this process, which saves its start, others outside."""

    def __init__(self, **settings: str) -> None:
        self.settings = settings

    def run(self, *command: str, code: int = 0) -> Done:
        """The command, which must exit with `code` and never with a traceback."""
        done, found = self._muse(*command[1:]) if command[0] == "muse" else self._process(*command)
        assert found == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    def _muse(self, *arguments: str) -> tuple[Done, int]:
        result = CliRunner(env=self.settings).invoke(main, arguments, prog_name="muse")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.stdout, result.stderr), result.exit_code

    def _process(self, program: str, *arguments: str) -> tuple[Done, int]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("CH_", "MUSE_"))}
        done = subprocess.run(
            [BIN / program, *arguments],
            cwd=ROOT,
            env=clean | self.settings,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return Done(done.stdout, done.stderr), done.returncode

    def json(self, *command: str, code: int = 0) -> Any:
        return json.loads(self.run(*command, "--json", code=code).stdout)
