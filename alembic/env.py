"""Run by alembic for every command; the work is in integrations.clickhouse.alembic_support."""

from alembic import context

from chimera_metrics.integrations.clickhouse.alembic_support.environment import run
from chimera_metrics.models import metadata

run(context, metadata)
