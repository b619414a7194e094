"""The guides of operations: their commands are run, their output is compared; the client's examples are run.

Set UPDATE_DOCS=1 to write the outputs again. Numbers, times and places differ from run to run and are not compared.
"""

from __future__ import annotations

import getpass
import os
import re
import shlex
from pathlib import Path

from tests.apps.support import Shell

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"(<!-- run -->\n```console\n)(.*?)(```)", re.DOTALL)
SHOWN = "/srv/muse"


def shape(output: str) -> str:
    """What must be the same today as when the page was written."""
    output = re.sub(r"\b[0-9a-f]{8}\b", "HASH", output)
    output = re.sub(r"(-?\d[\d,.:T+-]*)(\s?(B|kB|MB|GB|TB|ms|s|min|h|d)\b)?", "N", output)
    # What depends on the machine's disk, on merges under way, and on the hour that the samples are moved to: it cuts
    # their days elsewhere.
    output = re.sub(r"; no gap", "", output)
    output = re.sub(r"\bN to N a day", "N a day", output)
    lines = (" ".join(line.split()) for line in output.splitlines())
    return "\n".join(line for line in lines if not re.match(r"(ok|warn|FAIL) (disk|parts) ", line))


def test_the_commands_of_operations_print_what_it_says(sampled: Path, tmp_path: Path) -> None:
    import shutil

    store = shutil.copytree(sampled, tmp_path / "store", symlinks=True)
    shell = Shell(CH_PATH=str(store), MUSE_BACKUP_DIR=str(tmp_path / "backups"))
    page = (DOCS / "operations.md").read_text(encoding="utf-8")
    made = []

    def ran(block: re.Match[str]) -> str:
        lines = []
        for command in re.findall(r"^\$ (.+)$", block[2], re.MULTILINE):
            words = [word.replace(SHOWN, str(tmp_path)) for word in shlex.split(command)]
            output = shell.run(*words).stdout.replace(str(tmp_path), SHOWN)
            output = re.sub(rf"\b{re.escape(getpass.getuser())}\b", "ada", output)
            lines.append(f"$ {command}\n{output}")
        made.append("\n".join(lines))
        return f"{block[1]}{made[-1]}{block[3]}"

    written = BLOCK.sub(ran, page)
    if os.environ.get("UPDATE_DOCS"):
        (DOCS / "operations.md").write_text(written, encoding="utf-8")
        page = written
    assert len(made) == 5
    for (_, expected, _), found in zip(BLOCK.findall(page), made, strict=True):
        assert shape(found) == shape(expected)


def test_the_client_s_examples_run(sampled: Path, tmp_path: Path) -> None:
    from chimera_metrics.integrations.config import ClickHouseSettings
    from chimera_metrics.integrations.evolution import runner

    path = str(tmp_path / "store")
    runner.upgrade(ClickHouseSettings(path=path))
    page = (DOCS / "client.md").read_text(encoding="utf-8")
    names: dict[str, object] = {"path": path}
    for example in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        lines = "\n" * before(page, example) + example
        exec(compile(lines, str(DOCS / "client.md"), "exec"), names)  # noqa: S102  # our own page


def before(page: str, example: str) -> int:
    """Lines above an example, so that an error names the page's own line."""
    return page[: page.index(example)].count("\n")
