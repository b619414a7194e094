"""How the schema evolves: alembic's implementation for ClickHouse, on alembic's public API.

Importing this package imports nothing: `runner.is_current` must not pay for alembic.
"""
