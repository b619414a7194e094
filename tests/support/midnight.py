"""Tests that count in days of UTC begin where the day stays the same until they are done."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

#: Rooms whose stores and expectations name days as seen from today.
ROOMS = ("apps", "copying", "operations")
MARGIN = timedelta(minutes=15)


def left_of(now: datetime) -> timedelta:
    """How long it is until UTC midnight."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1) - now


def wait_where_midnight_is_near(collector: pytest.Collector) -> None:
    """Before a module of those rooms is imported, because some compute today's date there."""
    if not isinstance(collector, pytest.Module) or collector.path.parent.name not in ROOMS:
        return
    left = left_of(datetime.now(UTC))
    if left < MARGIN:
        captured = collector.config.pluginmanager.getplugin("capturemanager")
        with captured.global_and_fixture_disabled():
            sys.stderr.write(f"Waiting {left} for UTC midnight: tests that count in days begin after it.\n")
        time.sleep(left.total_seconds() + 1)
