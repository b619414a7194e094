"""Honest statements as other projects teach them, adapted to the seven tables: who learned SQL there sends these."""

from tests.guard.corpora.clickhouse import CLICKHOUSE
from tests.guard.corpora.dbt import DBT
from tests.guard.corpora.metabase import METABASE

__all__ = ["CLICKHOUSE", "DBT", "METABASE"]
