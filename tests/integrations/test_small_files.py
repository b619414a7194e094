"""Files written by hand are read no further than such a file can be: a device has no end."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from chimera_metrics.integrations.dot_env import dot_env
from chimera_metrics.integrations.errors import InvalidInput, SettingsError
from chimera_metrics.integrations.kafka.mapping import RowMapping
from chimera_metrics.integrations.otlp.prices import Prices
from chimera_metrics.integrations.small_files import MOST, small_bytes, small_text

ENDLESS = Path("/dev/zero")


def test_a_file_of_the_largest_size_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"a" * MOST)
    assert len(small_bytes(file)) == MOST
    file.write_bytes(b"a" * (MOST + 1))
    with pytest.raises(OSError, match="it is longer than 1,000,000 bytes"):
        small_text(file)


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=[b"ts = 1"])
    writer.start()
    assert small_text(pipe) == "ts = 1"
    writer.join()


def test_an_endless_mapping_and_endless_prices_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"/dev/zero cannot be read .it is longer than"):
        RowMapping("ui_events", ENDLESS)
    with pytest.raises(SettingsError, match=r"MUSE_PRICES names /dev/zero, which cannot be read .it is longer than"):
        Prices(ENDLESS)


def test_an_endless_env_file_is_left_out_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / ".env"
    file.symlink_to(ENDLESS)
    assert dot_env(file) == {}
    assert "is left out: it is longer than 1,000,000 bytes." in capsys.readouterr().err + caplog.text
