# ruff: noqa: E501  # DDL as the engine writes it
"""${message}

Revision: ${up_revision}, after ${down_revision | comma,n}. Each step may be run again: it creates what is missing,
checks what is there, and changes nothing else.
"""

from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
