"""Which tests `make test` leaves to `make test-wide`: those that take long, one line each in `tests/long_tests.txt`.

A test of many cases keeps a cheap one in `make test`. `python -m tests.support.long_tests REPORT.xml` writes the list
anew from a report of all tests (`pytest --junitxml=REPORT.xml`).
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

TESTS = Path(__file__).parents[1]
LIST = TESTS / "long_tests.txt"
# Seconds from which a test is long, and a case of a test that has several.
ALONE_S, CASE_S = 2.0, 0.8
# What users do first stays in `make test`, and what all else stands on.
KEPT = (
    "test_cli.py::test_status_is_0_on_a_current_store_and_1_on_none",
    "test_cli.py::test_backfill_stores_the_samples_once",
    "test_cli.py::test_alembic_upgrade_head_on_an_empty_path_and_then_check",
    "test_command_line.py::test_an_empty_folder_is_brought_to_head_and_checked",
    "test_copy.py::test_there_and_back_everything_is_as_it_was",
    "test_backup.py::test_from_backup_to_a_restored_store_in_use",
    "test_report.py::test_the_report_is_one_file_that_asks_no_host",
    "test_serving.py::test_a_client_goes_on_after_a_restart",
    "test_wheel.py::test_it_migrates_beside_them",
    "test_both_engines.py::test_values_and_types_are_the_same",
    "test_layers.py::",
)


def listed() -> frozenset[str]:
    return frozenset(LIST.read_text(encoding="utf-8").splitlines())


def long_ones(report: Path) -> list[str]:
    """The ids of the long tests of a report, in order."""
    cases: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314  # our own
        test = f"{str(case.get('classname')).replace('.', '/')}.py::{case.get('name')}"
        if not any(kept in test for kept in KEPT):
            cases[test.partition("[")[0]].append((float(case.get("time", 0)), test))
    found = []
    for tried in cases.values():
        first, *others = sorted(tried)
        found += [test for seconds, test in others if seconds >= CASE_S]
        if first[0] >= (ALONE_S if not others else 4 * CASE_S):
            found.append(first[1])
    return sorted(found)


if __name__ == "__main__":
    LIST.write_text("".join(f"{test}\n" for test in long_ones(Path(sys.argv[1]))), encoding="utf-8")
