"""clickhouse-sqlalchemy without `requests`, which its HTTP driver imports and ours, another, never needs: 25 ms."""

from __future__ import annotations

from importlib import import_module

from chimera_metrics.stand_ins import Late, standing_in

with standing_in(Late("requests")):
    import_module("clickhouse_sqlalchemy.drivers.http.transport")
