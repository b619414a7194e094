"""What the README, the registry's file and the Dockerfile say works."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import anyio
import mcp
import pytest
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import Implementation

from chimera_metrics.integrations.config import variables
from tests.server.processes import ROOT
from tests.server.test_names import HOSTS

README = (ROOT / "README.md").read_text()
SECTION = README.partition("<!-- clients -->")[2].partition("<!-- /clients -->")[0]


def snippet(host: str) -> str:
    """The block of code below the host's name."""
    found = re.search(rf"\*\*{re.escape(host)}\*\*.*?```\w+\n(.*?)```", SECTION, re.DOTALL)
    assert found is not None, f"The README has no snippet for {host}"
    return found[1]


def as_here(text: str, folder: Path) -> str:
    """The snippet with this machine's places instead of the placeholders."""
    program = str(Path(sys.executable).with_name("muse"))
    return text.replace("/path/to/chimera-metrics/.venv/bin/muse", program).replace(
        "/path/to/store", str(folder / "store")
    )


def from_json(text: str) -> dict[str, Any]:
    found = json.loads(text)
    [server] = found.get("mcpServers", found.get("servers", {})).values()
    return dict(server)


def from_command(text: str) -> dict[str, Any]:
    words = shlex.split(text)
    assert words[:3] == ["claude", "mcp", "add"]
    options, command = words[3 : words.index("--")], words[words.index("--") + 1 :]
    name, value = options[options.index("--env") + 1].split("=", 1)
    return {"command": command[0], "args": command[1:], "env": {name: value}}


async def _names(server: dict[str, Any], client_name: str) -> list[str]:
    parameters = StdioServerParameters(command=server["command"], args=server["args"], env=server["env"])
    info = Implementation(name=client_name, version="1")
    async with mcp.Client(stdio_client(parameters), client_info=info) as client:
        assert not (await client.call_tool("query_aggregate", {"metrics": ["llm.calls"]})).is_error
        return [tool.name for tool in (await client.list_tools()).tools]


SNIPPETS = [
    ("Claude Desktop", "claude-ai", from_json),
    ("Cursor", "cursor-vscode", from_json),
    ("Claude Code", "claude-code", from_command),
    ("VS Code", "Visual Studio Code", from_json),
]


@pytest.mark.parametrize(("host", "client_name", "read"), SNIPPETS, ids=[host for host, _, _ in SNIPPETS])
def test_a_snippet_starts_the_server_in_the_host_s_form(tmp_path: Path, host: str, client_name: str, read: Any) -> None:
    names = anyio.run(_names, read(as_here(snippet(host), tmp_path)), client_name)
    assert len(names) == len(json.loads((ROOT / "server" / "catalog" / "surface.json").read_text())["tools"])
    assert ("query.aggregate" in names) is dict(HOSTS)[client_name]


def test_the_agent_s_snippet_runs(tmp_path: Path) -> None:
    program = as_here(snippet("An agent on the MCP SDK"), tmp_path)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "'episodes'" in done.stdout


def test_the_registry_s_file_names_this_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = json.loads((ROOT / "server.json").read_text())
    [package] = found["packages"]
    assert found["version"] == package["version"] == project["version"]
    assert package["identifier"] == project["name"]
    assert package["transport"] == {"type": "stdio"}
    assert len(found["description"]) <= 100  # the registry's limit
    assert {variable["name"] for variable in package["environmentVariables"]} <= set(variables())
    assert package["runtimeArguments"][1]["value"] in project["scripts"]


INSTRUCTIONS = {"FROM", "WORKDIR", "COPY", "HEALTHCHECK", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "ENTRYPOINT", "CMD"}


def test_the_dockerfile_is_sound() -> None:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.split(None, 1) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert {words[0] for words in lines} <= INSTRUCTIONS
    users = [words[1] for words in lines if words[0] == "USER"]
    assert users == ["muse"], "it must not run as root"
    for words in lines:
        if words[0] == "FROM":
            assert not words[1].split()[0].endswith(":latest")
            assert ":" in words[1]
        if words[0] == "COPY" and not words[1].startswith("--from"):
            assert all((ROOT / source).exists() for source in words[1].split()[:-1])
        if words[0] in {"ENTRYPOINT", "CMD"}:
            assert isinstance(json.loads(words[1]), list), "a shell in between would swallow signals"
    settings = re.findall(r"\b((?:CH|MUSE)_\w+)=", text)
    assert settings
    assert set(settings) <= set(variables())


def test_the_image_serves(tmp_path: Path) -> None:
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        pytest.skip("There is no Docker here; the Dockerfile is only read.")
    done = subprocess.run(["docker", "build", "-q", "."], cwd=ROOT, capture_output=True, text=True, check=True)
    parameters = StdioServerParameters(command="docker", args=["run", "-i", "--rm", done.stdout.strip()])

    async def ask() -> bool:
        async with mcp.Client(stdio_client(parameters)) as client:
            return (await client.call_tool("query", {"sql": "SELECT 1"})).is_error

    assert anyio.run(ask) is False


def test_the_pages_name_every_setting_of_the_server() -> None:
    pages = "".join((ROOT / "docs" / page).read_text() for page in ("clients.md", "security.md"))
    ours = "URL ALLOWED_HOSTS ALLOWED_ORIGINS ALLOWED_IPS TRUSTED_PROXIES TLS_CERT TLS_KEY TOKENS_FILE OAUTH_ISSUER"
    for name in f"{ours} OAUTH_JWKS_URL OAUTH_AUDIENCE RATE_LIMIT MAX_REQUEST_BYTES STATELESS AUDIT AUDIT_DIR".split():
        assert f"MUSE_{name}" in pages
        assert f"MUSE_{name}" in variables()
