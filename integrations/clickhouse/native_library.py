"""clickhouse-connect's codec without its HTTP client and urllib3, in a program that is nothing but ours: 24 ms."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from chimera_metrics.integrations.clickhouse.chdb_module import nobody_else_is_here
from chimera_metrics.stand_ins import standing_in


class HttpClient:
    """What nobody asks for: in this program the client is left out."""


class _WithoutClient(ModuleType):
    HttpClient = HttpClient


if nobody_else_is_here():
    with standing_in(_WithoutClient("clickhouse_connect.driver.httpclient")):
        import_module("clickhouse_connect.driver")
