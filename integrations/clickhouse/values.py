"""SQLAlchemy's own types where both engines answer another Python value than the type means."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import types as sa

Process = Callable[[Any], Any]

_UNITS = {
    "IntervalWeek": timedelta(weeks=1),
    "IntervalDay": timedelta(days=1),
    "IntervalHour": timedelta(hours=1),
    "IntervalMinute": timedelta(minutes=1),
    "IntervalMillisecond": timedelta(milliseconds=1),
    "IntervalMicrosecond": timedelta(microseconds=1),
}


class _Interval(sa.Interval):
    """A length of time: a parameter is one of ClickHouse's intervals, and a difference of times comes as seconds."""

    cache_ok = True

    def bind_processor(self, dialect: Any) -> None:  # type: ignore[override]
        return None

    def result_processor(self, dialect: Any, coltype: Any) -> Process:
        unit = _UNITS.get(str(coltype), timedelta(seconds=1))

        def process(value: Any) -> Any:
            if isinstance(value, Decimal):
                return timedelta(microseconds=int(value * 1_000_000))
            return value * unit if isinstance(value, int | float) else value

        return process


class _Boolean(sa.Boolean):
    """The engine answers a comparison with 0 or 1."""

    def result_processor(self, dialect: Any, coltype: Any) -> Process:
        return lambda value: bool(value) if isinstance(value, int) else value


class _LargeBinary(sa.LargeBinary):
    """Bytes that are UTF-8 come as text."""

    def result_processor(self, dialect: Any, coltype: Any) -> Process:
        return lambda value: value.encode() if isinstance(value, str) else value


class _Time(sa.Time):
    """A time of day comes as the time since midnight."""

    def result_processor(self, dialect: Any, coltype: Any) -> Process:
        def process(value: Any) -> Any:
            if isinstance(value, timedelta) and timedelta(0) <= value < timedelta(days=1):
                return (datetime.min + value).time()
            return value

        return process


class _Json(sa.JSON):
    """A column of text holds JSON; one of type JSON comes as a dict."""

    def result_processor(self, dialect: Any, coltype: Any) -> Process:
        return lambda value: json.loads(value) if isinstance(value, str | bytes) else value


COLSPECS: dict[Any, Any] = {
    sa.Interval: _Interval,
    sa.Boolean: _Boolean,
    sa.LargeBinary: _LargeBinary,
    sa.Time: _Time,
    sa.JSON: _Json,
}
