"""Run by alembic for every command; the work is in integrations.clickhouse.alembic_support."""

from alembic import context

from integrations.clickhouse.alembic_support.environment import run
from models import metadata

run(context, metadata)
