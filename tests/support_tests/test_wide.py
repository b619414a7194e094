"""What `make test-wide` is made of: environments that are made once, tests that are selected, a table."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from tests.wide.__main__ import main
from tests.wide.environments import environment
from tests.wide.outcomes import Outcome, table


@pytest.fixture
def pinned(tmp_path: Path) -> Path:
    """A list with one tiny package, by its hash."""
    wheel = tmp_path / "tiny-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("tiny.py", "one = 1\n")
        file.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n")
        file.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr("tiny-1.dist-info/RECORD", "")
    listed = tmp_path / "tiny.txt"
    listed.write_text(f"{wheel} --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    return listed


def test_an_environment_is_made_once_and_again_when_its_list_changes(pinned: Path, tmp_path: Path) -> None:
    def make() -> Path:
        return environment("tiny", tmp_path / "cache", pinned.parent)

    (make() / "tiny.py").write_text("touched\n")
    assert (make() / "tiny.py").read_text() == "touched\n"
    pinned.write_text(f"# newer\n{pinned.read_text()}")
    assert (make() / "tiny.py").read_text() == "one = 1\n"


def test_a_set_up_that_was_stopped_is_begun_again(pinned: Path, tmp_path: Path) -> None:
    half = tmp_path / "cache" / "tiny"
    half.mkdir(parents=True)
    (half / "rest").touch()
    assert sorted(path.name for path in environment("tiny", half.parent, pinned.parent).glob("[!_.]*")) == [
        "tiny-1.dist-info",
        "tiny.py",
    ]


def test_the_table() -> None:
    assert table([Outcome("26.3.0", "guard", 52, 0, 1, 7.6), Outcome("26.7.3", "questions", 145, 2, 0, 100.4)]) == (
        "where   what       passed  failed  skipped  seconds\n"
        "26.3.0  guard          52       0        1        8\n"
        "26.7.3  questions     145       2        0      100"
    )


def test_an_unknown_subject_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nonsense"]) == 2
    assert capsys.readouterr().err.startswith("No such subject: nonsense. There are: ")
