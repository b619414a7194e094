"""The sentence that stops a step which would destroy what stands."""

from __future__ import annotations

from collections.abc import Sequence

from chimera_metrics.integrations.errors import DestructiveStep


def refuse(step: str, lost: Sequence[str]) -> None:
    """Raises DestructiveStep if anything would be lost."""
    if lost:
        raise DestructiveStep(
            f"{step} would destroy {'; '.join(lost)}, and was not run: if that may go, make a backup "
            "(`muse backup create`) and run the same command with --allow-destructive "
            "(alembic: `-x allow_destructive=1` before the command); if not, take the step out of the revision."
        )
