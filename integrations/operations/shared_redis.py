"""The Redis that servers share, in `muse status`: whether it answers, and how often answers were found there."""

from __future__ import annotations

import time

from chimera_metrics.integrations import redis_link
from chimera_metrics.integrations.answers.cache import HITS, MISSES
from chimera_metrics.integrations.config import MuseSettings
from chimera_metrics.integrations.errors import SettingsError
from chimera_metrics.integrations.questions.freshness import check

_SLOW = "Each server keeps answers for itself meanwhile, and allows its share of a rate (MUSE_SERVERS)."


def lines(muse: MuseSettings) -> list[dict[str, str]]:
    """One line where `MUSE_CACHE` names a Redis. Never an error: all goes on without it."""
    url = muse.redis_url
    if url is None:
        return []
    where = redis_link.where(url)
    try:
        client = redis_link.connect(url)
    except SettingsError as error:
        return [check("redis", "warning", f"{where} is not asked", str(error))]
    try:
        client.ping()
        started = time.perf_counter()
        hits, misses = (int(found or 0) for found in client.mget(HITS, MISSES))
        took_ms = (time.perf_counter() - started) * 1000
    except Exception as error:  # noqa: BLE001  # redis-py's own errors, which are imported there alone
        return [
            check("redis", "warning", f"{where} gives no answer ({type(error).__name__})", f"{_SLOW} Check MUSE_CACHE.")
        ]
    finally:
        client.close()
    figure = f"{where} in {took_ms:.1f} ms; {hits:,} answers found, {misses:,} not"
    if took_ms > redis_link.WITHIN_S * 1000:
        return [check("redis", "warning", figure, f"Servers wait {redis_link.WITHIN_S * 1000:.0f} ms at most. {_SLOW}")]
    return [check("redis", "ok", figure)]
