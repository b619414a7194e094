"""The units and the compose file: systemd takes the first, and what both run is a command that there is."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from chimera_metrics.apps.muse_cli import main
from chimera_metrics.integrations import config

ROOT = Path(__file__).parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
PROGRAM = "/opt/muse/bin/muse"


def fields(unit: Path) -> dict[str, list[str]]:
    """`Section.Key` to its values, strictly: anything that is no section, comment or `Key=value` is a fault."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in unit.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if (head := re.fullmatch(r"\[(Unit|Service|Timer|Install)\]", line)) is not None:
            section = head[1]
            continue
        pair = re.fullmatch(r"([A-Z][A-Za-z]+)=(.*)", line)
        assert pair is not None, line
        assert section, line
        found.setdefault(f"{section}.{pair[1]}", []).append(pair[2])
    return found


def compose(text: str) -> dict[str, Any]:
    """YAML of mappings by two spaces, whose values are words, lists in brackets and `{}`; anything else is a fault."""
    root: dict[str, Any] = {}
    levels = [root]
    for line in text.splitlines():
        if not line or line.lstrip().startswith("#"):
            continue
        pair = re.fullmatch(r"((?:  )*)([A-Za-z_]+):(?: (.+))?", line)
        assert pair is not None, line
        depth = len(pair[1]) // 2
        assert depth < len(levels), line
        del levels[depth + 1 :]
        value: Any = {} if pair[3] in {None, "{}"} else pair[3].strip('"')
        if pair[3] is not None and pair[3].startswith("["):
            value = re.findall(r'"([^"]*)"', pair[3])
        assert pair[2] not in levels[depth], line
        levels[depth][pair[2]] = value
        if pair[3] is None:
            levels.append(value)
    return root


def takes(words: list[str]) -> None:
    """That `muse` has such a command with such options; raises click's error otherwise."""
    command: click.Command = main
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    command.make_context("muse", words)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=[unit.name for unit in UNITS])
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    for one in UNITS:
        program = str(Path(sys.executable).with_name("muse"))
        (tmp_path / one.name).write_text(one.read_text(encoding="utf-8").replace(PROGRAM, program))
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=one", str(tmp_path / unit.name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if str(tmp_path) in line or unit.name in line]
    assert ours == []


@pytest.mark.parametrize("unit", UNITS, ids=[unit.name for unit in UNITS])
def test_what_a_unit_runs_and_sets_is_there(unit: Path) -> None:
    found = fields(unit)
    for line in found.get("Service.ExecStart", []):
        program, *words = shlex.split(line)
        assert program == PROGRAM
        takes(words)
    for line in found.get("Service.Environment", []):
        known = {word.partition("=")[0] for word in shlex.split(line)}
        assert known <= {*config.variables(), "XDG_DATA_HOME"}
    assert ("Service.ExecStart" in found) != ("Timer.OnCalendar" in found)


def test_the_timer_starts_the_backup_and_the_backup_removes_old_ones() -> None:
    timer, service = (fields(ROOT / "deploy" / "systemd" / f"muse-backup.{kind}") for kind in ("timer", "service"))
    assert timer["Timer.Persistent"] == ["yes"]
    assert timer["Install.WantedBy"] == ["timers.target"]
    assert "--keep" in service["Service.ExecStart"][0]
    assert service["Service.User"] == fields(ROOT / "deploy" / "systemd" / "muse.service")["Service.User"]


def test_the_compose_file_serves_the_image_and_backs_it_up() -> None:
    found = compose((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
    server, backups = found["services"]["muse"], found["services"]["backup"]
    takes(list(server["command"]))
    assert set(server["environment"]) <= set(config.variables())
    assert server["ports"] == ["127.0.0.1:8000:8000"]  # for this machine, until somebody says otherwise
    assert (ROOT / "deploy" / server["build"] / "Dockerfile").is_file()
    assert backups["depends_on"] == {"muse": {"condition": "service_healthy"}}
    [line] = re.findall(r"muse ([^;]+);", backups["entrypoint"][-1])
    takes(shlex.split(line))
    for service in (server, backups):
        assert {volume.partition(":")[0] for volume in service["volumes"]} == set(found["volumes"])


def test_the_image_has_a_health_check_that_is_there() -> None:
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    [command] = re.findall(r"^HEALTHCHECK .*\\\n\s+CMD (.+)$", image, re.MULTILINE)
    assert command == '["python", "-m", "chimera_metrics.apps.healthcheck"]'
    assert (ROOT / "apps" / "healthcheck.py").is_file()
