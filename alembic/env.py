"""Run by alembic for every command; the work is in integrations.evolution."""

from alembic import context

from chimera_metrics.integrations.evolution.environment import run
from chimera_metrics.models import metadata

run(context, metadata)
