"""A pytest plugin for runs on another engine: keeps the tests that reach the server, marks what is known to differ."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.wire_process import ENGINE_FOLDER

# Fixtures that stand for the server.
_SERVER = {"native", "wire", "address"}
# Compares texts as the newest engine sets them out; what they answer is compared elsewhere.
_OF_TEXTS = "tests/analytics/test_snapshots.py"

# By engine and the end of a test's name: why it cannot pass there. One that passes all the same is a failure.
DIFFERENCES = {
    "26.3.0": {
        "not_undone[native-defer_partition_pruning_after_final-1]": "26.3 has no such setting, and says so",
        "[SELECT-arrayMap-upper-groupArray-model-arrayZip-1-a-arrayEnumerate-5-6-arrayRedu]": "26.3 takes no bare name "
        "of a function as an argument",
        "[SELECT-FROM-VALUES-1-a-2-b-]": "the newer form names the table function SQLStandardValues",
    }
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept = [item for item in items if _reaches_the_server(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept
    engine = Path(os.environ.get(ENGINE_FOLDER, "")).name.removeprefix("engine-")
    for item in items:
        for end, why in DIFFERENCES.get(engine, {}).items():
            if item.nodeid.endswith(end):
                item.add_marker(pytest.mark.xfail(reason=why, strict=True))


def _reaches_the_server(item: pytest.Item) -> bool:
    if item.nodeid.startswith(_OF_TEXTS):
        return False
    if item.nodeid.startswith("tests/wide/"):
        return True
    parameters = getattr(item, "callspec", None)
    values = parameters.params.values() if parameters is not None else ()
    if "embedded" in values:
        return False
    fixtures = set(getattr(item, "fixturenames", ()))
    in_analytics = item.nodeid.startswith("tests/analytics/") and "store" in fixtures
    return "native" in values or in_analytics or bool(fixtures & _SERVER)
