"""The process of `bench.bounds` that may be killed: runs one statement a line, behind both guards or as our own.

{"id": 1, "sql": …, "own": false}  ->  {"id": 1, "how": "ok" or the kind of the error, "seconds": …, "said": …}
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from chimera_metrics.errors import MuseError
from chimera_metrics.integrations.clickhouse_client import ClickHouseClient
from chimera_metrics.integrations.config import ClickHouseSettings, MuseSettings


def main(folder: str, limit_s: float, memory_mb: int) -> None:
    settings = ClickHouseSettings(path=folder, timeout=max(limit_s, 1.0), max_memory_mb=memory_mb, retry_attempts=0)
    client = ClickHouseClient(settings, MuseSettings(audit=False))
    client.ensure_schema()
    for line in sys.stdin:
        print(json.dumps(_run(client, json.loads(line), limit_s)), flush=True)  # the answer to the parent


def _run(client: ClickHouseClient, asked: dict[str, Any], limit_s: float) -> dict[str, Any]:
    started = time.perf_counter()
    how, said = "ok", ""
    try:
        if asked["own"]:
            said = str(client.executor.scalar(asked["sql"]))
        else:
            client.query(asked["sql"], timeout_s=limit_s, max_rows=10)
    except MuseError as error:
        how, said = error.kind, str(error)
    return {"id": asked["id"], "how": how, "seconds": time.perf_counter() - started, "said": said}


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
