"""The official conformance scenarios that apply to any server. The others ask for a test server's own tools."""

from __future__ import annotations

import pytest

from tests.hosts import node

SCENARIOS = [
    "server-initialize",
    "ping",
    "tools-list",
    "tools-call-simple-text",
    "resources-list",
    "prompts-list",
    "completion-complete",
    "logging-set-level",
    "dns-rebinding-protection",
]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_an_official_scenario_passes(url: str, scenario: str) -> None:
    done = node.run(node.CONFORMANCE, "server", "--url", url, "--scenario", scenario)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout
    assert ", 0 failed, 0 warnings" in done.stdout
