"""Agent frameworks and the official SDKs, each in its own environment, over stdio and over HTTP."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.hosts import node
from tests.wide.environments import ROOT, whole_environment
from tests.wide.frameworks.calls import calls
from tests.wide.frameworks.clients import typescript
from tests.wide.outcomes import Outcome
from tests.wide.stores import MUSE, make_store

OURS = Path(sys.executable)
BRIDGE = ROOT / "tests" / "wide" / "frameworks" / "node"
#: Two environments, because the adapters of LangChain need version 1 of the SDK; None is the project's own.
CLIENTS: dict[str, str | None] = {
    "sdk_2": "frameworks_2",
    "openai_agents": "frameworks_2",
    "gemini": "frameworks_2",
    "pydantic_agents": "frameworks_2",
    "fastmcp_client": "frameworks_2",
    "sdk_1": "frameworks_1",
    "langchain": "frameworks_1",
    "typescript": None,
}
#: What a client needs to be set (docs/clients.md).
SETTINGS = {"gemini": {"MUSE_TOOL_SCHEMAS": "open"}}


def run() -> Iterator[Outcome]:
    with tempfile.TemporaryDirectory(prefix="muse-frameworks-") as name:
        folder = Path(name)
        written = folder / "calls.json"
        written.write_text(json.dumps(calls(), default=str))
        make_store(_variables(folder / "samples"))
        for client, environment in CLIENTS.items():
            python = whole_environment(environment) if environment else OURS
            for transport in ("stdio", "http"):
                yield _outcome(python, client, transport, folder, written)


def _variables(store: Path) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CH_", "MUSE_", "PYTHON"))}
    own = {"CH_PATH": str(store), "MUSE_AUDIT_DIR": f"{store}-audit", "MUSE_TOKENS_FILE": f"{store}-tokens.json"}
    node_js = {typescript.FOLDER: str(_bridge()), typescript.NODE: str(node.node())}
    return clean | own | node_js | {"PYTHONPATH": str(ROOT), "OPENAI_AGENTS_DISABLE_TRACING": "1"}


def _bridge() -> Path:
    """The folder with the TypeScript SDK and the program that uses it, which finds packages beside itself only."""
    folder = node.programs(BRIDGE / "package.json").parent
    shutil.copy(BRIDGE / "bridge.mjs", folder)
    return folder


def _outcome(python: Path, client: str, transport: str, folder: Path, written: Path) -> Outcome:
    store = folder / f"{client}-{transport}"
    shutil.copytree(folder / "samples", store, symlinks=True)
    started = time.monotonic()
    told = subprocess.run(
        [python, "-m", "tests.wide.frameworks", client, transport, MUSE, str(written)],
        env=_variables(store) | SETTINGS.get(client, {}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    checks = [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]
    faults = [f"{check['name']}: {check['fault']}" for check in checks if check["fault"]]
    if told.returncode:
        faults.append(f"ended with {told.returncode}: {told.stderr.strip()[-2000:]}")
    for fault in faults:
        print(f"  {client} over {transport}: {fault}", flush=True)
    passed = sum(check["fault"] is None for check in checks)
    return Outcome(client, transport, passed, len(faults), 0, time.monotonic() - started)
