"""How often each caller may come in: counted by this server, or for all servers in the Redis that they share."""

from __future__ import annotations

import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chimera_metrics.integrations.redis_link import RedisLink

_CALLERS = 10_000


class Rates:
    """A bucket a caller: full at the start, refilled evenly, empty means wait."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, caller: str) -> float:
        """0 if the caller may come in now, else the seconds until then."""
        if not self._per_minute:
            return 0.0
        level, now = self._level(caller)
        allowed = level >= 1
        self._buckets.pop(caller, None)
        self._buckets[caller] = (level - 1 if allowed else level, now)
        if len(self._buckets) > _CALLERS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - level) * 60 / self._per_minute

    def would_wait_s(self, caller: str) -> float:
        """Like `wait_s`, and takes nothing out of the bucket."""
        level, _ = self._level(caller)
        return 0.0 if not self._per_minute or level >= 1 else (1 - level) * 60 / self._per_minute

    def _level(self, caller: str) -> tuple[float, float]:
        now = self._clock()
        level, seen = self._buckets.get(caller, (float(self._per_minute), now))
        return min(self._per_minute, level + (now - seen) * self._per_minute / 60), now


@dataclass(frozen=True, slots=True)
class Bucket:
    """Of a caller: by which limit it is held, and whether it is only looked at."""

    kind: str
    caller: str
    takes: bool = True


class SharedRates:
    """The buckets of all limits. Several servers have one each where Redis answers, else each allows its share."""

    def __init__(
        self,
        per_minute: dict[str, int],
        share: Callable[[int], int] = lambda whole: whole,
        link: Callable[[], RedisLink | None] = lambda: None,
    ) -> None:
        """`per_minute` by the kind of the limit, 0 for any number; `share` of it is what one server allows."""
        self._per_minute = per_minute
        self._own = {kind: Rates(share(most)) for kind, most in per_minute.items()}
        self._link = link

    async def first_wait(self, *buckets: Bucket) -> tuple[str, float] | None:
        """The kind of the first limit that keeps the caller out, and for how many seconds; None where none does."""
        asked = [bucket for bucket in buckets if self._per_minute[bucket.kind]]
        link = self._link()
        if not asked:
            return None
        said = await link.ask_soon(self._work(link, asked)) if link is not None else None
        if said is None:
            return self._own_wait(asked)
        place, wait_s = int(said[0]), float(said[1])
        return (asked[place - 1].kind, wait_s) if place else None

    def take(self, bucket: Bucket) -> None:
        """Takes one out of a bucket; nobody waits for it."""
        link = self._link()
        if not self._per_minute[bucket.kind]:
            return
        if link is None or link.send(self._work(link, [bucket])) is None:
            self._own[bucket.kind].wait_s(bucket.caller)

    def _own_wait(self, buckets: list[Bucket]) -> tuple[str, float] | None:
        for bucket in buckets:
            rates = self._own[bucket.kind]
            wait_s = rates.wait_s(bucket.caller) if bucket.takes else rates.would_wait_s(bucket.caller)
            if wait_s:
                return bucket.kind, wait_s
        return None

    def _work(self, link: RedisLink, buckets: list[Bucket]) -> Callable[[Any], Any]:
        names = [_name(link.key, bucket) for bucket in buckets]
        words = [word for bucket in buckets for word in (self._per_minute[bucket.kind], int(bucket.takes))]
        return lambda redis: redis.register_script(_BUCKETS)(keys=names, args=words)


def _name(key: bytes, bucket: Bucket) -> str:
    """Neither an address nor what stands for a token is to be read in Redis."""
    return "muse:rate:" + hmac.digest(key, f"{bucket.kind} {bucket.caller}".encode(), "sha256").hex()[:32]


# As `Rates`, by the clock of Redis: each key with how many a minute and whether one is taken. Answers the place of the
# first bucket that is empty, 0 for none, and the seconds until it holds one.
_BUCKETS = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1e6
for place, key in ipairs(KEYS) do
  local most = tonumber(ARGV[2 * place - 1])
  local held = redis.call('HMGET', key, 'level', 'at')
  local level = tonumber(held[1]) or most
  level = math.min(most, level + (now - (tonumber(held[2]) or now)) * most / 60)
  if level < 1 then
    return {place, string.format('%.3f', math.max(0.001, (1 - level) * 60 / most))}
  end
  if ARGV[2 * place] == '1' then
    redis.call('HSET', key, 'level', string.format('%.6f', level - 1), 'at', string.format('%.6f', now))
    redis.call('EXPIRE', key, 61)
  end
end
return {0, '0'}
"""
